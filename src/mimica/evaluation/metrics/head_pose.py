"""Does the head turn as the driver's does: angle between the two heads in degrees, lower is better.

`absolute`: the rotation that leads from one head to the other (geodesic on SO(3)), mean over frames. `mean_removed`:
the same after each clip's mean yaw, pitch and roll are taken away, for systems that move the head relative to the
photo's own pose.

What fools it: a head that never turns scores the driver's own spread. The reader's own error is in it too: on 192
renders of 24 people MediaPipe misses yaw, pitch and roll by 2.0°, 2.6°, 1.4° on average, our encoder by 1.7°, 2.6°,
1.0° (`python -m mimica.evaluation.ruler`); the part that belongs to a face, not to a frame, only hurts `absolute`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeadPoseScore:
    """Degrees; NaN when no frame shows both heads. `driver_spread_deg`: what a still head scores, mean removed."""

    absolute_deg: float
    mean_removed_deg: float
    driver_spread_deg: float
    samples: int


def head_pose_error(driver_deg: NDArray[np.floating], output_deg: NDArray[np.floating]) -> HeadPoseScore:
    """`angles_deg` (T, 3) yaw, pitch, roll of two traces."""
    both = np.isfinite(driver_deg).all(-1) & np.isfinite(output_deg).all(-1)
    if not both.any():
        return HeadPoseScore(float("nan"), float("nan"), float("nan"), 0)
    a, b = np.asarray(driver_deg, np.float64)[both], np.asarray(output_deg, np.float64)[both]
    own_a, own_b = rotations(a - a.mean(0)), rotations(b - b.mean(0))
    absolute = float(_geodesic_deg(rotations(a), rotations(b)).mean())
    still = float(_geodesic_deg(own_a, np.eye(3)).mean())
    return HeadPoseScore(absolute, float(_geodesic_deg(own_a, own_b).mean()), still, int(both.sum()))


def rotations(angles_deg: FloatArray) -> FloatArray:
    """(T, 3) yaw, pitch, roll → (T, 3, 3) Rz(roll)·Rx(pitch)·Ry(yaw), as `core.camera.rotation_from_angles`."""
    yaw, pitch, roll = np.radians(angles_deg).T
    one, zero = np.ones_like(yaw), np.zeros_like(yaw)

    def matrix(rows: list[list[FloatArray]]) -> FloatArray:
        return np.moveaxis(np.array(rows), -1, 0)

    about_y = matrix([[np.cos(yaw), zero, np.sin(yaw)], [zero, one, zero], [-np.sin(yaw), zero, np.cos(yaw)]])
    about_x = matrix([[one, zero, zero], [zero, np.cos(pitch), -np.sin(pitch)], [zero, np.sin(pitch), np.cos(pitch)]])
    about_z = matrix([[np.cos(roll), -np.sin(roll), zero], [np.sin(roll), np.cos(roll), zero], [zero, zero, one]])
    return about_z @ about_x @ about_y


def _geodesic_deg(first: FloatArray, second: FloatArray) -> FloatArray:
    between = first @ np.swapaxes(second, -1, -2)
    skew = between - np.swapaxes(between, -1, -2)
    sine = np.sqrt(skew[..., 2, 1] ** 2 + skew[..., 0, 2] ** 2 + skew[..., 1, 0] ** 2) / 2
    return np.degrees(np.arctan2(sine, (np.trace(between, axis1=-2, axis2=-1) - 1) / 2))
