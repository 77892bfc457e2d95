"""Fit the rig to a photo's landmarks: pose, identity, expression, then a residual field and the eyes.

Gauss-Newton over the 468 landmarks with priors on identity and expression; what is left is spread smoothly over the
head, so that every landmark's vertex lies on its landmark. This module does not detect landmarks (``teacher``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mimica.errors import InputError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import CROP_SIZE, FOCAL_PX, project, vector_to_matrix
from mimica.synthesis.closing import matern
from mimica.synthesis.correspondence import LANDMARKS, LEFT_IRIS, RIGHT_IRIS

FloatArray = NDArray[np.floating]

_UNFITTED = ("Pupil", "cheekRaiser")
_SPLIT = {"browInnerUp": ("browInnerUp_L", "browInnerUp_R"), "cheekPuff": ("cheekPuff_L", "cheekPuff_R")}
_SINGLE_SIDED = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
_EXPRESSION_BOUND = 1.1


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Weights of the fit, as measured in docs/experiments.

    Attributes:
        identity_modes: how many shape modes move.
        landmark_sigma: standard deviation of a landmark, share of the face's height.
        identity_weight: 1 / variance of an identity coefficient.
        expression_sigma: spread of expression coefficients about `score_gain` times the teacher's score.
        iterations: Gauss-Newton steps.
        field_range_cm: reach of the residual field.
    """

    identity_modes: int = 60
    landmark_sigma: float = 0.010
    identity_weight: float = 1.5
    expression_sigma: float = 0.30
    score_gain: float = 0.6
    iterations: int = 12
    field_range_cm: float = 2.2


@dataclass(frozen=True)
class HeadFit:
    """A fitted head.

    Attributes:
        shape: (V, 3) float32 cm without expression, residual included. `expression`: (K,) float32.
        rotation: (3, 3), translation: (3,) float32 head to camera.
        eyes: (2, 8) float32 left, right: centre, radius, gaze axis, iris radius.
        residual_px: (468,) landmark error before the residual field; `corrected_px` after it.
        identity: (I,) shape coefficients.
        face_height_px: height of the landmarks.
    """

    shape: NDArray[np.float32]
    expression: NDArray[np.float32]
    rotation: NDArray[np.float32]
    translation: NDArray[np.float32]
    eyes: NDArray[np.float32]
    residual_px: FloatArray
    corrected_px: FloatArray
    identity: FloatArray
    face_height_px: float


class HeadFitter:
    """Fits one rig to many photos; holds the rig at the landmarks and the residual operator."""

    def __init__(self, atlas: HeadAtlas, config: FitConfig | None = None) -> None:
        self.atlas, self.config = atlas, config or FitConfig()
        rig, vertex = atlas.rig, atlas.correspondence.vertex
        if not len(rig.identity):
            raise InputError("fit: the rig was read without its identity modes; read it with identity=True")
        self._fitted = np.array([row for row, name in enumerate(rig.names) if not name.startswith(_UNFITTED)])
        self._neutral = rig.neutral[vertex].astype(np.float64)
        self._identity = rig.identity[: self.config.identity_modes, vertex].astype(np.float64)
        self._expression = rig.expression[self._fitted][:, vertex].astype(np.float64)

    def fit(
        self, landmarks: FloatArray, scores: dict[str, float] | None = None, pose: FloatArray | None = None
    ) -> HeadFit:
        """Fit `landmarks` (478, 3) px of a 512 crop; `scores` are the teacher's blendshapes, `pose` its 4×4 matrix."""
        height = float(np.ptp(landmarks[:LANDMARKS, 1]))
        solution = self._gauss_newton(
            landmarks[:LANDMARKS, :2].astype(np.float64), height, self._prior(scores or {}), pose
        )
        rotation, translation, identity, weights, residual = solution
        shape = self._shape_with_residual(rotation, translation, identity, weights, residual)
        expression = np.zeros(len(self.atlas.rig.names))
        expression[self._fitted] = weights
        vertex = self.atlas.correspondence.vertex
        expressed = shape[vertex] + np.tensordot(expression, self.atlas.rig.expression[:, vertex].astype(np.float64), 1)
        corrected = landmarks[:LANDMARKS, :2] - project(expressed @ rotation.T + translation)
        eyes = np.stack([self._eye(shape, rotation, translation, landmarks, side) for side in (0, 1)])
        arrays = [np.asarray(array, np.float32) for array in (shape, expression, rotation, translation, eyes)]
        norms = np.linalg.norm(residual, axis=1), np.linalg.norm(corrected, axis=1)
        return HeadFit(arrays[0], arrays[1], arrays[2], arrays[3], arrays[4], norms[0], norms[1], identity, height)

    def _prior(self, scores: dict[str, float]) -> NDArray[np.float64]:
        """(E,) expected expression from the teacher's scores (MediaPipe spells sides `Left`, `Right`)."""
        rows = {self.atlas.rig.names[row]: place for place, row in enumerate(self._fitted)}
        prior = np.zeros(len(self._fitted))
        for name, score in scores.items():
            sided = name if name in _SINGLE_SIDED else name.replace("Left", "_L").replace("Right", "_R")
            for target in _SPLIT.get(name, (sided,)):
                if target in rows:
                    prior[rows[target]] = self.config.score_gain * score
        return prior

    def _start(self, target: FloatArray, pose: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """Rotation from the teacher's matrix, translation from size and centre."""
        rotation = np.eye(3)
        if pose is not None:
            u, _, vt = np.linalg.svd(np.asarray(pose, np.float64)[:3, :3])
            rotation = u @ vt
        turned = self._neutral @ rotation.T
        scale = np.ptp(target[:, 1]) / np.ptp(turned[:, 1])
        x = (target[:, 0].mean() - CROP_SIZE / 2) / scale - turned[:, 0].mean()
        y = -(target[:, 1].mean() - CROP_SIZE / 2) / scale - turned[:, 1].mean()
        return rotation, np.array([x, y, -FOCAL_PX / scale - turned[:, 2].mean()])

    def _gauss_newton(
        self, target: FloatArray, height: float, prior: FloatArray, pose: FloatArray | None
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        config, modes = self.config, len(self._identity)
        rotation, translation = self._start(target, pose)
        identity, weights = np.zeros(modes), prior.copy()
        sigma = config.landmark_sigma * height
        trust = np.repeat(self.atlas.correspondence.weight, 2) / sigma**2
        penalty = np.r_[
            np.zeros(6), np.full(modes, config.identity_weight), np.full(len(prior), config.expression_sigma**-2)
        ]
        for iteration in range(config.iterations):
            head = (
                self._neutral + np.tensordot(identity, self._identity, 1) + np.tensordot(weights, self._expression, 1)
            )
            turned = head @ rotation.T
            points = turned + translation
            residual = (target - project(points)).reshape(-1)
            jacobian = self._jacobian(points, turned, rotation)
            robust = trust / np.maximum(1, np.abs(residual) / sigma / 3)
            hessian = (jacobian * robust[:, None]).T @ jacobian + np.diag(penalty + 1e-6)
            gradient = jacobian.T @ (robust * residual) - penalty * np.r_[np.zeros(6), identity, weights - prior]
            step = _bounded_solve(hessian, gradient, weights, first=6 + modes)
            step *= 0.7 if iteration < 2 else 1.0
            rotation = vector_to_matrix(step[:3]) @ rotation
            translation, identity = translation + step[3:6], identity + step[6 : 6 + modes]
            weights = np.clip(weights + step[6 + modes :], 0, _EXPRESSION_BOUND)
        head = self._neutral + np.tensordot(identity, self._identity, 1) + np.tensordot(weights, self._expression, 1)
        return rotation, translation, identity, weights, target - project(head @ rotation.T + translation)

    def _jacobian(self, points: FloatArray, turned: FloatArray, rotation: FloatArray) -> FloatArray:
        """(936, 6 + I + E) of the projected landmarks by rotation vector, translation, identity and expression."""
        inverse = 1 / points[:, 2]
        by_point = np.zeros((len(points), 2, 3))
        by_point[:, 0, 0] = -FOCAL_PX * inverse
        by_point[:, 0, 2] = FOCAL_PX * points[:, 0] * inverse**2
        by_point[:, 1, 1] = FOCAL_PX * inverse
        by_point[:, 1, 2] = -FOCAL_PX * points[:, 1] * inverse**2
        by_head = by_point @ rotation
        modes = np.concatenate([self._identity, self._expression]).transpose(1, 2, 0)  # (468, 3, I + E)
        return np.concatenate([by_point @ -_skew(turned), by_point, by_head @ modes], 2).reshape(2 * len(points), -1)

    @cached_property
    def _field(self) -> NDArray[np.float32]:
        """(V, 468) how far each landmark's leftover moves each vertex; teeth and eyeballs move rigidly."""
        rig, weight = self.atlas.rig, self.atlas.correspondence.weight
        canonical = self.atlas.canonical.astype(np.float64)
        anchors = canonical[self.atlas.correspondence.vertex]
        reach = self.config.field_range_cm
        solver = np.linalg.inv(matern(anchors, anchors, reach) + np.diag(0.004 / weight))
        field = np.empty((len(canonical), len(anchors)), np.float32)
        for start in range(0, len(canonical), 2000):
            rows = slice(start, start + 2000)
            field[rows] = matern(canonical[rows], anchors, reach) @ solver
        for name in ("upper_teeth", "lower_teeth", "left_eye", "right_eye"):
            field[rig.part(name)] = field[rig.part(name)].mean(0)
        for side in ("left", "right"):
            field[rig.part(f"{side}_eye_blend")] = field[rig.part(f"{side}_eye").start]
        return field

    def _shape_with_residual(
        self,
        rotation: FloatArray,
        translation: FloatArray,
        identity: FloatArray,
        weights: FloatArray,
        residual: FloatArray,
    ) -> FloatArray:
        """(V, 3) identity shape plus the residual, lifted to 3-D in the camera plane at each landmark's depth."""
        rig = self.atlas.rig
        head = self._neutral + np.tensordot(identity, self._identity, 1) + np.tensordot(weights, self._expression, 1)
        depth = -(head @ rotation.T + translation)[:, 2]
        lifted = (
            np.stack([residual[:, 0] * depth / FOCAL_PX, -residual[:, 1] * depth / FOCAL_PX, 0 * depth], 1) @ rotation
        )
        modes = np.tensordot(identity.astype(np.float32), rig.identity[: len(identity)].astype(np.float32), 1)
        return rig.neutral + modes + self._field @ lifted.astype(np.float32)

    def _eye(
        self, shape: FloatArray, rotation: FloatArray, translation: FloatArray, landmarks: FloatArray, side: int
    ) -> FloatArray:
        """(8,) the eyeball as a sphere, its gaze through the iris landmark, and the iris radius."""
        ball = shape[self.atlas.eye_part(side)].astype(np.float64)
        ball = ball[: max(4, len(ball) // 2 - 15)]  # the front shell of ICT's eye
        system = np.c_[2 * ball, np.ones(len(ball))]
        solved = np.linalg.lstsq(system, (ball**2).sum(1), rcond=None)[0]
        centre = solved[:3]
        radius = float(np.sqrt(solved[3] + centre @ centre))
        in_camera = rotation @ centre + translation
        iris, ring = (LEFT_IRIS, RIGHT_IRIS)[side]
        pixel = landmarks[iris, :2].astype(np.float64)
        ray = np.array([pixel[0] - CROP_SIZE / 2, CROP_SIZE / 2 - pixel[1], -FOCAL_PX])
        ray /= np.linalg.norm(ray)
        along = ray @ in_camera
        depth = along - np.sqrt(max(along**2 - (in_camera @ in_camera - radius**2), 0))
        point = ray * depth
        iris_px = np.linalg.norm(landmarks[list(ring), :2] - pixel, axis=1).mean()
        return np.r_[centre, radius, rotation.T @ (point - in_camera) / radius, iris_px * -point[2] / FOCAL_PX]


def _skew(vectors: FloatArray) -> FloatArray:
    """(N, 3, 3) cross-product matrices."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, 1) for row in rows], 1)


def _bounded_solve(hessian: FloatArray, gradient: FloatArray, weights: FloatArray, first: int) -> FloatArray:
    """Newton step that keeps weights + step[first:] within [0, 1.1] (active set, at most six rounds)."""
    free, step = np.ones(len(gradient), bool), np.zeros(len(gradient))
    for _ in range(6):
        right = gradient[free] - hessian[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], right)
        reached = weights + step[first:]
        low = (reached < -1e-9) & free[first:]
        high = (reached > _EXPRESSION_BOUND) & free[first:]
        if not (low.any() or high.any()):
            break
        for stuck, bound in ((low, 0.0), (high, _EXPRESSION_BOUND)):
            places = first + np.nonzero(stuck)[0]
            free[places] = False
            step[places] = bound - weights[stuck]
    return step
