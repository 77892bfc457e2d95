"""Does the background shimmer: its mean change from frame to frame while the driver rests, grey levels 0..255; 0 is
best.

Background is what lies well away from the head and above the chin (shoulders may move); the driver rests where its
landmarks move less than `STILL` of the distance between the eyes' corners in a frame. Mean absolute difference of
luma; the photo's background does not move, so any change was made by the system or its codec.

What fools it: a system that draws no background, or a plain wall, scores 0; slow drift is no flicker here; a driver
who never rests gives NaN. Where driver and output are one camera's video (suite *self*), moving scenery counts as
flicker: set the driver's own number beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

STILL = 0.012
"""Median movement of the landmarks from one frame to the next, in distances of the outer eye corners."""
HEAD_MARGIN = (0.5, 0.6)
"""How far hair and ears may reach beyond the box of the landmarks, in its widths and heights."""
LEAST_SHARE = 0.02
"""A background smaller than this share of the picture says nothing."""


def resting(landmarks: NDArray[np.floating], eye_distance_px: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(T, N, 2) px and (T,) px of the driver → (T − 1,) whether it rests from each frame to the next."""
    if len(landmarks) < 2 or not np.isfinite(eye_distance_px).any():
        return np.zeros(max(0, len(landmarks) - 1), np.bool_)
    moved = np.linalg.norm(np.diff(np.asarray(landmarks, np.float64), axis=0), axis=-1)
    return np.median(moved, axis=-1) < STILL * float(np.nanmedian(eye_distance_px))


def background(boxes: NDArray[np.floating], height: int, width: int) -> NDArray[np.bool_]:
    """(H, W) what none of the face boxes (T, 4) px, widened by `HEAD_MARGIN`, ever touches, above the highest chin."""
    known = np.asarray(boxes, np.float64).reshape(-1, 4)
    known = known[np.isfinite(known).all(-1)]
    mask = np.ones((height, width), np.bool_)
    if not len(known):
        return np.zeros_like(mask)
    left, top = known[:, :2].min(0)
    right, bottom = known[:, 2:].max(0)
    wide, high = np.median(known[:, 2:] - known[:, :2], axis=0)
    mask[max(0, int(known[:, 3].min())) :] = False
    columns = slice(max(0, int(left - HEAD_MARGIN[0] * wide)), max(0, int(right + HEAD_MARGIN[0] * wide)))
    mask[max(0, int(top - HEAD_MARGIN[1] * high)) : max(0, int(bottom)), columns] = False
    return mask


def flicker(frames: Iterable[NDArray[np.uint8]], mask: NDArray[np.bool_], rests: NDArray[np.bool_]) -> float:
    """Mean change of `frames` (T images (H, W, 3) uint8 RGB, read one by one) in `mask` (H, W) where `rests` (T −
    1,)."""
    if mask.mean() < LEAST_SHARE or not rests.any():
        return float("nan")
    weight = mask.astype(np.uint8)
    greys = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames)
    changes = [
        cv2.mean(cv2.absdiff(before, after), weight)[0]
        for (before, after), rest in zip(pairwise(greys), rests, strict=True)
        if rest
    ]
    return float(np.mean(changes))
