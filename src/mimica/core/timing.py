"""Time as exact fractions: rates, time bases, ticks, and a clock that never stands still.

A *time* is a ``Fraction`` of seconds, a *rate* a ``Fraction`` of frames a second, a *time base* the length of one tick
in seconds, and a *tick* (in files: PTS) a whole number of them. 30000/1001 stays 30000/1001: nothing here is rounded
unless the function says so. This module does not know files, codecs or the wall clock.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

NTSC_RATES = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120))
"""The rates that people write as 23.976, 29.97, 47.952, 59.94 and 119.88."""

MAX_TICKS_PER_SECOND = 2**31 - 1
"""MP4 stores a track's ticks per second in 32 bits."""

BACKWARD_JUMP_S = Fraction(1)
"""A clock that falls back further than this has been restarted; a smaller step is jitter."""

_TIME_PATTERN = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)")


def exact_rate(value: Fraction | int | float | str) -> Fraction:
    """The exact rate meant by ``value``: ``"30000/1001"``, ``25``, ``29.97``, ``"23.976"``.

    Decimals within 0.005 frames a second of an NTSC rate are that rate, other decimals are taken as written.
    Raises ``ValueError`` for zero, negative, infinite or unreadable values.
    """
    try:
        rate = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"{value!r} is not a frame rate: write it as 25, 29.97 or 30000/1001") from error
    if rate <= 0:
        raise ValueError(f"{value!r} is not a frame rate: it must be above zero")
    written_as_decimal = isinstance(value, float) or (isinstance(value, str) and "." in value)
    if written_as_decimal and rate.denominator != 1:
        for ntsc in NTSC_RATES:
            if abs(rate - ntsc) < Fraction(5, 1000):
                return ntsc
    return rate


def parse_time(text: str) -> Fraction:
    """Seconds written as ``"90"``, ``"1.5"``, ``"1:30"`` or ``"1:02:03.25"``; ``ValueError`` for anything else."""
    match = _TIME_PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time: write seconds (1.5) or hours:minutes:seconds (0:01:30)")
    hours, minutes, seconds = match.groups()
    return Fraction(int(hours or 0) * 3600 + int(minutes or 0) * 60) + Fraction(seconds)


def format_time(time_s: Fraction) -> str:
    """A time for a person: ``"0:01:30.250"``, rounded to the millisecond (half to even)."""
    milliseconds = round(abs(time_s) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    sign = "-" if time_s < 0 and milliseconds else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def ticks(time_s: Fraction, time_base: Fraction) -> int:
    """The tick nearest to a time; halves go up, so equal steps stay equal."""
    return math.floor(time_s / time_base + Fraction(1, 2))


def is_exact(time_s: Fraction, time_base: Fraction) -> bool:
    """Whether a time falls on a tick."""
    return (time_s / time_base).denominator == 1


def common_time_base(*bases: Fraction) -> Fraction:
    """The coarsest time base of the form 1/n in which every tick of all ``bases`` is a whole number of ticks.

    n is the least common multiple of the denominators. Raises ``ValueError`` without bases.
    """
    if not bases:
        raise ValueError("common_time_base needs at least one time base")
    return Fraction(1, math.lcm(*(base.denominator for base in bases)))


def frame_times(rate: Fraction, count: int, start_s: Fraction = Fraction(0)) -> list[Fraction]:
    """Presentation times of ``count`` frames at a constant rate."""
    return [start_s + index / rate for index in range(count)]


def is_variable(times: list[Fraction], tolerance_s: Fraction = Fraction(1, 500)) -> bool:
    """Whether the steps between frames differ by more than the tolerance (default 2 ms: Matroska's rounding)."""
    steps = [b - a for a, b in pairwise(times)]
    return bool(steps) and max(steps) - min(steps) > tolerance_s


@dataclass(slots=True)
class FrameClock:
    """Turns the ticks that a file gives its frames into times that start at or after zero and always increase.

    Good ticks pass unchanged. A missing tick follows the last one by ``step_ticks``; a tick that does not increase is
    moved to just after the last one; a clock that was restarted (more than ``BACKWARD_JUMP_S`` back) is joined on.
    ``repaired`` counts the frames whose tick was missing or had to be moved.
    """

    time_base: Fraction
    """Seconds per tick."""
    step_ticks: int = 1
    """Expected ticks between frames, used where the file says nothing."""
    zero_ticks: int = 0
    """The file's tick that is time zero."""
    repaired: int = 0
    _last: int | None = field(default=None, repr=False)
    _joined: int = field(default=0, repr=False)

    def time_of(self, tick: int) -> Fraction:
        """The time in seconds of a good tick, before any repair."""
        return (tick - self.zero_ticks) * self.time_base

    def stamp(self, tick: int | None) -> Fraction:
        """The time in seconds of the next frame in presentation order."""
        floor = 0 if self._last is None else self._last + 1
        if tick is None:
            value = 0 if self._last is None else self._last + self.step_ticks
            self.repaired += 1
        else:
            value = tick - self.zero_ticks + self._joined
            if value < floor:
                self.repaired += 1
                if self._last is not None and (self._last - value) * self.time_base > BACKWARD_JUMP_S:
                    self._joined += self._last + self.step_ticks - value
                    value = self._last + self.step_ticks
                else:
                    value = floor
        self._last = value
        return value * self.time_base
