"""Trust: how far a reading is believed where the face is half covered, and what is shown instead.

The finder's score falls where a hand or another head hides part of a face: measured on four actors, score and error of
the reading go together (r .43 to .90), while the performance itself moves the score by .04 (.18 for moments when a
head is shaken fast). Small faces are read badly too, but not so badly that damping would help (docs/experiments.md).
This module does not know pixels.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep
from mimica.core.motion import MotionTrack

DOUBTED_DROP: Final = (0.045, 0.14)
"""By how much a score lies below what is usual for its track: where doubt begins, and where nothing is believed."""
LOST_TRUST: Final = 0.2
"""What is believed less is taken for a loss."""
HELD_S: Final = 0.25
"""Width of the moment around a frame from which what is held comes."""


def trust_in(scores: NDArray[np.float32], tracks: NDArray[np.int64]) -> NDArray[np.float32]:
    """How far each frame is believed, 0..1. scores: (T,) of the finder, NaN where no face was seen. tracks: (T,)."""
    trust = np.zeros(len(scores), np.float32)
    for track in np.unique(tracks):
        rows = np.flatnonzero((tracks == track) & ~np.isnan(scores))
        if len(rows):
            usual = float(np.median(scores[rows]))
            trust[rows] = 1 - smoothstep(usual - scores[rows], *DOUBTED_DROP)
    return trust


def damped(track: MotionTrack, times_s: NDArray[np.float64], trust: NDArray[np.float32]) -> MotionTrack:
    """`track` with doubted readings drawn towards what was believed around them, and with `trust` as its confidence.

    times_s, trust (see `trust_in`): (T,).
    """
    names = ("expression", "angles_deg", "position", "scale", "gaze_deg")
    drawn = {name: _drawn(getattr(track, name), times_s, trust) for name in names}
    return MotionTrack(**drawn, confidence=np.where(trust < LOST_TRUST, 0, trust).astype(np.float32))


def _drawn(
    values: NDArray[np.float32], times_s: NDArray[np.float64], trust: NDArray[np.float32]
) -> NDArray[np.float32]:
    drawn = values.copy()
    believed = np.square(trust) + 1e-4
    for index in np.flatnonzero((trust > 0) & (trust < 0.99)):
        low, high = np.searchsorted(times_s, [times_s[index] - 3 * HELD_S, times_s[index] + 3 * HELD_S])
        near = np.arange(low, max(high, low + 1))
        near = near[trust[near] > 0]
        weight = believed[near] * np.exp(-0.5 * np.square((times_s[near] - times_s[index]) / HELD_S))
        held = np.tensordot(weight / weight.sum(), values[near], 1)
        drawn[index] = values[index] * trust[index] + held * (1 - trust[index])
    return drawn.astype(np.float32)
