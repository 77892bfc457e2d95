"""The part of a portrait crop that is shown.

This module does not know heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.camera import CROP_SIZE


@dataclass(frozen=True, slots=True)
class Viewport:
    """The square of the 512 px portrait crop that is shown: its corner (x0, y0) in crop px and `zoom` = 512 / side.

    It may reach outside the crop, whose border pixels are then repeated.
    """

    x0: float = 0.0
    y0: float = 0.0
    zoom: float = 1.0

    @property
    def side_px(self) -> float:
        return CROP_SIZE / self.zoom

    def to_unit(self, pixels: NDArray[np.floating]) -> NDArray[np.floating]:
        """Crop px (…, 2) → place in the viewport, 0..1."""
        return (pixels - np.array([self.x0, self.y0], np.float32)) / np.float32(self.side_px)


def crop_photo(image: NDArray[np.uint8], viewport: Viewport, size: int) -> NDArray[np.uint8]:
    """(size, size, 3) the 512 px crop through a viewport, antialiased, border pixels repeated."""
    scale = size / viewport.side_px
    factor = int(np.ceil(1 / scale)) if scale < 1 else 1
    scale *= factor
    matrix = np.array(
        [[scale, 0, -viewport.x0 * scale - 0.5 + 0.5 * scale], [0, scale, -viewport.y0 * scale - 0.5 + 0.5 * scale]]
    )
    fine = cv2.warpAffine(
        image, matrix, (size * factor, size * factor), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return fine if factor == 1 else cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)
