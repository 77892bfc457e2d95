"""The words in a container: written for three readers, and read from strangers without trusting them."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mimica.media.image_writer import read_metadata, save_image
from mimica.media.video_writer import VideoWriter
from mimica.safety.consent import require_consent
from mimica.safety.tags import AIGC, XMP, image_tags, read_tags, video_tags

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
    assert reading.aigc["ContentProducer"] == "Mimica/1.2.3"


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


def test_the_record_keeps_to_the_characters_that_its_standard_allows() -> None:
    record = json.loads(video_tags(CONSENT, '1.2 "x"\\é', "ab" * 16)[AIGC])
    assert list(record) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
    ]  # fmt: skip
    assert record["ContentProducer"] == record["ContentPropagator"] == "Mimica/1.2--x---"
    assert record["ProduceID"] == record["PropagateID"] == "ab" * 16


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_the_record_lies_where_other_programs_look_for_it(tmp_path: Path, name: str) -> None:
    tags = image_tags(CONSENT, "1.2.3", "job7")
    save_image(tmp_path / name, np.zeros((20, 20, 3), np.uint8), tags)
    content = (tmp_path / name).read_bytes()
    packet = ElementTree.fromstring(content[content.index(b"<x:xmpmeta") : content.index(b"</x:xmpmeta>") + 12])
    assert read_tags({"XML:com.adobe.xmp": ElementTree.tostring(packet, "unicode")}).job is None  # another prefix
    assert read_tags({"XML:com.adobe.xmp": tags[XMP]}).job == "job7"
    (element,) = packet.iter("{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC")
    assert json.loads(element.text or "") == json.loads(tags[AIGC])
    if name == "a.png":
        assert b"tEXtAIGC\0{" in content
    else:
        assert b'"AIGC": {"Label": "1"' in content


def test_a_video_has_the_record_as_a_key_of_its_user_data(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", (32, 32), rate=Fraction(25), metadata=video_tags(CONSENT, "1", "j")) as writer:
        writer.write(np.zeros((32, 32, 3), np.uint8), Fraction(0))
    content = (tmp_path / "a.mp4").read_bytes()
    user_data = content[content.index(b"udta") :]
    assert b"mdtaAIGC" in user_data
    assert b'{"Label":"1","ContentProducer":"Mimica/1"' in user_data
