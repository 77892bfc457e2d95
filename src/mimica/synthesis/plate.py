"""The photo's layers: how solid the person is, and the background that the person hides.

This module does not know heads; it sees the crop, the matte and the outline of the face.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.camera import CROP_SIZE
from mimica.synthesis.fitted import FittedPortrait

_SMALL = 160


def person_alpha(portrait: FittedPortrait) -> NDArray[np.float32]:
    """(512, 512) float32 0..1 opacity of the person; the face itself is always solid."""
    outline = np.zeros((CROP_SIZE, CROP_SIZE), np.uint8)
    cv2.fillConvexPoly(outline, cv2.convexHull(portrait.landmarks[:468, :2].astype(np.int32)), 255)
    matte = np.maximum(portrait.matte, outline).astype(np.float32) / 255
    return np.clip((matte - 0.15) / 0.7, 0, 1)


def background_plate(image: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(512, 512, 3) the crop with the person painted out, softly and with a little grain."""
    small = cv2.resize(image, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    hole = cv2.dilate((cv2.resize(alpha, (_SMALL, _SMALL)) > 0.08).astype(np.uint8), np.ones((5, 5)))
    filled = cv2.GaussianBlur(cv2.inpaint(small, hole, 4, cv2.INPAINT_TELEA), (0, 0), 1.2)
    filled = cv2.resize(filled, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 2, (CROP_SIZE, CROP_SIZE, 1)).astype(np.float32)
    edge = cv2.GaussianBlur(cv2.resize(hole.astype(np.float32), (CROP_SIZE, CROP_SIZE)), (0, 0), 3)[..., None]
    return np.clip(image * (1 - edge) + (filled + grain) * edge, 0, 255).astype(np.uint8)


def sample(image: NDArray, pixels: NDArray[np.floating]) -> NDArray:
    """Bilinear values of an image at continuous pixel coordinates (N, 2), borders replicated."""
    x, y = (pixels[:, k].astype(np.float32) - np.float32(0.5) for k in (0, 1))
    return cv2.remap(image, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
