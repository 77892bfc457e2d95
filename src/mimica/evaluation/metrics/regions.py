"""Regions of a picture in which metrics are taken: the whole, the face, the mouth, the eyes; from landmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.landmark_layout import Landmarks

MOUTH_MARGIN, EYES_MARGIN, FACE_MARGIN = 0.18, 0.14, 0.10
"""Regions reach this far beyond the hull of their landmarks, in distances of the outer eye corners."""


@dataclass(frozen=True, slots=True)
class RegionScores:
    """One number for each region; NaN where the region is not in the picture (no face seen)."""

    whole: float
    face: float
    mouth: float
    eyes: float


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """(H, W) bool masks; all False where no face was seen. `whole` is every pixel."""

    face: NDArray[np.bool_]
    mouth: NDArray[np.bool_]
    eyes: NDArray[np.bool_]

    @classmethod
    def of(cls, landmarks: NDArray[np.floating], layout: Landmarks, height: int, width: int) -> Regions:
        """Masks from one frame's landmarks (N, 2) px; NaN landmarks give empty masks."""
        if not np.isfinite(landmarks).all():
            return cls(*(np.zeros((height, width), np.bool_) for _ in range(3)))
        right, left = (landmarks[corner] for corner in layout.outer_eye_corners)
        ruler = float(np.linalg.norm(right - left))

        def hull(*groups: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
            mask = np.zeros((height, width), np.uint8)
            for group in groups:
                points = np.clip(landmarks[list(group)] - 0.5, -1e5, 1e5).round().astype(np.int32)
                cv2.fillConvexPoly(mask, cv2.convexHull(points), 1)
                outline = cv2.convexHull(points)
                cv2.polylines(mask, [outline], True, 1, max(1, round(2 * margin * ruler)))
            return mask.astype(np.bool_)

        return cls(
            hull(layout.face, margin=FACE_MARGIN),
            hull(layout.mouth, margin=MOUTH_MARGIN),
            hull(layout.right_eye, layout.left_eye, margin=EYES_MARGIN),
        )

    def resized(self, height: int, width: int) -> Regions:
        """The same regions on a coarser grid."""
        if self.face.shape == (height, width):
            return self
        return Regions(
            *(
                cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(np.bool_)
                for mask in (self.face, self.mouth, self.eyes)
            )
        )

    def pool(
        self, values: NDArray[np.floating], reduce: Callable[[NDArray[np.floating]], float | np.floating] = np.mean
    ) -> RegionScores:
        """Reduce a map (H, W) within each region."""
        pooled = [float(reduce(values))]
        for mask in (self.face, self.mouth, self.eyes):
            inside = values[mask]
            pooled.append(float(reduce(inside)) if len(inside) else float("nan"))
        return RegionScores(*pooled)
