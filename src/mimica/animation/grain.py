"""Grain: the fine noise of a photo, measured where it is flattest, for what is painted into it.

A surface without any looks cut out in a grainy photo. This module does not know what is painted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.tone import middle_light

FloatArray = NDArray[np.float32]

TILE_PX: Final = 512
BLOCK_PX: Final = 24
MARGIN_PX: Final = 16
FLATTEST: Final = 0.1
"""The share of a photo's blocks that is looked at: those of least structure."""
CLIPPED: Final = 12, 243
"""Blocks darker or brighter on the whole show less grain than the photo has."""
MOST_LEVELS: Final = 6.0
LEAST_CORRELATION: Final = 0.02
MOST_PX: Final = 640
"""Of larger photos the middle of so many pixels a side is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """`tile` (TILE_PX, TILE_PX): grey levels of noise, which repeats."""

    tile: FloatArray

    @classmethod
    def of(cls, photo: NDArray[np.uint8]) -> Grain:
        """Noise of the same strength and size as that of `photo` (H, W, 3) uint8 RGB, always the same for it."""
        levels, correlation = measure(photo)
        noise = _white()
        if correlation > LEAST_CORRELATION:  # of white noise after a Gaussian, neighbours correlate by exp(−1 / 4σ²)
            sigma = float(np.sqrt(-1 / (4 * np.log(min(correlation, 0.9)))))
            around = np.pad(noise, MARGIN_PX, mode="wrap")
            noise = np.asarray(cv2.GaussianBlur(around, (0, 0), sigma), np.float32)[
                MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX
            ]
        return cls(noise * np.float32(levels / max(float(noise.std()), 1e-6)))

    def over(self, top: int, left: int, height: int, width: int) -> FloatArray:
        """(height, width) of it, where a picture has these rows and columns."""
        rows, columns = np.arange(top, top + height) % TILE_PX, np.arange(left, left + width) % TILE_PX
        return self.tile[rows[:, None], columns]


@cache
def _white() -> FloatArray:
    return np.random.default_rng(0).normal(0, 1, (TILE_PX, TILE_PX)).astype(np.float32)


def measure(photo: NDArray[np.uint8]) -> tuple[float, float]:
    """Standard deviation of the brightness's noise in grey levels, and how much of it neighbours share, 0..1."""
    light = middle_light(photo, MOST_PX)
    down, right = (side // BLOCK_PX for side in light.shape)
    if not down or not right:
        return 0.0, 0.0
    light = light[: down * BLOCK_PX, : right * BLOCK_PX]
    smooth = np.asarray(cv2.GaussianBlur(light, (0, 0), 3), np.float32)
    blocks, soft = (
        plane.reshape(down, BLOCK_PX, right, BLOCK_PX).swapaxes(1, 2).reshape(-1, BLOCK_PX, BLOCK_PX)
        for plane in (light, smooth)
    )
    inside = (soft.mean((1, 2)) > CLIPPED[0]) & (soft.mean((1, 2)) < CLIPPED[1])
    if not inside.any():
        return 0.0, 0.0
    fine, structure = (blocks - soft)[inside], soft[inside].std((1, 2))
    chosen = fine[np.argsort(structure, kind="stable")[: max(1, round(FLATTEST * len(structure)))]]
    levels = float(np.median(chosen.std((1, 2))))
    shared = float(
        np.median((chosen[:, :, 1:] * chosen[:, :, :-1]).mean((1, 2)) / np.maximum(chosen.var((1, 2)), 1e-6))
    )
    return min(levels, MOST_LEVELS), float(np.clip(shared, 0, 1))
