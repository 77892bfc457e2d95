"""Samples of a video: spread over it, few, and of every readable kind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mimica.errors import UnreadableMediaError
from mimica.media import VideoWriter
from mimica.media import video_sampler as sampler
from mimica.media.video_sampler import sample_frames


def grey_ramp(path: Path, frames: int) -> Path:
    """A video whose frame `i` is grey of level i % 200 + 20."""
    with VideoWriter(path, (64, 48), rate=Fraction(25), preset="ultrafast") as writer:
        for index in range(frames):
            writer.write(np.full((48, 64, 3), index % 200 + 20, np.uint8), Fraction(index, 25))
    return path


def levels(path: Path, count: int = 24) -> list[int]:
    return [round(float(frame.mean())) - 20 for frame in sample_frames(path, count)]


def test_of_a_short_video_they_are_evenly_spread(tmp_path: Path) -> None:
    found = levels(grey_ramp(tmp_path / "a.mp4", 100), 10)
    assert len(found) == 10
    assert found[0] <= 2
    assert found[-1] >= 85
    steps = np.diff(found)
    assert steps.min() >= 5
    assert steps.max() <= 17


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_video_with_few_frames_gives_them_all(tmp_path: Path, frames: int) -> None:
    assert levels(grey_ramp(tmp_path / "a.mp4", frames)) == pytest.approx(list(range(frames)), abs=1)


def test_of_a_long_video_they_come_from_all_over_and_are_all_different(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "SHORT_S", 5.0)
    path = grey_ramp(tmp_path / "a.mp4", 190)
    found = levels(path, 8)
    assert found == sorted(found)
    assert len(set(found)) == len(found) >= 6


def test_matroska_can_be_sampled(tmp_path: Path) -> None:
    assert len(sample_frames(grey_ramp(tmp_path / "a.mkv", 30), 6)) == 6


def test_what_is_no_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"Dear Sir or Madam" * 100)
    with pytest.raises(UnreadableMediaError, match=r"a\.mp4"):
        sample_frames(tmp_path / "a.mp4")
