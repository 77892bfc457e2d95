"""Does the gaze go where the driver's goes: mean angle between the two gazes in the head's frame, degrees, lower is
better.

`absolute`: as read. `mean_removed`: each clip's own mean gaze taken away first, for systems that move the eyes
relative to the photo; it also takes away a reader's constant error on one person. Frames where either pair of eyes is
nearly closed are left out: nobody sees an iris there.

What fools it: eyes that never move score the driver's own spread, which for a calm driver is small: look at the slope
of `gaze_yaw` too. Readers that lean on lids (MediaPipe's scores do, for up and down) take lid motion for gaze. On
renders with known gaze MediaPipe's reading correlates 0.61 (yaw) and 0.70 (pitch) with the truth, our encoder's 0.77
and 0.80 (`python -m mimica.evaluation.ruler`): small differences mean little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_OPENING = 0.12
"""Lid gap over eye width below which the iris counts as hidden."""


@dataclass(frozen=True, slots=True)
class GazeScore:
    """Degrees; NaN when no frame shows both gazes."""

    absolute_deg: float
    mean_removed_deg: float
    samples: int


def gaze_error(
    driver_deg: NDArray[np.floating],
    output_deg: NDArray[np.floating],
    driver_opening: NDArray[np.floating],
    output_opening: NDArray[np.floating],
) -> GazeScore:
    """`gaze_deg` (T, 2) yaw, pitch and `eye_opening` (T, 2) of two traces."""
    seen = np.isfinite(driver_deg).all(-1) & np.isfinite(output_deg).all(-1)
    for opening in (driver_opening, output_opening):
        seen &= np.nan_to_num(opening).mean(-1) > LEAST_OPENING
    if not seen.any():
        return GazeScore(float("nan"), float("nan"), 0)
    a, b = np.asarray(driver_deg, np.float64)[seen], np.asarray(output_deg, np.float64)[seen]
    absolute = float(_angle(a, b).mean())
    return GazeScore(absolute, float(_angle(a - a.mean(0), b - b.mean(0)).mean()), int(seen.sum()))


def _angle(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees between directions given as yaw, pitch (T, 2)."""
    a, b = _direction(first), _direction(second)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(-1)))


def _direction(angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    yaw, pitch = np.radians(angles_deg).T
    return np.stack([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)], -1)
