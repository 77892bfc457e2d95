"""A picture as the mark sees it: small, grey, and with every texture brought to the same strength.

Dividing by the local deviation is the mark's main lever: it whitens the picture, whose own structure is noise to the
detector, and undoes the texture mask under which the mark was written, so that the repeated tile comes out flat.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]

FLOOR_LEVELS = 1.4
"""Deviation (levels of 255) below which a place counts as flat; it also bounds the mark there."""
_NEIGHBOURHOOD_PX = 9


def to_canvas(frame: NDArray[np.uint8], short_px: int) -> Canvas:
    """Luma of a frame (H, W, 3) uint8 RGB, scaled to a short side of `short_px`; (h, w) float32, 0..255."""
    height, width = frame.shape[:2]
    scale = short_px / min(height, width)
    size = (max(1, math.floor(width * scale + 0.5)), max(1, math.floor(height * scale + 0.5)))
    luma = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    if size != (width, height):
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(luma, np.float32)


def normalised(canvas: Canvas) -> tuple[Canvas, Canvas]:
    """(residual in units of the local deviation, local deviation in levels), both (h, w) float32."""
    box = (_NEIGHBOURHOOD_PX, _NEIGHBOURHOOD_PX)
    detail = canvas - cv2.blur(canvas, box)
    power = np.maximum(cv2.blur(detail * detail, box), 0)  # a running sum may end a hair below zero
    deviation = np.asarray(np.sqrt(power), np.float32)
    return np.asarray(detail / (deviation + FLOOR_LEVELS), np.float32), deviation
