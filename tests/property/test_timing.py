"""Laws of time: clocks always move on, exact things stay exact."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mimica.core.timing import FrameClock, common_time_base, exact_rate, format_time, is_exact, parse_time, ticks

bases = st.builds(Fraction, st.integers(1, 2000), st.integers(1, 100_000))
maybe_ticks = st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), max_size=60)


@settings(deadline=None)
@given(maybe_ticks, bases, st.integers(1, 5000), st.integers(-1000, 1000))
def test_a_clock_always_moves_on(marks, base, step, zero):
    clock = FrameClock(base, step, zero)
    times = [clock.stamp(mark) for mark in marks]
    assert all(time >= 0 for time in times)
    assert all(a < b for a, b in pairwise(times))
    assert all(is_exact(time, base) for time in times)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), unique=True).map(sorted), bases)
def test_a_good_clock_is_left_alone(marks, base):
    clock = FrameClock(base)
    assert [clock.stamp(mark) for mark in marks] == [mark * base for mark in marks]
    assert clock.repaired == 0


@settings(deadline=None)
@given(st.integers(0, 10**12), bases)
def test_ticks_undo_times(tick, base):
    assert ticks(tick * base, base) == tick


@settings(deadline=None)
@given(st.fractions(0, 10**6), bases)
def test_rounding_is_at_most_half_a_tick(time, base):
    assert abs(ticks(time, base) * base - time) <= base / 2


@settings(deadline=None)
@given(st.lists(bases, min_size=1, max_size=4), st.integers(0, 10**6))
def test_a_common_base_holds_every_tick(several, tick):
    common = common_time_base(*several)
    assert common.numerator == 1
    assert all(is_exact(tick * base, common) for base in several)


@settings(deadline=None)
@given(st.fractions(Fraction(1, 100), 1000))
def test_fractions_are_never_snapped(rate):
    assert exact_rate(rate) == rate
    assert exact_rate(str(rate)) == rate


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_written_times_are_read_back(milliseconds):
    time = Fraction(milliseconds, 1000)
    assert parse_time(format_time(time)) == time
