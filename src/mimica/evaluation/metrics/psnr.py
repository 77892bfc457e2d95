"""PSNR: peak signal-to-noise ratio, 10·log10(255² / mean squared error) in dB, higher is better; 100 for equal
pictures.

What fools it: the same as L1 (blur, background, brightness); a few wrong pixels hurt it more. Differences above 40 dB
are invisible. Values of different picture sizes or crops cannot be compared.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics.l1 import channel_mean
from mimica.evaluation.metrics.regions import Regions, RegionScores

CEILING_DB = 100.0


def psnr(output: NDArray[np.uint8], truth: NDArray[np.uint8], regions: Regions) -> RegionScores:
    """Two pictures (H, W, 3) uint8."""
    squared = np.square(cv2.absdiff(output, truth).astype(np.float32))
    pooled = regions.pool(channel_mean(squared))
    return RegionScores(*(_decibels(error) for error in (pooled.whole, pooled.face, pooled.mouth, pooled.eyes)))


def _decibels(squared_error: float) -> float:
    if math.isnan(squared_error):
        return squared_error
    return min(CEILING_DB, 10 * math.log10(255.0**2 / max(squared_error, 1e-9)))
