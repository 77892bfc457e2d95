"""Does the face tremble: jerk of the landmarks, output over driver, without unit; 1 is best, above 1 it trembles.

Jerk is the third difference from frame to frame (so steady motion and acceleration drop out), as a share of the
distance of the eyes' outer corners (so face size drops out), root mean square over the landmarks, median over frames
(so single blinks and cuts do not count).

What fools it: a still photo scores 0, and an over-smoothed, lagging output scores below 1 and looks calm: read it with
slope and lag. The reader's own noise is in both, and differs from face to face; where the driver hardly moves the
ratio compares noise with noise. Picture size hardly counts: clips shrunk to half scored 0.96..1.10 against themselves
(MediaPipe, faces of 125..183 px between the eyes' corners). A system that moves the head less than the driver
(limits, relative motion) trembles less too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class JitterScore:
    """`ratio` = `output` / `driver`; both in shares of the eye distance per frame³. NaN without four frames in a
    row."""

    ratio: float
    driver: float
    output: float


def jerk(landmarks: NDArray[np.floating], eye_distance_px: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, N, 2) px and (T,) px → (T − 3,) root mean square jerk in eye distances, NaN where a frame is unknown."""
    if len(landmarks) < 4 or not np.isfinite(eye_distance_px).any():
        return np.empty(0)
    ruler = float(np.nanmedian(eye_distance_px))  # one for the clip: a ruler that trembles would hide trembling
    third = np.diff(np.asarray(landmarks, np.float64) / max(ruler, 1e-9), n=3, axis=0)
    return np.sqrt((third**2).sum(-1).mean(-1))


def jitter(driver: NDArray[np.float64], output: NDArray[np.float64]) -> JitterScore:
    """Compare `jerk` (T − 3,) of driver and output over the frames where both are known."""
    both = np.isfinite(driver) & np.isfinite(output)
    if not both.any():
        return JitterScore(float("nan"), float("nan"), float("nan"))
    own, made = float(np.median(driver[both])), float(np.median(output[both]))
    return JitterScore(made / own if own > 1e-12 else float("nan"), own, made)
