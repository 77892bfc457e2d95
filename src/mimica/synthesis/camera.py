"""The pinhole camera of a portrait crop, and head rotations.

The camera sits at the origin and looks along −z; a crop is `CROP_SIZE` pixels square and the focal length is the same
for every portrait, so depth and identity trade off in one known way. This module does not know meshes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CROP_SIZE = 512
"""Side of a portrait crop, px."""

FOCAL_PX = 1500.0
"""Focal length of every portrait camera at `CROP_SIZE`; a long lens, as portraits are taken."""

FloatArray = NDArray[np.floating]


def project(points: FloatArray) -> FloatArray:
    """Camera points (N, 3) cm → (N, 2) px of the portrait crop, continuous coordinates."""
    inverse = FOCAL_PX / points[:, 2]
    return np.stack([CROP_SIZE / 2 - points[:, 0] * inverse, CROP_SIZE / 2 + points[:, 1] * inverse], 1)


def unproject(pixels: FloatArray, depth_cm: FloatArray) -> FloatArray:
    """Crop pixels (N, 2) at `depth_cm` (N,) in front of the camera → camera points (N, 3)."""
    scale = depth_cm / FOCAL_PX
    return np.stack([(pixels[:, 0] - CROP_SIZE / 2) * scale, -(pixels[:, 1] - CROP_SIZE / 2) * scale, -depth_cm], 1)


def euler_to_matrix(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """R = Rz(roll)·Rx(pitch)·Ry(yaw), scipy's `Rotation.from_euler('yxz', …)`: +yaw to image right, +pitch down."""
    (cy, cx, cz), (sy, sx, sz) = (f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    lean = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return lean @ nod @ turn


def matrix_to_euler(rotation: FloatArray) -> NDArray[np.float64]:
    """(yaw, pitch, roll) in degrees of a 3×3 rotation; the inverse of `euler_to_matrix` for |pitch| < 90°."""
    pitch = np.arcsin(np.clip(rotation[2, 1], -1, 1))
    return np.degrees([np.arctan2(-rotation[2, 0], rotation[2, 2]), pitch, np.arctan2(-rotation[0, 1], rotation[1, 1])])


def matrix_to_vector(rotation: FloatArray) -> NDArray[np.float64]:
    """Axis times angle (rad) of a 3×3 rotation (angle below 180°)."""
    skew = (
        np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
        / 2
    )
    sine, cosine = float(np.linalg.norm(skew)), float(np.trace(rotation) - 1) / 2
    return skew * (np.arctan2(sine, cosine) / sine if sine > 1e-9 else 1.0)


def vector_to_matrix(vector: FloatArray) -> NDArray[np.float64]:
    """Rodrigues' formula: axis times angle (rad) → 3×3 rotation."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = np.asarray(vector, np.float64) / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def gaze_to_matrix(axis: FloatArray) -> NDArray[np.float64]:
    """Rotation without roll that takes +z to the gaze axis (3,) of the head's frame."""
    x, y, z = np.asarray(axis, np.float64) / np.linalg.norm(axis)
    yaw, pitch = np.arctan2(x, z), -np.arcsin(np.clip(y, -1, 1))
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    return turn @ nod


def gaze_axis(yaw_rad: float, pitch_rad: float) -> NDArray[np.float64]:
    """Unit axis of a gaze; +yaw to image right, +pitch **up** (as eyes, unlike heads, are described)."""
    return np.array([np.sin(yaw_rad) * np.cos(pitch_rad), np.sin(pitch_rad), np.cos(yaw_rad) * np.cos(pitch_rad)])


def axis_to_gaze_deg(axis: FloatArray) -> NDArray[np.float64]:
    """(yaw, pitch) in degrees of a gaze axis; the inverse of `gaze_axis`."""
    return np.degrees([np.arctan2(axis[0], axis[2]), np.arcsin(np.clip(axis[1] / np.linalg.norm(axis), -1, 1))])
