"""Whatever the times of the frames, they come back from the file as they were written."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mimica.media import VideoWriter, open_video

time_bases = st.sampled_from(
    [Fraction(1, n) for n in (24, 25, 600, 1000, 12800, 30000, 90000)] + [Fraction(1001, 30000)]
)
uneven = st.lists(st.integers(1, 50), min_size=1, max_size=24)


@settings(max_examples=15, deadline=None)
@given(time_bases, st.integers(0, 40), uneven)
def test_times_and_length_survive(base, start, steps):
    marks = list(accumulate(steps, initial=start))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        with VideoWriter(path, (16, 16), time_base=base, preset="veryfast") as writer:
            for mark in marks:
                writer.write(np.full((16, 16, 3), mark % 200, np.uint8), mark * base, 2 * base)
        with open_video(path) as video:
            frames = list(video)
    assert writer.notes == video.notes == ()
    assert [frame.time for frame in frames] == [mark * base for mark in marks]
    assert [frame.index for frame in frames] == list(range(len(marks)))
    assert all(a.duration == b.time - a.time for a, b in pairwise(frames))
