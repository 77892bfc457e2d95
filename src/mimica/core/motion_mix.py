"""Motion between motions: values in a straight line, sizes by ratio, heads by the shortest turn. Pure arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.core.camera import angles_from_rotation, rotation_from_angles, rotation_vector, rotations_from_vectors
from mimica.core.motion import MotionTrack

FloatArray = NDArray[np.float32]


def mix_tracks(first: MotionTrack, second: MotionTrack, share: NDArray[np.floating]) -> MotionTrack:
    """The motion that lies `share` (T,), 0..1, of the way from `first` to `second`, both of T frames.

    Where the share is 0 or 1 the row is that of `first` or `second`, bit by bit.
    """
    part = np.asarray(share, np.float64)
    mixed = MotionTrack(
        expression=_line(first.expression, second.expression, part),
        angles_deg=mix_angles(first.angles_deg, second.angles_deg, part),
        position=_line(first.position, second.position, part),
        scale=np.exp(_line(np.log(first.scale), np.log(second.scale), part)).astype(np.float32),
        gaze_deg=_line(first.gaze_deg, second.gaze_deg, part),
        confidence=_line(first.confidence, second.confidence, part),
    )
    kept = [
        np.where(_spread(part <= 0, low), low, np.where(_spread(part >= 1, low), high, middle))
        for low, high, middle in zip(_arrays(first), _arrays(second), _arrays(mixed), strict=True)
    ]
    return MotionTrack(*kept)


def mix_angles(first_deg: FloatArray, second_deg: FloatArray, share: NDArray[np.floating]) -> FloatArray:
    """Yaw, pitch, roll (T, 3) in degrees on the shortest turn from `first_deg` to `second_deg`."""
    mixed = np.array(first_deg, np.float32)
    for index in np.flatnonzero((share > 0) & np.any(first_deg != second_deg, axis=1)):
        start, end = (rotation_from_angles(*map(float, angles[index])) for angles in (first_deg, second_deg))
        turn = rotations_from_vectors(rotation_vector(end @ start.T) * float(share[index]))
        mixed[index] = angles_from_rotation(turn @ start)
    return mixed


def _arrays(track: MotionTrack) -> tuple[FloatArray, ...]:
    return track.expression, track.angles_deg, track.position, track.scale, track.gaze_deg, track.confidence


def _line(first: FloatArray, second: FloatArray, share: NDArray[np.float64]) -> FloatArray:
    return (first + (second - first) * _spread(share, first)).astype(np.float32)


def _spread(rows: NDArray[Any], like: FloatArray) -> NDArray[Any]:
    """(T,) in the shape of (T, …)."""
    return rows.reshape(-1, *[1] * (like.ndim - 1))
