from __future__ import annotations

from fractions import Fraction

import pytest

from mimica.core.timing import (
    FrameClock,
    common_time_base,
    exact_rate,
    format_time,
    frame_times,
    is_exact,
    is_variable,
    parse_time,
    ticks,
)

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (25, Fraction(25)),
        ("25", Fraction(25)),
        (29.97, NTSC),
        ("29.97", NTSC),
        ("30000/1001", NTSC),
        (NTSC, NTSC),
        (23.976, Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (30.0, Fraction(30)),
        ("2997/100", Fraction(2997, 100)),
    ],
)
def test_rates_are_exact(value, rate):
    assert exact_rate(value) == rate


@pytest.mark.parametrize("value", [0, -25, "fast", "1/0", float("nan"), float("inf"), ""])
def test_rates_that_are_none(value):
    with pytest.raises(ValueError, match="not a frame rate"):
        exact_rate(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5", Fraction(3, 2)), ("1:30", 90), ("0:01:30.25", Fraction(361, 4)), (" 2 ", 2)],
)
def test_times_are_read(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1:90:00", "1:", "1e5"])
def test_times_that_are_none(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("time", "text"),
    [(Fraction(0), "0:00:00.000"), (Fraction(361, 4), "0:01:30.250"), (Fraction(-1, 2), "-0:00:00.500")],
)
def test_times_are_written_for_people(time, text):
    assert format_time(time) == text


def test_time_bases():
    assert common_time_base(Fraction(1, 30), Fraction(1001, 24000)) == Fraction(1, 24000)
    assert is_exact(Fraction(1001, 30000), Fraction(1, 30000))
    assert not is_exact(Fraction(1, 3), Fraction(1, 1000))
    assert ticks(Fraction(1, 2), Fraction(1)) == 1
    with pytest.raises(ValueError, match="at least one"):
        common_time_base()


def test_variable_rates_are_told_from_rounded_ones():
    assert not is_variable(frame_times(NTSC, 30))
    assert not is_variable([Fraction(ms, 1000) for ms in (0, 33, 67, 100)])
    assert is_variable([Fraction(0), Fraction(1, 30), Fraction(1, 10)])
    assert not is_variable([Fraction(3)])


def test_good_clock_is_left_alone():
    clock = FrameClock(Fraction(1, 90), zero_ticks=3)
    assert [clock.stamp(tick) for tick in (3, 6, 40)] == [0, Fraction(1, 30), Fraction(37, 90)]
    assert clock.repaired == 0


def test_missing_ticks_follow_the_last():
    clock = FrameClock(Fraction(1, 10), step_ticks=2)
    assert [clock.stamp(tick) for tick in (None, None, 6, None)] == [
        0,
        Fraction(2, 10),
        Fraction(6, 10),
        Fraction(8, 10),
    ]
    assert clock.repaired == 3


def test_disordered_ticks_are_moved_just_past_the_last():
    clock = FrameClock(Fraction(1, 10))
    assert [clock.stamp(tick) for tick in (5, 5, 4, 8)] == [Fraction(n, 10) for n in (5, 6, 7, 8)]
    assert clock.repaired == 2


def test_a_restarted_clock_is_joined_on():
    clock = FrameClock(Fraction(1, 10), step_ticks=1)
    assert [clock.stamp(tick) for tick in (100, 101, 0, 1, 3)] == [Fraction(n, 10) for n in (100, 101, 102, 103, 105)]
    assert clock.repaired == 1


def test_ticks_before_zero_are_brought_to_it():
    clock = FrameClock(Fraction(1, 10))
    assert [clock.stamp(tick) for tick in (-5, -4, 2)] == [0, Fraction(1, 10), Fraction(2, 10)]
