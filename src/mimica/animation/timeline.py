"""Timeline: which part of a driver is played, how often, which way round and at which rate.

A value, inert until it is applied; a driver goes in and a driver comes out. Times stay exact fractions. This module
does not know files: reading only the part that is needed is `driver.read_driver`'s affair.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from mimica.animation.driver import Driver, usual_step, with_rests
from mimica.animation.shots import Shot
from mimica.core.motion_mix import mix_tracks
from mimica.core.timing import MAX_TICKS_PER_SECOND, format_time
from mimica.errors import UsageError
from mimica.media.audio import Sound
from mimica.media.limits import read_limits

HIGHEST_FPS = 240
SPEEDS = (Fraction(1, 10), Fraction(10))


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is played of a driver; the defaults play all of it once.

    start, end: the part in seconds of the driver: frames with `start` ≤ time < `end`; the first is then at zero.
    speed: how many times faster. ping_pong: there and back again. loop: how often it is played; 0: until `duration`.
    duration: seconds after which the result ends at the latest. fps: frames a second, evenly spaced; the driver's own
    when None.

    Raises:
        UsageError: a number that makes no sense.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None
    fps: Fraction | None = None
    loop: int = 1
    ping_pong: bool = False
    duration: Fraction | None = None
    speed: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.start < 0:
            raise UsageError(f"--start {float(self.start):g}: a driver begins at 0; give a later time")
        if self.end is not None and self.end <= self.start:
            raise UsageError(f"--end {float(self.end):g}: must be later than --start {float(self.start):g}")
        if self.duration is not None and self.duration <= 0:
            raise UsageError(f"--duration {float(self.duration):g}: must be above zero")
        if self.fps is not None and not 1 <= self.fps <= HIGHEST_FPS:
            raise UsageError(f"--fps {float(self.fps):g}: give 1 to {HIGHEST_FPS} frames a second")
        if not SPEEDS[0] <= self.speed <= SPEEDS[1]:
            raise UsageError(f"--speed {float(self.speed):g}: give {float(SPEEDS[0]):g} to {float(SPEEDS[1]):g}")
        if self.loop < 0 or (self.loop == 0 and self.duration is None):
            raise UsageError(
                f"--loop {self.loop}: give how often, from 1; 0 means until --duration, which is then needed"
            )

    @property
    def is_cut(self) -> bool:
        """Whether only a part is played."""
        return self.start > 0 or self.end is not None

    @property
    def is_whole(self) -> bool:
        """Whether every frame is played once, at its own time."""
        return self == Timeline()

    def as_dict(self) -> dict[str, object]:
        """What differs from the defaults, in types that JSON knows; fractions as text."""
        usual = asdict(Timeline())
        return {
            name: str(value) if isinstance(value, Fraction) else value
            for name, value in asdict(self).items()
            if value != usual[name]
        }

    def apply(self, driver: Driver) -> Driver:
        """The driver as this timeline plays it.

        Its rest is measured on the part that is played; there is no motion in between, at another rate, across a cut
        nor where a loop begins again.

        Raises:
            UsageError: no frame lies in the part, or the result is longer than a video may be.
        """
        if self.is_whole:
            return driver
        part = self._part(driver)
        order, marks, length = self._played(part)
        played = _rearranged(part, order)
        if self.fps is not None:
            steps = {1, -1} if self.ping_pong else {1}
            played, marks = _resampled(played, order, marks, length, self.fps, steps)
        ends = [*marks[1:], length]
        rate = self.fps or (part.rate and part.rate * self.speed)
        sound, note = self._sound(driver, part, length)
        return replace(
            played, times=tuple(marks), durations=tuple(b - a for a, b in zip(marks, ends, strict=True)), rate=rate,
            time_base=self._time_base(part), sound=sound, notes=(*part.notes, *([note] if note else [])),
        )  # fmt: skip

    def _part(self, driver: Driver) -> Driver:
        inside = [
            index for index, time in enumerate(driver.times)
            if time >= self.start and (self.end is None or time < self.end)
        ]  # fmt: skip
        if not inside:
            upto = "the end" if self.end is None else format_time(self.end)
            raise UsageError(
                f"--start/--end: the driver has no frame from {format_time(self.start)} to {upto}; its last one is at "
                f"{format_time(driver.times[-1])}"
            )
        if len(inside) == len(driver):
            return driver
        rows = slice(inside[0], inside[-1] + 1)
        starts = [max(shot.start - rows.start, 0) for shot in driver.shots if shot.start < rows.stop]
        cuts = sorted({start for start in starts if start > 0})
        cut = replace(driver, track=driver.track[rows], times=driver.times[rows], durations=driver.durations[rows])
        return with_rests(cut, cuts)

    def _played(self, part: Driver) -> tuple[list[int], list[Fraction], Fraction]:
        """Which frames are shown, from when, and when the last one ends."""
        marks = [(time - part.times[0]) / self.speed for time in part.times]
        last = part.durations[-1] or usual_step(part)
        order, length = list(range(len(marks))), marks[-1] + last / self.speed
        if self.ping_pong and len(marks) > 1:
            back = order[-2:0:-1]
            length = 2 * marks[-1]
            order, marks = order + back, marks + [length - marks[index] for index in back]
        times = self.loop or math.ceil((self.duration or length) / length)
        total = length * times if self.duration is None else min(length * times, self.duration)
        frames = len(order) * total / length if self.fps is None else total * self.fps
        limits = read_limits()
        if frames > limits.video_frames or total > limits.video_s:
            raise UsageError(
                f"--loop/--duration: {format_time(total)} is longer than a video may be; play it less often"
            )
        count = math.ceil(total / length)
        looped = [(index, mark + k * length) for k in range(count) for index, mark in zip(order, marks, strict=True)]
        kept = [(index, mark) for index, mark in looped if mark < total]
        return [index for index, _ in kept], [mark for _, mark in kept], total

    def _time_base(self, part: Driver) -> Fraction | None:
        if self.fps is not None:
            return Fraction(1, self.fps.numerator)
        if part.time_base is None:
            return None
        base = part.time_base / self.speed.numerator
        return base if base.denominator <= MAX_TICKS_PER_SECOND else part.time_base

    def _sound(self, driver: Driver, part: Driver, length: Fraction) -> tuple[Sound | None, str]:
        if driver.sound is None:
            return None, ""
        if self.ping_pong:
            return None, "the driver's sound was left out: it cannot run backwards"
        if self.speed != 1:
            return None, "the driver's sound was left out: it would have another pitch at this speed"
        zero, once = part.times[0], part.times[-1] + (part.durations[-1] or usual_step(part))
        if zero == 0 and not self.is_cut and self.loop == 1 and self.duration is None:
            return driver.sound, ""  # only the rate changes
        times = math.ceil(length / (once - zero))
        open_ended = self.end is None and self.duration is None and times == 1
        end = None if open_ended else min(once, zero + length)
        return replace(driver.sound, start=zero, end=end, times=times, length=None if open_ended else length), ""


def _rearranged(part: Driver, order: list[int]) -> Driver:
    """The frames of `part` in another order, each with its shot's rest."""
    if order == list(range(len(part))):
        return part
    track = part.track[np.array(order, np.intp)]
    return replace(part, track=track, shots=_shots([part.shot_at(index) for index in order], part))


def _shots(numbers: list[int], driver: Driver) -> tuple[Shot, ...]:
    """The shots of frames that come from the shots of `driver` with these numbers."""
    if not driver.shots:
        return ()
    starts = [0, *(index + 1 for index, (a, b) in enumerate(pairwise(numbers)) if a != b)]
    return tuple(Shot(start, driver.shots[numbers[start]].rest) for start in starts)


def _resampled(
    played: Driver, order: list[int], marks: list[Fraction], length: Fraction, fps: Fraction, steps: set[int]
) -> tuple[Driver, list[Fraction]]:
    """Evenly spaced frames: the motion between two that follow each other by one of `steps`, else the earlier one's."""
    wanted = [index / fps for index in range(max(1, math.ceil(length * fps)))]
    left = (
        np.searchsorted(np.array([float(mark) for mark in marks]), [float(time) + 1e-9 for time in wanted], "right") - 1
    )
    left = np.maximum(left, 0)
    right = np.minimum(left + 1, len(marks) - 1)
    shot_of = [played.shot_at(index) for index in range(len(marks))]
    follows = [b - a in steps for a, b in pairwise(order)] + [False]
    share = np.zeros(len(wanted))
    for index, (low, high) in enumerate(zip(left, right, strict=True)):
        if follows[low] and shot_of[low] == shot_of[high]:
            share[index] = max(float((wanted[index] - marks[low]) / (marks[high] - marks[low])), 0.0)
    track = mix_tracks(played.track[left], played.track[right], share)
    return replace(played, track=track, shots=_shots([shot_of[low] for low in left], played)), wanted
