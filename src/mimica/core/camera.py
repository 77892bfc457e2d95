"""The pinhole camera through which a portrait is seen, and head rotations.

Camera coordinates are centimetres: x to the image's right, y up, the viewer at the origin looking along −z. A point
(X, Y, Z) shows at pixel (cx − f·X/Z, cy + f·Y/Z). This module does not know heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Camera:
    """Principal point and focal length in pixels of the picture."""

    center_x_px: float
    center_y_px: float
    focal_px: float

    def project(self, points: ArrayLike) -> FloatArray:
        """Camera points (…, 3) → pixels (…, 2)."""
        p = np.asarray(points, np.float64)
        scale = -self.focal_px / p[..., 2]
        return np.stack([self.center_x_px + p[..., 0] * scale, self.center_y_px - p[..., 1] * scale], -1)

    def lift(self, points_px: ArrayLike, depth_cm: ArrayLike) -> FloatArray:
        """Pixels (…, 2) at `depth_cm` (…,) > 0 in front of the camera → camera points (…, 3)."""
        p, depth = np.asarray(points_px, np.float64), np.asarray(depth_cm, np.float64)
        x = (p[..., 0] - self.center_x_px) * depth / self.focal_px
        y = -(p[..., 1] - self.center_y_px) * depth / self.focal_px
        return np.stack([x, y, -depth], -1)


def rotation_from_angles(yaw_deg: float, pitch_deg: float, roll_deg: float) -> FloatArray:
    """Head rotation (3, 3): Rz(roll)·Rx(pitch)·Ry(yaw); head frame → camera frame."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def rotation_vector(rotation: ArrayLike) -> FloatArray:
    """Axis times angle in radians (3,) of a rotation matrix (3, 3) by less than 180°."""
    r = np.asarray(rotation, np.float64)
    skew = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]) / 2
    sine, cosine = float(np.linalg.norm(skew)), (float(np.trace(r)) - 1) / 2
    angle = np.arctan2(sine, cosine)
    return skew * (angle / sine if sine > 1e-9 else 1.0)


def rotations_from_vectors(vectors: ArrayLike) -> FloatArray:
    """Rotation vectors (…, 3) in radians → matrices (…, 3, 3); Rodrigues' formula."""
    v = np.asarray(vectors, np.float64)
    angle = np.linalg.norm(v, axis=-1)[..., None, None]
    zero = np.zeros_like(v[..., 0])
    k = np.stack([zero, -v[..., 2], v[..., 1], v[..., 2], zero, -v[..., 0], -v[..., 1], v[..., 0], zero], -1)
    k = k.reshape(*v.shape[:-1], 3, 3)
    safe = np.maximum(angle, 1e-9)
    sine = np.where(angle > 1e-9, np.sin(angle) / safe, 1.0)
    versine = np.where(angle > 1e-9, (1 - np.cos(angle)) / safe**2, 0.5)
    return np.eye(3) + sine * k + versine * (k @ k)


def angles_from_rotation(rotation: ArrayLike) -> FloatArray:
    """(…, 3, 3) → (…, 3) yaw, pitch, roll in degrees; the inverse of `rotation_from_angles`."""
    r = np.asarray(rotation, np.float64)
    pitch = np.arcsin(np.clip(r[..., 2, 1], -1, 1))
    yaw = np.arctan2(-r[..., 2, 0], r[..., 2, 2])
    roll = np.arctan2(-r[..., 0, 1], r[..., 1, 1])
    return np.degrees(np.stack([yaw, pitch, roll], -1))


def gaze_direction(yaw_deg: float, pitch_deg: float) -> FloatArray:
    """Unit vector (3,) in the head's frame; yaw to the image's right, pitch down positive."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    return np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
