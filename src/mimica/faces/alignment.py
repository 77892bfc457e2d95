"""Laying crops over faces and cutting them out of pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import CropFrame
from mimica.core.records import Face

CROP_PER_FACE_HEIGHT = 1.35
CROP_LIFT = 0.03


def face_crop(face: Face) -> CropFrame:
    """The tight square crop around a found face: 1.35 box heights wide, lifted by 3 % of the height, not turned."""
    height = max(face.height_px, 0.85 * face.width_px, 1.0)
    x, y = face.center_px
    return CropFrame(float(x), float(y) - CROP_LIFT * height, CROP_PER_FACE_HEIGHT * height)


def extract(image: NDArray[np.uint8], crop: CropFrame, size_px: int) -> NDArray[np.uint8]:
    """Resample a crop of `image` (H, W, 3) to (size_px, size_px, 3); antialiased when it shrinks, edges repeated."""
    matrix = crop.matrix(size_px)
    scale = size_px / crop.side_px
    height, width = image.shape[:2]
    corners = crop.corners()
    margin = 2 + int(2 / scale)
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int) - margin, 0, [width - 1, height - 1])
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + margin, [x0 + 1, y0 + 1], [width, height])
    part = image[y0:y1, x0:x1]
    if scale < 0.9:
        part = cv2.GaussianBlur(part, (0, 0), 0.4 / scale)
    matrix[:, 2] += matrix[:, :2] @ np.array([x0 + 0.5, y0 + 0.5]) - 0.5
    return cv2.warpAffine(
        part, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)
