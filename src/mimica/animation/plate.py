"""What lies behind the person: the background plate, and a matte sharp enough for hair."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

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
    full_guide = image.astype(np.float32).mean(2) / 255
    slope, offset = (cv2.resize(mean(plane), (width, height)) for plane in (slope, offset))
    return np.clip(slope * full_guide + offset, 0, 1)


def background_plate(image: NDArray[np.uint8], matte: FloatArray) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with the person painted over from around (Telea 2004), smooth where nothing is known."""
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
    painted = cv2.resize(painted, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    reach = max(1.0, 3 * max(width, height) / 512)
    weight = cv2.GaussianBlur(cv2.resize(person.astype(np.float32), (width, height)), (0, 0), reach)[..., None]
    grain = np.random.default_rng(0).normal(0, 1.5, (height, width, 1)).astype(np.float32)
    return np.clip(image * (1 - weight) + (painted + grain) * weight, 0, 255).astype(np.uint8)
