"""Square crops of an image, and the map between image pixels and crop coordinates.

Coordinates are continuous (x, y): the centre of pixel (row i, column j) is (j + 0.5, i + 0.5), so an image of width W
spans 0..W. This module does not know images: sampling pixels is `mimica.faces.alignment.extract`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class CropFrame:
    """A square window over an image, possibly turned and possibly reaching beyond the image's edge.

    `center_x_px`, `center_y_px`: its centre in image pixels. `side_px` > 0: its side in image pixels.
    `roll_deg`: the turn of the window, positive counter-clockwise on screen, as the head's roll: a crop whose roll is
    the head's roll shows the head upright.

    Raises ValueError when a number is not finite or the side is not positive.
    """

    center_x_px: float
    center_y_px: float
    side_px: float
    roll_deg: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.center_x_px, self.center_y_px, self.side_px, self.roll_deg))):
            raise ValueError(f"crop with a number that is not finite: {self}")
        if self.side_px <= 0:
            raise ValueError(f"crop side must be positive, got {self.side_px}")

    @property
    def center_px(self) -> NDArray[np.float64]:
        """Centre (2,) in image pixels."""
        return np.array([self.center_x_px, self.center_y_px])

    def _axes(self) -> NDArray[np.float64]:
        """(2, 2): column 0 is the crop's rightward axis in image coordinates, column 1 its downward axis."""
        cos, sin = math.cos(math.radians(self.roll_deg)), math.sin(math.radians(self.roll_deg))
        return np.array([[cos, sin], [-sin, cos]])

    def to_crop(self, points_px: ArrayLike) -> NDArray[np.float64]:
        """Image pixels (…, 2) → crop coordinates (…, 2), where the window spans 0..1 on both axes."""
        offset = np.asarray(points_px, np.float64) - self.center_px
        return offset @ self._axes() / self.side_px + 0.5

    def to_image(self, points_unit: ArrayLike) -> NDArray[np.float64]:
        """Crop coordinates (…, 2) in 0..1 → image pixels (…, 2); the inverse of `to_crop`."""
        offset = (np.asarray(points_unit, np.float64) - 0.5) * self.side_px
        return offset @ self._axes().T + self.center_px

    def matrix(self, size_px: float) -> NDArray[np.float64]:
        """Affine map (2, 3) from continuous image pixels to pixels of a `size_px` square crop.

        cv2's warps put pixel centres at integers: shift by 0.5 on both sides before giving them this matrix.
        """
        linear = self._axes().T * (size_px / self.side_px)
        offset = np.full(2, size_px / 2) - linear @ self.center_px
        return np.hstack([linear, offset[:, None]])

    def corners(self) -> NDArray[np.float64]:
        """Corners (4, 2) in image pixels: top left, top right, bottom right, bottom left."""
        return self.to_image([[0, 0], [1, 0], [1, 1], [0, 1]])

    def scaled(self, factor: float) -> CropFrame:
        """The same window with its side multiplied by `factor`, about its centre."""
        return CropFrame(self.center_x_px, self.center_y_px, self.side_px * factor, self.roll_deg)


def box_overlap(boxes: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of every box with every other: (N, 4) and (M, 4) as x0, y0, x1, y1 → (N, M) in 0..1."""
    first = np.asarray(boxes, np.float64).reshape(-1, 1, 4)
    second = np.asarray(others, np.float64).reshape(1, -1, 4)
    corner_low = np.maximum(first[..., :2], second[..., :2])
    corner_high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.prod(np.clip(corner_high - corner_low, 0, None), axis=-1)
    area_first = np.prod(np.clip(first[..., 2:] - first[..., :2], 0, None), axis=-1)
    area_second = np.prod(np.clip(second[..., 2:] - second[..., :2], 0, None), axis=-1)
    union = area_first + area_second - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
