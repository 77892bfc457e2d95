"""The shadow that lips and lids cast on what lies inside them, in the image.

This module does not know geometry: it sees how much of each pixel is mouth, teeth or eye.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# Openings: which coverage is darkened, by what it is covered, how far down the cover's shadow falls and how soft it is
# (both as shares of the face's width), how dark it gets.
_OPENINGS = ((0, (0, 1), 0.035, 0.035, 0.75), (1, (0, 1), 0.0175, 0.025, 0.3), (2, (2,), 0.01225, 0.02, 0.5))


def shade_openings(
    image: FloatArray, coverage: FloatArray, seen: FloatArray, face_width_px: float
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: image 0..1 with the shadow that lips and lids cast on what lies inside."""
    for channel, covers, shift, blur, strength in _OPENINGS:
        mask = coverage[..., channel]
        rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
        if not len(rows):
            continue
        sigma, drop = max(0.3, blur * face_width_px), max(1, round(shift * face_width_px))
        margin = int(3 * sigma) + drop + 1
        top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
        window = np.s_[top : rows[-1] + margin, left : columns[-1] + margin]
        cover = 1 - sum(coverage[..., c][window] for c in covers)
        cover = np.concatenate([np.repeat(cover[:1], drop, 0), cover[:-drop]])[: len(cover)]
        shadow = cv2.GaussianBlur(cover.astype(np.float32), (0, 0), sigma)
        dark = 1 - mask[window] * strength * shadow
        if channel == 2:
            dark = 1 - mask[window] * strength * shadow * (1 - 0.8 * seen[window])
        image[window] *= dark[..., None]
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
