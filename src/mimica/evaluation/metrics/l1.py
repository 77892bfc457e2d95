"""L1: mean absolute difference of the colours in grey levels, 0..255, lower is better.

What fools it: blur (an average of all answers scores better than a sharp answer one pixel off), a background that fills
most of the picture, a global shift of brightness that no viewer notices. Only for pictures that show the same thing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics.regions import Regions, RegionScores


def l1(output: NDArray[np.uint8], truth: NDArray[np.uint8], regions: Regions) -> RegionScores:
    """Two pictures (H, W, 3) uint8."""
    difference = cv2.absdiff(output, truth).astype(np.float32)
    return regions.pool(channel_mean(difference))


def channel_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) → (H, W)."""
    return np.asarray(cv2.transform(values, np.full((1, 3), 1 / 3)), np.float32)
