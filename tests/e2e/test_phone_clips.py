"""What phones record: uneven times, a picture stored sideways, HDR, a beginning cut off by an edit list."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from mimica.animation import animate
from mimica.media import load_photo, open_video

PORTRAIT = Path(__file__).parents[2] / "src" / "mimica" / "demo" / "portrait.jpg"
SIDE = 256
UNEVEN_MS = (0, 33, 71, 100, 166, 200, 233)
"""As an iPhone films in the dark: mostly 30 frames a second, now and then one is missing or late."""


def record(path: Path, picture: np.ndarray, *, sideways: bool = False, hdr: bool = False) -> Path:
    """A clip of `picture`, a little brighter every frame, at `UNEVEN_MS`."""
    stored = np.rot90(picture) if sideways else picture
    with av.open(str(path), "w") as container:
        codec, options = ("libx265", {"x265-params": "log-level=none"}) if hdr else ("libx264", {"crf": "12"})
        stream: Any = container.add_stream(codec, rate=Fraction(30), options=options)
        stream.height, stream.width = stored.shape[:2]
        stream.pix_fmt = "yuv420p10le" if hdr else "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if hdr:  # BT.2020 with hybrid log-gamma
            context = stream.codec_context
            context.colorspace, context.color_primaries, context.color_trc = 9, 9, 18
        if sideways:
            stream.set_display_rotation(-90)
        for index, time_ms in enumerate(UNEVEN_MS):
            lit = cv2.convertScaleAbs(stored, alpha=0.8 + 0.02 * index)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(lit), format="rgb24")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=9 if hdr else None)
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.asarray(cv2.resize(load_photo(PORTRAIT).image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def times(path: Path) -> list[Fraction]:
    with open_video(path) as video:
        return [frame.time for frame in video]


@pytest.mark.parametrize(
    ("kind", "form", "told"),
    [
        ("a phone clip with variable frame rate", {}, ()),
        ("a phone clip that is stored sideways", {"sideways": True}, ("the picture was turned by 90° clockwise",)),
        ("a phone clip in HDR", {"hdr": True}, ("10-bit HDR (HLG) was tone-mapped to 8-bit SDR",)),
    ],
)
def test_it_drives_a_photo_at_its_own_times(
    kind: str, form: dict[str, bool], told: tuple[str, ...], portrait: np.ndarray, tmp_path: Path
) -> None:
    clip = record(tmp_path / "IMG 0001.mov", portrait, **form)
    report = animate(PORTRAIT, clip, tmp_path / "out.mp4", consent="fictional", device="cpu", framing="crop")
    assert report.frames == len(UNEVEN_MS), kind
    assert report.rate is None  # none is claimed that the frames do not keep
    assert times(tmp_path / "out.mp4") == [Fraction(time_ms, 1000) for time_ms in UNEVEN_MS]
    assert [note.split(",")[0] for note in report.notes] == list(told)


def test_what_an_edit_list_cuts_off_is_not_read(portrait: np.ndarray, tmp_path: Path) -> None:
    """Phones trim a recording without touching it: the file says from where it is to be shown."""
    clip = record(tmp_path / "whole.mp4", portrait)
    data = bytearray(clip.read_bytes())
    entry = data.index(b"elst") + 12  # version and flags, count; then duration, first time shown, speed
    with av.open(str(clip)) as container:
        ticks = (container.streams.video[0].time_base or Fraction(1)) ** -1 * Fraction(UNEVEN_MS[3], 1000)
    assert data[entry - 8] == 0  # 32-bit entries
    shown_from = int.from_bytes(data[entry + 4 : entry + 8], "big") + int(ticks)
    data[entry + 4 : entry + 8] = shown_from.to_bytes(4, "big")
    trimmed = tmp_path / "trimmed.mp4"
    trimmed.write_bytes(data)
    with open_video(clip) as whole, open_video(trimmed) as part:
        expected, shown = list(whole)[3:], list(part)
    assert [frame.time for frame in shown] == [frame.time - Fraction(1, 10) for frame in expected]
    assert [frame.index for frame in shown] == list(range(4))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(shown, expected, strict=True))
