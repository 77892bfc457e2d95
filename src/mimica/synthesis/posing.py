"""Pose a portrait: rig coefficients, tongue, gaze and head motion in; every mesh in the camera's frame out.

This module does not know colours or pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mimica.core.tongue import follow_jaw, tongue_mesh
from mimica.synthesis.camera import (
    axis_to_gaze_deg,
    euler_to_matrix,
    gaze_axis,
    gaze_to_matrix,
    matrix_to_euler,
    matrix_to_vector,
    vector_to_matrix,
)
from mimica.synthesis.portrait import Portrait

FloatArray = NDArray[np.float32]

GAZE_GAIN = 0.72
"""ICT's eyeballs are oversized: the same gaze turns them less."""


@dataclass(frozen=True)
class Performance:
    """What a portrait shall do.

    Attributes:
        expression: (K,) rig coefficients, nominally 0..1.
        angles_deg: (3,) yaw, pitch, roll of the head in the camera's frame (absolute).
        shift_cm: (3,) movement of the head from where the photo has it, camera frame.
        gaze_rad: (2, 2) left, right eye; yaw (+ to image right), pitch (+ up), relative to the photo's own gaze.
        tongue: (3,) out 0..1.1, side (cm to image right), up (cm).
    """

    expression: FloatArray
    angles_deg: NDArray[np.floating]
    shift_cm: NDArray[np.floating] = field(default_factory=lambda: np.zeros(3, np.float32))
    gaze_rad: NDArray[np.floating] = field(default_factory=lambda: np.zeros((2, 2), np.float32))
    tongue: NDArray[np.floating] = field(default_factory=lambda: np.zeros(3, np.float32))


@dataclass(frozen=True)
class Pose:
    """A portrait in a pose; camera frame, cm.

    Attributes:
        points: (N, 3) rig vertices. `eyes`: two (E, 3). `carrier`: (G, 3). `tongue_points`: (T, 3).
        tongue_depth: (T,) z of the tongue in the head's frame, before the jaw moves it.
        rotation: (3, 3), translation: (3,) head to camera.
        eye_rotations: two (3, 3), gaze in the head's frame.
        expression: (K,); tongue: (3,), as asked for.
    """

    points: FloatArray
    eyes: tuple[FloatArray, FloatArray]
    carrier: FloatArray
    tongue_points: FloatArray
    tongue_depth: FloatArray
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    eye_rotations: tuple[NDArray[np.float64], NDArray[np.float64]]
    expression: FloatArray
    tongue: FloatArray

    @property
    def angles_deg(self) -> NDArray[np.float64]:
        """(yaw, pitch, roll) of the head."""
        return matrix_to_euler(self.rotation)

    @property
    def gaze_deg(self) -> NDArray[np.float64]:
        """(2, 2) left, right; yaw, pitch in the head's frame."""
        return np.stack([axis_to_gaze_deg(rotation[:, 2]) for rotation in self.eye_rotations])


def photo_pose(portrait: Portrait) -> Pose:
    """The pose that the photo shows."""
    fitted = portrait.fitted
    head = portrait.source_shape[: portrait.atlas.drawn_count].copy()
    _express(head, portrait, fitted.expression, closing=False)
    tongue, depth = _tongue(portrait, head, np.zeros(3))
    return Pose(
        portrait.points,
        portrait.eye_points,
        portrait.carrier.points,
        (tongue @ fitted.rotation.T + fitted.translation).astype(np.float32),
        depth,
        fitted.rotation.astype(np.float64),
        fitted.translation.astype(np.float64),
        portrait.eye_rotations,
        fitted.expression,
        np.zeros(3, np.float32),
    )


def pose(portrait: Portrait, performance: Performance, max_turn_deg: float = 34.0) -> Pose:
    """Pose a portrait; the head's turn away from the photo is limited to `max_turn_deg`, for want of pixels beyond."""
    fitted = portrait.fitted
    turn = euler_to_matrix(*(float(angle) for angle in performance.angles_deg)) @ fitted.rotation.T.astype(np.float64)
    vector = matrix_to_vector(turn)
    angle = float(np.linalg.norm(vector))
    if angle > np.radians(max_turn_deg):
        vector *= np.radians(max_turn_deg) / angle
        turn = vector_to_matrix(vector)
    shift = np.asarray(performance.shift_cm, np.float32)
    head = portrait.target_shape[: portrait.atlas.drawn_count].copy()
    _express(head, portrait, performance.expression, closing=True)
    still = (head @ fitted.rotation.T + fitted.translation).astype(np.float32)
    move = (portrait.pivot, vector.astype(np.float64), shift)
    points = follow_head(still, portrait.neck, *move)
    carrier = portrait.carrier
    deformed = carry(carrier.points, still, portrait.points, carrier.neighbours, carrier.weights, carrier.deform)
    tongue, tongue_depth = _tongue(portrait, head, performance.tongue)
    tongue = (tongue @ fitted.rotation.T + fitted.translation).astype(np.float32)
    rotation = turn @ fitted.rotation
    translation = turn @ (fitted.translation - portrait.pivot) + portrait.pivot + shift
    rotations = tuple(
        own @ gaze_to_matrix(gaze_axis(GAZE_GAIN * float(yaw), GAZE_GAIN * float(pitch)))
        for own, (yaw, pitch) in zip(portrait.eye_rotations, performance.gaze_rad, strict=True)
    )
    left, right = (portrait.eye_mesh(side, rotations[side], rotation, translation) for side in (0, 1))
    return Pose(
        points,
        (left, right),
        follow_head(deformed, carrier.follow, *move),
        follow_head(tongue, np.ones(len(tongue), np.float32), *move),
        tongue_depth,
        rotation,
        translation,
        (rotations[0], rotations[1]),
        np.asarray(performance.expression, np.float32),
        np.asarray(performance.tongue, np.float32),
    )


def _express(head: FloatArray, portrait: Portrait, weights: NDArray[np.floating], *, closing: bool) -> None:
    """Add the active expressions to (N, 3) in place; `closing` uses this person's own blink."""
    for row in np.nonzero(weights)[0]:
        offset = portrait.expression_direction(int(row)) if closing else portrait.atlas.rig.expression[row]
        head += np.float32(weights[row]) * offset[: len(head)]


def _tongue(portrait: Portrait, head: FloatArray, tongue: NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
    """Tongue (T, 3) in the head's frame, riding on the lower teeth as a rigid body (Kabsch), and its own z."""
    mesh = tongue_mesh(*(float(value) for value in tongue))
    teeth = portrait.atlas.rig.part("lower_teeth")
    carried = follow_jaw(mesh, portrait.atlas.rig.neutral[teeth], head[teeth])
    return carried, mesh[:, 2].copy()


@njit(cache=True, nogil=True)
def follow_head(points, weight, pivot, vector, shift):
    """(N, 3) points turned by weight·vector (rad) about the pivot and moved by weight·shift."""
    out = np.empty_like(points)
    angle = np.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    if angle > 1e-12:
        kx, ky, kz = vector[0] / angle, vector[1] / angle, vector[2] / angle
    else:
        kx, ky, kz = 1.0, 0.0, 0.0
    whole_sine, whole_cosine = np.sin(angle), np.cos(angle)
    for n in range(points.shape[0]):
        w = np.float64(weight[n])
        if w >= 0.999:
            w, sine, cosine = 1.0, whole_sine, whole_cosine
        else:
            sine, cosine = np.sin(angle * w), np.cos(angle * w)
        x, y, z = points[n, 0] - pivot[0], points[n, 1] - pivot[1], points[n, 2] - pivot[2]
        along = (kx * x + ky * y + kz * z) * (1 - cosine)
        out[n, 0] = x * cosine + (ky * z - kz * y) * sine + kx * along + pivot[0] + w * shift[0]
        out[n, 1] = y * cosine + (kz * x - kx * z) * sine + ky * along + pivot[1] + w * shift[1]
        out[n, 2] = z * cosine + (kx * y - ky * x) * sine + kz * along + pivot[2] + w * shift[2]
    return out


@njit(cache=True, nogil=True)
def carry(grid, moved, rest, neighbours, weights, deform):
    """(G, 3) the grid plus the weighted displacement of each vertex's neighbours."""
    out = grid.copy()
    for g in range(grid.shape[0]):
        if deform[g] < 1e-4:
            continue
        for k in range(neighbours.shape[1]):
            n, w = neighbours[g, k], weights[g, k] * deform[g]
            for axis in range(3):
                out[g, axis] += w * (moved[n, axis] - rest[n, axis])
    return out
