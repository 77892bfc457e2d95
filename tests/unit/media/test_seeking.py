"""A pass that begins in the middle gives the very frames of a whole pass; and it does not decode what lies before."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256

import pytest

from mimica.media.container import best_video, open_container
from mimica.media.seeking import seek_key_frame
from mimica.media.video_reader import open_video

RATE = Fraction(1, 25)
UNEVEN = [index * 2 + (index % 3 == 0) for index in range(70)]


def seen(frames):
    return [(frame.index, frame.time, frame.duration, sha256(frame.image).hexdigest()) for frame in frames]


@pytest.mark.parametrize(
    ("name", "ticks", "options"),
    [
        ("closed.mp4", range(70), {"g": "10"}),
        ("uneven.mp4", UNEVEN, {"g": "12"}),
        ("open.mp4", range(70), {"g": "12", "x264-params": "open-gop=1:bframes=3"}),
        ("one-key.mp4", range(70), {"g": "250"}),
        ("all-keys.mov", range(70), {"g": "1"}),
        ("late.mp4", range(30, 100), {"g": "10"}),
        ("cues.mkv", range(70), {"g": "10"}),
        ("stream.ts", range(70), {"g": "10"}),
    ],
)
@pytest.mark.parametrize("start", [Fraction(1, 3), Fraction(8, 5), Fraction(69, 25), Fraction(9)])
def test_a_part_is_the_same_part_of_the_whole(tmp_path, clip, name, ticks, options, start):
    base = Fraction(1, 50) if ticks is UNEVEN else RATE
    path = clip(tmp_path / name, ticks, base, options=options)
    with open_video(path) as video:
        whole, end = seen(video.frames()), start + Fraction(1, 2)
        assert seen(video.frames(start)) == [row for row in whole if row[1] >= start]
        assert seen(video.frames(start, end)) == [row for row in whole if start <= row[1] < end]
        assert video.notes == ()


def test_what_lies_before_is_not_decoded(tmp_path, clip):
    path = clip(tmp_path / "long.mp4", range(70), RATE, options={"g": "10"})
    container = open_container(path)
    stream = best_video(container, path)
    tick = int(Fraction(26, 10) / stream.time_base)
    key = seek_key_frame(container, stream, tick)
    assert key is not None
    assert key.index == 60
    assert next(container.decode(stream)).pts == key.tick <= tick
    container.close()
