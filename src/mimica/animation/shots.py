"""Shots: what is filmed without a cut. Each has a rest of its own, from which the actor's motion in it is measured.

This module does not know how a cut is seen: `faces.cuts` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mimica.animation.retarget import DriverRest, driver_rest
from mimica.core.motion import MotionTrack

OWN_REST_S = 1.0
"""Seconds with a face that a shot needs for a rest of its own; shorter ones take expression and gaze from the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What is filmed without a cut, from frame `start` on: `rest` is the actor's there."""

    start: int
    rest: DriverRest


def measure_shots(
    track: MotionTrack, times_s: NDArray[np.float64], cuts: Sequence[int]
) -> tuple[DriverRest, tuple[Shot, ...]]:
    """The rest over all frames, and the shots with theirs; no shots when there is no cut.

    times_s: (T,). cuts: frames that begin a new shot, rising, without 0.
    """
    whole = driver_rest(track)
    if not cuts:
        return whole, ()
    starts = [0, *cuts]
    ends = [*cuts, len(track)]
    return whole, tuple(
        Shot(start, _rest(track[start:end], times_s[start:end], whole)) for start, end in zip(starts, ends, strict=True)
    )


def _rest(part: MotionTrack, times_s: NDArray[np.float64], whole: DriverRest) -> DriverRest:
    seen = part.confidence > 0
    if not seen.any():
        return whole
    own = driver_rest(part)
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    if seen.sum() * step >= OWN_REST_S:
        return own
    # where the camera stands is the shot's own, however short; what the actor looks like at rest takes longer to see
    return replace(own, expression=whole.expression, gaze_deg=whole.gaze_deg)
