"""What lies behind the person: the background plate, and a matte sharp enough for hair."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import strips
from mimica.animation.grain import Grain

FloatArray = NDArray[np.float32]

GUIDE_PX = 512
PLATE_PX = 160


def refine_matte(image: NDArray[np.uint8], matte: FloatArray) -> FloatArray:
    """Snap a soft matte (H, W) 0..1 to the picture's own edges: guided filter (He et al. 2010) at ≤ 512 px."""
    height, width = matte.shape
    scale = min(1.0, GUIDE_PX / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    guide = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32).mean(2) / 255
    coarse = cv2.resize(matte, size, interpolation=cv2.INTER_AREA)
    radius = max(3, round(max(size) / 34)) | 1
    mean = lambda values: cv2.blur(values, (radius, radius))  # noqa: E731 (one symbol of the paper's equations)
    guide_mean, matte_mean = mean(guide), mean(coarse)
    slope = (mean(guide * coarse) - guide_mean * matte_mean) / (mean(guide * guide) - guide_mean**2 + 1e-3)
    offset = matte_mean - slope * guide_mean
    slope, offset = (cv2.resize(mean(plane), (width, height)) for plane in (slope, offset))
    refined = np.empty_like(matte)
    for rows in strips(height, width):
        full_guide = image[rows].astype(np.float32).mean(2) / 255
        refined[rows] = np.clip(slope[rows] * full_guide + offset[rows], 0, 1)
    return refined


def background_plate(image: NDArray[np.uint8], matte: FloatArray, grain: Grain) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with the person painted over from around (Telea 2004), smooth but for its grain."""
    height, width = matte.shape
    scale = min(1.0, PLATE_PX / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    person = (cv2.resize(matte, size, interpolation=cv2.INTER_AREA) > 0.06).astype(np.uint8)
    person = cv2.dilate(person, np.ones((5, 5), np.uint8))
    if person.all():
        return image.copy()
    painted = cv2.inpaint(small, person, 4, cv2.INPAINT_TELEA)
    painted = cv2.GaussianBlur(painted, (0, 0), 1.2)
    painted = cv2.resize(painted, (width, height), interpolation=cv2.INTER_CUBIC)
    reach = max(1.0, 3 * max(width, height) / 512)
    weights = cv2.GaussianBlur(cv2.resize(person.astype(np.float32), (width, height)), (0, 0), reach)[..., None]
    plate = np.empty_like(image)
    for rows in strips(height, width):
        weight, behind = weights[rows], painted[rows].astype(np.float32)
        behind += grain.over(rows.start, 0, len(behind), width)[..., None]
        plate[rows] = np.clip(image[rows] * (1 - weight) + behind * weight, 0, 255)
    return plate
