"""Smooth extension of maps beyond where they are known: push-pull over an image pyramid (Gortler et al. 1996)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep

FloatArray = NDArray[np.float32]


def push_pull(values: FloatArray, weight: FloatArray) -> FloatArray:
    """`values` (H, W, C) kept where `weight` (H, W) 0..1 is 1, elsewhere replaced by what surrounds it.

    The further from known pixels, the coarser the average that fills. All-zero weight returns zeros.
    """
    channels = values.reshape(*values.shape[:2], -1).astype(np.float32)
    known = np.clip(weight, 0, 1).astype(np.float32)
    if min(known.shape) <= 2:
        total = known.sum()
        mean = (channels * known[..., None]).sum((0, 1)) / max(float(total), 1e-6)
        return np.where(known[..., None] > 0.5, channels, mean).astype(np.float32).reshape(values.shape)
    half = ((known.shape[1] + 1) // 2, (known.shape[0] + 1) // 2)
    coarse_weight = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
    premultiplied = channels * known[..., None]
    coarse = np.stack(
        [cv2.resize(premultiplied[..., c], half, interpolation=cv2.INTER_AREA) for c in range(channels.shape[2])], -1
    )
    coarse = np.asarray(coarse / np.maximum(coarse_weight, 1e-6)[..., None], np.float32)
    below = push_pull(coarse, np.asarray(np.minimum(coarse_weight * 4, 1), np.float32))
    size = (known.shape[1], known.shape[0])
    guess = np.stack(
        [cv2.resize(below[..., c], size, interpolation=cv2.INTER_LINEAR) for c in range(channels.shape[2])], -1
    )
    return (premultiplied + guess * (1 - known[..., None])).astype(np.float32).reshape(values.shape)


def smooth_step(values: NDArray[np.floating], low: float, high: float) -> FloatArray:
    """0 below `low`, 1 above `high`, 3t² − 2t³ between; `low` > `high` reverses it."""
    return smoothstep(values, low, high).astype(np.float32)


def look_up(
    image: NDArray[Any], places: FloatArray, border: int = cv2.BORDER_REPLICATE, *, how: int = cv2.INTER_LINEAR
) -> NDArray[Any]:
    """Samples of `image` (H, W[, C]) in its own type at `places` (h, w, 2); pixel centres are integers.

    how: bilinearly, which maps want lest they ring; pictures are looked up by `SharpImage`.
    """
    # the stubs want a second map; an empty array in its place makes OpenCV read garbage
    return cv2.remap(image, places, None, how, borderMode=border)  # pyright: ignore[reportCallIssue, reportArgumentType]


STRIP_PX = 1_000_000


def strips(height: int, width: int) -> Iterator[slice]:
    """Rows of a picture, about `STRIP_PX` pixels at a time: floating-point numbers take many times its memory."""
    step = max(1, STRIP_PX // width)
    return (slice(top, top + step) for top in range(0, height, step))


LARGE_BYTES = 16_000_000
"""Of larger pictures only the part around the points becomes floating-point numbers, which take four times as much."""


def part_around(image: NDArray[Any], points_px: NDArray[np.floating]) -> tuple[NDArray[Any], FloatArray]:
    """The part of a picture that `sample` reads for points (N, 2), N ≥ 1, and its corner (x, y)."""
    limit = np.array(image.shape[1::-1])
    low = np.clip(np.floor(points_px.min(0)).astype(int) - 2, 0, limit - 1)
    high = np.clip(np.ceil(points_px.max(0)).astype(int) + 2, low + 1, limit)
    return image[low[1] : high[1], low[0] : high[0]], low.astype(np.float32)


def sample(image: NDArray[np.generic], points_px: NDArray[np.floating]) -> FloatArray:
    """Bilinear samples of `image` (H, W[, C]) at `points_px` (N, 2) in its continuous pixels; edges repeat."""
    whole = image.nbytes <= LARGE_BYTES or not len(points_px)
    part, corner = (image, np.zeros(2, np.float32)) if whole else part_around(image, points_px)
    source = np.ascontiguousarray(part, np.float32)
    points = np.ascontiguousarray(points_px - corner, np.float32) - 0.5
    columns = 4096  # cv2.remap wants images of fewer than 32768 columns
    count = len(points)
    if not count:
        return np.zeros((0, *source.shape[2:]), np.float32)
    rows = -(-count // columns)
    grid = np.zeros((rows * columns, 2), np.float32)
    grid[:count] = points
    grid = grid.reshape(rows, columns, 2)
    planes = source.reshape(*source.shape[:2], -1)
    parts = [
        look_up(planes[..., start : start + 4], grid).reshape(rows * columns, -1)[:count]
        for start in range(0, planes.shape[2], 4)
    ]
    samples = np.concatenate(parts, 1)
    return samples[:, 0] if source.ndim == 2 else samples
