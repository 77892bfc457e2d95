"""What a program asks wrongly is told by name before anything is read: the files need not even exist."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mimica
from mimica.errors import UnreadableMediaError, UsageError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("framing", "foo"), ("framing", 3), ("motion", "still"), ("expression", "x"), ("expression", -0.1),
        ("pose", float("nan")), ("gaze", 3.5), ("gaze", None), ("crf", "x"), ("crf", 16.5), ("crf", 52), ("crf", True),
        ("keep", "all"), ("audio_from", "both"), ("timeline", 3), ("actor", "me"), ("actor", 1.5), ("parts", "mouth"),
        ("parts", ()), ("parts", ("mouth", "ears")), ("box", (1, 2, 3)), ("box", "1,2,3,4"), ("box", (1, 2, 0, 4)),
        ("face", "foo"), ("face", ()), ("face", (1, "2")), ("face", None),
    ],
)  # fmt: skip
def test_a_wrong_argument_of_animate_is_named(name: str, value: object, tmp_path: Path) -> None:
    options: dict[str, Any] = {name: value}
    with pytest.raises(UsageError, match=rf"^{name} ") as caught:
        mimica.animate("none.jpg", "none.mp4", tmp_path / "out.mp4", consent="fictional", **options)
    assert "give" in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"framing": "crop", "motion": "absolute", "expression": 0, "pose": 3.0, "gaze": np.float32(0.5)},
        {"crf": 0, "keep": "both", "audio_from": "source", "timeline": mimica.Timeline(Fraction(1)), "actor": "left"},
        {"crf": np.int64(51), "actor": 2, "parts": ("mouth",), "box": (-3, 2.5, 30, 40), "face": (1, 3)},
        {"face": "all", "box": [1, 2, 3, 4]},
    ],
)
def test_what_is_right_is_let_through(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match="no such file"):
        mimica.animate("none.jpg", "none.mp4", tmp_path / "out.mp4", consent="fictional", **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edits": {"smile": "x"}}, "edit smile='x'"),
        ({"edits": {"smile": None}}, "edit smile=None"),
        ({"edits": ["smile"]}, r"edits \['smile'\]"),
        ({"neutral": "x"}, "neutral 'x'"),
        ({"neutral": 2}, "neutral 2"),
        ({"strength": -1}, "strength -1"),
        ({"face": "foo"}, "face 'foo'"),
    ],
)
def test_a_wrong_argument_of_edit_is_named(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^{words}: "):
        mimica.edit("none.jpg", tmp_path / "out.png", consent="fictional", **options)


def test_frames_refuse_the_same() -> None:
    animator = mimica.Animator(networks=None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"^framing 'foo'"):
        next(animator.frames("none.jpg", "none.mp4", consent="fictional", framing="foo"))  # type: ignore[arg-type]
