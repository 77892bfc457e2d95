"""What the stages hand to each other about one image. Values only: no pixels, no models, no I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINT_NAMES = ("right_eye", "left_eye", "nose_tip", "right_mouth_corner", "left_mouth_corner")
"""Order of `Face.points`, named from the person: the right eye is the one at the image's left in a frontal face."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face found in an image.

    `box_xyxy` (4,) float32: left, top, right, bottom in image pixels, the bounding box of the face from brow line and
    chin to cheeks (what MediaPipe's 468-point mesh spans). `score` in 0..1. `points` (5, 2) float32: image pixels in
    the order of `POINT_NAMES`.

    Raises ValueError when a shape is wrong.
    """

    box_xyxy: NDArray[np.float32]
    score: float
    points: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.box_xyxy.shape != (4,) or self.points.shape != (len(POINT_NAMES), 2):
            raise ValueError(f"face wants a box (4,) and points (5, 2), got {self.box_xyxy.shape}, {self.points.shape}")

    @property
    def width_px(self) -> float:
        return float(self.box_xyxy[2] - self.box_xyxy[0])

    @property
    def height_px(self) -> float:
        return float(self.box_xyxy[3] - self.box_xyxy[1])

    @property
    def area_px(self) -> float:
        """Area of the box in square pixels."""
        return max(self.width_px, 0.0) * max(self.height_px, 0.0)

    @property
    def center_px(self) -> NDArray[np.float32]:
        """Centre of the box (2,) in image pixels."""
        return ((self.box_xyxy[:2] + self.box_xyxy[2:]) / 2).astype(np.float32)

    @property
    def roll_deg(self) -> float:
        """In-plane turn of the eye line, positive counter-clockwise on screen (as the head's roll), in −180..180."""
        along = self.points[1] - self.points[0]
        return math.degrees(math.atan2(-float(along[1]), float(along[0])))
