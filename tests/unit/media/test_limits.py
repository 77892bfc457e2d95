"""Limits: defaults, the environment, and what is no limit."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mimica.errors import UsageError
from mimica.media.limits import Limits, read_limits, variable

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "limits.md"


def test_without_settings_the_defaults_hold() -> None:
    assert read_limits({"HOME": "/nowhere"}) == Limits()


def test_the_environment_changes_one() -> None:
    assert read_limits({"MIMICA_LIMIT_VIDEO_S": "7200"}) == Limits(video_s=7200)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("MIMICA_LIMIT_VIDEOS", "1", "is no limit; use one of MIMICA_LIMIT_PHOTO_PIXELS"),
        ("MIMICA_LIMIT_VIDEO_S", "long", "not a number"),
        ("MIMICA_LIMIT_VIDEO_S", "0", "above zero"),
        ("MIMICA_LIMIT_VIDEO_S", "nan", "above zero"),
        ("MIMICA_LIMIT_VIDEO_S", "inf", "above zero"),
    ],
)
def test_a_wrong_setting_is_an_error(key: str, value: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_limits({key: value})


def test_the_page_names_every_limit_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [
        (variable(each.name), f"{getattr(Limits(), each.name):.0f}", each.metadata["meaning"])
        for each in fields(Limits)
    ]
