"""SSIM: likeness of local brightness, contrast and structure, −1..1, higher is better, 1 for equal pictures.

Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, IEEE TIP 2004; on luma, Gaussian window of σ 1.5 px,
population statistics, pictures mirrored at their edges.

What fools it: smooth regions score near 1 whatever they
show; a shift by one pixel costs more than a blur that takes all freckles; colours do not count.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics.regions import Regions, RegionScores

SIGMA, WINDOW = 1.5, 11
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(output: NDArray[np.uint8], truth: NDArray[np.uint8], regions: Regions) -> RegionScores:
    """Two pictures (H, W, 3) uint8 RGB."""
    return regions.pool(ssim_map(output, truth))


def ssim_map(output: NDArray[np.uint8], truth: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W) likeness around each pixel; equation 13 of the paper."""
    x, y = luma(output), luma(truth)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = np.maximum(_blur(x * x) - mean_x * mean_x, 0)
    variance_y = np.maximum(_blur(y * y) - mean_y * mean_y, 0)
    covariance = _blur(x * y) - mean_x * mean_y
    brightness = (2 * mean_x * mean_y + C1) / (mean_x * mean_x + mean_y * mean_y + C1)
    return (brightness * (2 * covariance + C2) / (variance_x + variance_y + C2)).astype(np.float32)


def luma(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) uint8 RGB → (H, W) float32 0..255, Rec. 601."""
    return np.asarray(cv2.transform(image.astype(np.float32), np.array([[0.299, 0.587, 0.114]])), np.float32)


def _blur(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return cv2.GaussianBlur(values, (WINDOW, WINDOW), SIGMA, borderType=cv2.BORDER_REFLECT).astype(np.float32)
