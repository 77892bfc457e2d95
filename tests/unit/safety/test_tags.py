"""The words in a container: written for three readers, and read from strangers without trusting them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mimica.media.image_writer import read_metadata, save_image
from mimica.safety.consent import require_consent
from mimica.safety.tags import AIGC, image_tags, read_tags, video_tags

CONSENT = require_consent("fictional")


def test_what_is_written_is_read_back() -> None:
    reading = read_tags(video_tags(CONSENT, "1.2.3", "job7"))
    assert (reading.generated, reading.source_type, reading.job) == (
        True,
        "compositeWithTrainedAlgorithmicMedia",
        "job7",
    )
    assert reading.comment.startswith("AI-generated")
    assert reading.aigc is not None
    assert reading.aigc["Label"] == "1"
    assert reading.aigc["ContentProducer"] == "Mimica 1.2.3"


def test_the_comment_alone_is_enough() -> None:
    reading = read_tags({"COMMENT": video_tags(CONSENT, "1.2.3", "job7")["comment"]})
    assert (reading.generated, reading.aigc, reading.job) == (True, None, None)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_pictures_keep_them(tmp_path: Path, name: str) -> None:
    save_image(tmp_path / name, np.zeros((20, 20, 3), np.uint8), image_tags(CONSENT, "1.2.3", "job7"))
    reading = read_tags(read_metadata(tmp_path / name))
    assert (reading.generated, reading.job) == (True, "job7")
    assert b"Iptc4xmpExt:DigitalSourceType" in (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"comment": "a day at the sea"},
        {AIGC: "no json"},
        {AIGC: "[1]"},
        {AIGC: '{"Label": "3"}'},
        {AIGC: "[" * 9999},
    ],
)
def test_other_words_are_no_mark(metadata: dict[str, str]) -> None:
    assert not read_tags(metadata).generated


def test_the_record_of_another_maker_is_understood() -> None:
    nested = {AIGC: {"Label": "1", "ContentProducer": "somebody", "ProduceID": "42"}}
    reading = read_tags({"aigc": json.dumps(nested)})
    assert (reading.generated, reading.job) == (True, "42")
