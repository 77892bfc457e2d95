"""A driver made of numbers, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from mimica.animation.driver import Driver
from mimica.animation.shots import measure_shots
from mimica.core.motion import EXPRESSION_NAMES, MotionTrack
from mimica.media.audio import Sound


def acting(count: int, seed: int = 0) -> MotionTrack:
    """Random frames that are all different."""
    random = np.random.default_rng(seed)
    return MotionTrack(
        random.uniform(0, 1, (count, len(EXPRESSION_NAMES))).astype(np.float32),
        random.uniform(-30, 30, (count, 3)).astype(np.float32), random.uniform(100, 200, (count, 2)).astype(np.float32),
        random.uniform(8, 12, count).astype(np.float32), random.uniform(-20, 20, (count, 2, 2)).astype(np.float32),
        np.ones(count, np.float32),
    )  # fmt: skip


def driver(
    steps: Sequence[Fraction], cuts: Sequence[int] = (), rate: Fraction | None = None, sound: Sound | None = None
) -> Driver:
    """A driver whose frames last `steps` seconds."""
    times = [sum(steps[:index], Fraction(0)) for index in range(len(steps))]
    track = acting(len(steps))
    rest, shots = measure_shots(track, np.array([float(time) for time in times]), cuts)
    return Driver(track, rest, tuple(times), tuple(steps), (), shots, rate, Fraction(1, 90_000), sound)
