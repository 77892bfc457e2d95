"""Timelines: whatever is asked, times are exact and rise, and frames are the driver's, none twice and none lost."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from acting_driver import driver
from hypothesis import given, settings
from hypothesis import strategies as st

from mimica.animation.timeline import Timeline
from mimica.errors import UsageError
from mimica.media.audio import Sound

steps = st.lists(st.builds(Fraction, st.integers(1, 400), st.just(1000)), min_size=1, max_size=25)
moments = st.builds(Fraction, st.integers(0, 3000), st.just(1000))


def rows(played, source) -> list[int]:
    """Which frame of the source each frame is."""
    place = {row.tobytes(): index for index, row in enumerate(source.track.expression)}
    return [place[row.tobytes()] for row in played.track.expression]


def check(played) -> None:
    assert len(played) == len(played.times) == len(played.durations) == len(played.track)
    assert played.times[0] == 0
    assert all(later > earlier for earlier, later in pairwise(played.times))
    assert all(
        time + duration == later
        for (time, later), duration in zip(pairwise(played.times), played.durations, strict=False)
    )
    assert all(duration > 0 for duration in played.durations)
    assert not played.shots or played.shots[0].start == 0


@settings(max_examples=40)
@given(steps, st.integers(1, 5))
def test_a_loop_is_the_driver_again_and_again(durations, loop) -> None:
    source = driver(durations)
    played = Timeline(loop=loop).apply(source)
    assert rows(played, source) == list(range(len(source))) * loop
    if loop > 1:
        check(played)
    length = sum(durations)
    assert played.times == tuple(k * length + time for k in range(loop) for time in source.times)


@settings(max_examples=40)
@given(steps, st.integers(1, 4))
def test_ping_pong_comes_back_the_way_it_went(durations, loop) -> None:
    source = driver(durations)
    played = Timeline(ping_pong=True, loop=loop).apply(source)
    check(played)
    count = len(source)
    once = [*range(count), *range(count - 2, 0, -1)]
    assert rows(played, source) == once * loop
    length = 2 * source.times[-1] if count > 1 else durations[0]
    mirrored = {time: index for time, index in zip(played.times, rows(played, source), strict=True) if time < length}
    for time, index in mirrored.items():
        assert time in (source.times[index], length - source.times[index])


@settings(max_examples=40)
@given(steps, moments, moments)
def test_a_part_is_the_frames_that_lie_in_it(durations, start, length) -> None:
    source = driver(durations)
    end = start + length + Fraction(1, 1000)
    inside = [index for index, time in enumerate(source.times) if start <= time < end]
    if not inside:
        with pytest.raises(UsageError, match="no frame"):
            Timeline(start, end).apply(source)
        return
    played = Timeline(start, end).apply(source)
    check(played)
    assert rows(played, source) == inside
    assert played.times == tuple(source.times[index] - source.times[inside[0]] for index in inside)


@settings(max_examples=40)
@given(steps, st.integers(1, 60), st.integers(1, 3), st.booleans())
def test_another_rate_is_even_and_lasts_as_long(durations, fps, loop, ping_pong) -> None:
    source = driver(durations)
    played = Timeline(fps=Fraction(fps), loop=loop, ping_pong=ping_pong).apply(source)
    check(played)
    assert played.times == tuple(Fraction(index, fps) for index in range(len(played)))
    own = Timeline(loop=loop, ping_pong=ping_pong).apply(source)
    length = own.times[-1] + own.durations[-1]
    assert played.times[-1] < length <= played.times[-1] + Fraction(1, fps)
    low, high = source.track.expression.min(0), source.track.expression.max(0)
    assert (played.track.expression >= low - 1e-6).all()
    assert (played.track.expression <= high + 1e-6).all()
    for index, time in enumerate(played.times):
        if time in own.times:  # where a frame lies, it is that frame
            np.testing.assert_array_equal(played.track.angles_deg[index], own.track.angles_deg[own.times.index(time)])


@settings(max_examples=40)
@given(steps, st.lists(st.integers(1, 24), max_size=3), st.integers(5, 50))
def test_there_is_no_motion_between_two_shots(durations, places, fps) -> None:
    cuts = sorted({place for place in places if place < len(durations)})
    source = driver(durations, cuts)
    played = Timeline(fps=Fraction(fps)).apply(source)
    for index, time in enumerate(played.times):
        left = max(k for k, moment in enumerate(source.times) if moment <= time)
        assert played.rest_at(index) is source.rest_at(left)
        if left + 1 in cuts:
            np.testing.assert_array_equal(played.track.expression[index], source.track.expression[left])


@settings(max_examples=40)
@given(steps, st.integers(2, 40), st.builds(Fraction, st.integers(1, 5000), st.just(1000)))
def test_duration_ends_it(durations, fps, duration) -> None:
    source = driver(durations)
    played = Timeline(loop=0, duration=duration, fps=Fraction(fps)).apply(source)
    check(played)
    assert len(played) == -(-duration * fps // 1)
    assert played.times[-1] + played.durations[-1] == duration


@settings(max_examples=40)
@given(steps, st.builds(Fraction, st.integers(1, 100), st.just(10)))
def test_speed_divides_times(durations, speed) -> None:
    source = driver(durations, sound=Sound(Path("a.mp4")))
    played = Timeline(speed=speed).apply(source)
    if speed == 1:
        assert played is source
        return
    assert played.times == tuple(time / speed for time in source.times)
    assert played.sound is None
    assert "pitch" in played.notes[-1]
    assert all((time / played.time_base).denominator == 1 for time in played.times)


def test_everything_once_is_the_driver_itself() -> None:
    source = driver([Fraction(1, 25)] * 5)
    assert Timeline().apply(source) is source
    assert Timeline().as_dict() == {}
    assert Timeline(Fraction(3, 2), loop=2).as_dict() == {"start": "3/2", "loop": 2}


def test_the_sound_follows_the_picture() -> None:
    source = driver([Fraction(1, 10)] * 20, sound=Sound(Path("a.mp4")))
    assert Timeline(fps=Fraction(30)).apply(source).sound == Sound(Path("a.mp4"))
    assert Timeline(Fraction(1, 2)).apply(source).sound == Sound(Path("a.mp4"), Fraction(1, 2))
    part = Timeline(Fraction(9, 20), Fraction(1)).apply(source).sound
    assert part == Sound(Path("a.mp4"), Fraction(1, 2), Fraction(1), 1, Fraction(1, 2))
    looped = Timeline(Fraction(1), loop=3).apply(source).sound
    assert looped == Sound(Path("a.mp4"), Fraction(1), Fraction(2), 3, Fraction(3))
    cut = Timeline(loop=0, duration=Fraction(5)).apply(source).sound
    assert cut == Sound(Path("a.mp4"), Fraction(0), Fraction(2), 3, Fraction(5))
    back = Timeline(ping_pong=True).apply(source)
    assert back.sound is None
    assert "backwards" in back.notes[-1]


def test_one_frame_can_be_looped_and_stretched() -> None:
    source = driver([Fraction(1, 25)])
    assert len(Timeline(ping_pong=True, loop=3).apply(source)) == 3
    assert len(Timeline(loop=0, duration=Fraction(2), fps=Fraction(10)).apply(source)) == 20


def test_too_long_a_loop_is_refused() -> None:
    with pytest.raises(UsageError, match="longer than a video may be"):
        Timeline(loop=10**9).apply(driver([Fraction(1, 25)] * 3))
