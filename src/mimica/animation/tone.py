"""Tone: what is painted into a grey, sepia or tinted photo has the photo's colours, not those of flesh."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep

FloatArray = NDArray[np.float32]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TONED_LEVELS = (2.0, 3.3)
"""Root mean square departure, in grey levels, of a photo's colours from one colour per brightness: below the first
the photo has but one tone, from the second on it is a colour photo. Measured after JPEG 70: grey copies of 141
portraits 0.0, sepia copies 1.2 (median) to 2.2, the portraits in colour 3.4 to 30, median 12."""
_THUMBNAIL_PX = 96


def middle_light(picture: NDArray[np.uint8], most_px: int) -> FloatArray:
    """Brightness, 0..255, of `picture` (H, W, 3) uint8 RGB; of a large one the middle `most_px` of rows and columns."""
    height, width = picture.shape[:2]
    top, left = max(0, (height - most_px) // 2), max(0, (width - most_px) // 2)
    return np.asarray(picture[top : top + most_px, left : left + most_px].astype(np.float32) @ LUMA, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """toned: 0..1, how surely the photo has one colour for each brightness. curve: (4, 3) that colour's polynomial."""

    toned: float
    curve: FloatArray

    @classmethod
    def of(cls, photo: NDArray[np.uint8]) -> Tone:
        """Measure `photo` (H, W, 3) uint8 RGB."""
        scale = min(1.0, _THUMBNAIL_PX / max(photo.shape[:2]))
        small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        colours = small.reshape(-1, 3).astype(np.float32)
        powers = _powers(colours @ LUMA)
        curve, *_ = np.linalg.lstsq(powers, colours, rcond=None)
        departure = float(np.sqrt(np.square(powers @ curve - colours).mean()))
        toned = 1 - float(smoothstep(np.array(departure), *TONED_LEVELS))
        return cls(toned, np.asarray(curve, np.float32))

    def apply(self, colours: FloatArray) -> FloatArray:
        """`colours` (..., 3) 0..255 as this photo would show them."""
        if self.toned <= 0:
            return colours
        own = _powers(colours @ LUMA) @ self.curve
        return np.asarray(colours + self.toned * (np.clip(own, 0, 255) - colours), np.float32)


def _powers(brightness: FloatArray) -> FloatArray:
    unit = brightness / np.float32(255)
    return np.stack([np.ones_like(unit), unit, unit**2, unit**3], -1)
