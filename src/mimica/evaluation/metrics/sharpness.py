"""Is the face as sharp as the photo's: fine detail in the output over fine detail in the photo, no unit; 1 is best.

Fine detail is the root mean square of what a Gaussian of 1 px takes away, in luma, over the face. Both faces are
looked at at the photo's scale: a smaller output is enlarged to it first, so thrown-away pixels count as blur. The
median over frames is a clip's number.

What fools it: noise, ringing, compression blocks and sharpening filters count
as detail (above 1 is not better); opened mouths and wrinkles add some, closed eyes take some; a dark or flat-lit face
has less. A face that is nearer to the camera than in the photo is shrunk, which sharpens it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.landmark_layout import Landmarks
from mimica.evaluation.metrics.regions import Regions
from mimica.evaluation.metrics.ssim import luma

SIGMA_PX = 1.0
SAME_SCALE = 0.02
"""Faces whose scales differ by less are not resampled: resampling itself blurs."""


def fine_detail(
    image: NDArray[np.uint8], landmarks: NDArray[np.floating], layout: Landmarks, zoom: float = 1.0
) -> float:
    """Grey levels of fine detail in the face of `image` (H, W, 3) uint8 RGB, shown `zoom` times as large. NaN without
    a face."""
    if not np.isfinite(landmarks).all() or not np.isfinite(zoom):
        return float("nan")
    height, width = image.shape[:2]
    low = np.clip(np.floor(landmarks.min(0)).astype(int) - 8, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(landmarks.max(0)).astype(int) + 8, low + 1, [width, height])
    part = image[low[1] : high[1], low[0] : high[0]]
    points = np.asarray(landmarks, np.float64) - low
    if abs(zoom - 1) > SAME_SCALE:
        size = tuple(max(4, round(side * zoom)) for side in part.shape[1::-1])
        method = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
        part = np.asarray(cv2.resize(part, size, interpolation=method), np.uint8)
        points = points * zoom
    grey = luma(part)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), SIGMA_PX)
    inside = fine[Regions.of(points, layout, *part.shape[:2]).face]
    return float(np.sqrt(np.mean(np.square(inside)))) if len(inside) else float("nan")


def sharpness(
    photo: NDArray[np.uint8],
    photo_landmarks: NDArray[np.floating],
    frame: NDArray[np.uint8],
    frame_landmarks: NDArray[np.floating],
    layout: Landmarks,
) -> float:
    """Detail of one output frame (h, w, 3) over the photo's (H, W, 3), both uint8 RGB with landmarks (N, 2) px."""
    sizes = [_size(points, layout) for points in (photo_landmarks, frame_landmarks)]
    zoom = sizes[0] / sizes[1] if sizes[1] > 0 else float("nan")
    own = fine_detail(photo, photo_landmarks, layout)
    return fine_detail(frame, frame_landmarks, layout, zoom) / own if own > 0 else float("nan")


def _size(points: NDArray[np.floating], layout: Landmarks) -> float:
    """How large the face is shown: spread of the rigid landmarks, which a turn of the head shortens less than a
    width."""
    rigid = points[list(layout.rigid)]
    return float(np.sqrt(np.square(rigid - rigid.mean(0)).sum(-1).mean()))
