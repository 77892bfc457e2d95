"""Focus: how blurred a photo is, for what is painted into it.

Teeth with crisp edges look pasted into a soft photo. This module does not know what is painted.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.tone import middle_light

FloatArray = NDArray[np.float32]

FINE_PX: Final = 0.7
COARSE_PX: Final = 1.5
"""Two Gaussians; how much more the coarser one flattens an edge tells how soft it was."""
STRONGEST: Final = 3.0
"""Percent of the pixels, those with most contrast, that may be edges."""
SHARPER: Final = 30.0
"""Percentile of the edges' blur that counts for the photo: 20 portraits blurred by 1, 2, 3 and 4 pixels read 0.99,
1.96, 2.96 and 3.74 (medians; 10th to 90th percentile about 0.2 around), and 0.1 as they were."""
FEWEST: Final = 24
MOST_PX: Final = 768
"""Of a larger picture the middle of so many pixels a side is measured."""
MOST_BLUR_PX: Final = 5.0
OWN_BLUR_PX: Final = 0.6
"""What is painted reads as so soft by itself."""
LEAST_BLUR_PX: Final = 0.4
"""A Gaussian narrower than that changes nothing to be seen."""


def blur_px(picture: NDArray[np.uint8]) -> float:
    """Standard deviation in pixels of the blur of `picture` (H, W, 3) uint8 RGB; 0 when no edges tell."""
    light = middle_light(picture, MOST_PX)
    if min(light.shape) < 8:
        return 0.0
    fine, coarse = (_contrast(light, sigma) for sigma in (FINE_PX, COARSE_PX))
    peaks = (fine >= max(float(np.percentile(fine, 100 - STRONGEST)), 1.0)) & (
        fine >= cv2.dilate(fine, np.ones((3, 3), np.uint8))
    )
    if peaks.sum() < FEWEST:
        return 0.0
    # the contrast of an edge of blur b after a Gaussian of s goes with 1 / sqrt(b² + s²)
    ratio = np.square(fine[peaks] / np.maximum(coarse[peaks], 1e-3))
    square = np.maximum(COARSE_PX**2 - ratio * FINE_PX**2, 0) / np.maximum(ratio - 1, 1e-2)
    return float(np.clip(np.sqrt(np.percentile(square, SHARPER)), 0, MOST_BLUR_PX))


def as_soft(painted: FloatArray, blur: float) -> FloatArray:
    """`painted` (H, W, 3) as a photo of this blur, in pixels, would show it."""
    more = blur**2 - OWN_BLUR_PX**2
    if more < LEAST_BLUR_PX**2:
        return painted
    return np.asarray(cv2.GaussianBlur(painted, (0, 0), more**0.5, borderType=cv2.BORDER_REPLICATE), np.float32)


def _contrast(light: FloatArray, sigma: float) -> FloatArray:
    soft = cv2.GaussianBlur(light, (0, 0), sigma)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return np.asarray(cv2.magnitude(across, down), np.float32)
