"""The scripts in examples/ run as they stand."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_side_by_side(shelf: Path, tmp_path: Path) -> None:
    command = [sys.executable, EXAMPLES / "side_by_side.py", shelf / "portrait.png", shelf / "actor.mp4"]
    subprocess.run([*command, tmp_path / "both", "fictional"], check=True, timeout=500)
    with Image.open(tmp_path / "both.jpg") as strip, Image.open(tmp_path / "both.webp") as moving:
        assert strip.size == (256 * 9, 512)
        assert moving.size == (512, 256)
        assert 1 <= moving.n_frames <= 3  # the clip holds still: frames that come out equal are stored once
    assert (tmp_path / "both.mp4").stat().st_size > 1000


def test_expressions(shelf: Path, tmp_path: Path) -> None:
    command = [sys.executable, EXAMPLES / "expressions.py", shelf / "portrait.png", tmp_path / "moods", "fictional"]
    subprocess.run([*command, "smile", "doubt"], check=True, timeout=500)
    assert sorted(path.name for path in (tmp_path / "moods").iterdir()) == ["doubt.png", "smile.png"]
    with Image.open(tmp_path / "moods" / "doubt.png") as picture:
        assert picture.size == (512, 512)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["side_by_side.py"], "python examples/side_by_side.py PHOTO DRIVER OUT CONSENT"),
        (["side_by_side.py", "absent.jpg", "absent.mp4", "out", "self"], "photo absent.jpg: there is no such file"),
        (["expressions.py"], "python examples/expressions.py photo.jpg folder self"),
        (["expressions.py", "a.jpg", "folder", "self", "gloom"], "Moods: smile, wink, surprise, doubt, sadness"),
    ],
)
def test_wrong_words_end_in_words(words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(EXAMPLES / words[0]), run_name="__main__")
    assert told in str(end.value.code)
    assert not list(tmp_path.iterdir())
