"""Flow end-point error: how far, in pixels, what the output shows lies from where it belongs; 0.. px, lower is better.

Two ways, both within a mask (the face):
- `end_point_error`: a system's own backward flow against the exact flow of a rendered truth (Barron et al. 1994;
  Baker et al. 2011). For systems that tell their flow.
- `flow_error`: dense optical flow from the true picture to the output (DIS, Kroeger et al., ECCV 2016); for
  anybody's pictures. A right picture has none.

On rendered heads that are turned 1..10° too far, whose landmarks truly lie 1.9..18.4 px off, `flow_error` says
1.7..17.1 px (`python -m mimica.evaluation.ruler`).

What fools the second: smooth skin shows no displacement, so errors there come out too small; a mouth that is open
instead of closed is no displacement at all; beyond about 20 px at 512 px the flow gets lost; strong blur lowers it.
Pixels scale with the picture: compare at one size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FLOW_SIDE_PX = 512
"""Larger pictures are shrunk to this longer side for the optical flow; the error is told in their own pixels."""


def end_point_error(flow: NDArray[np.floating], true_flow: NDArray[np.floating], mask: NDArray[np.bool_]) -> float:
    """Mean distance of two flows (H, W, 2) px within `mask` (H, W); NaN where the mask is empty."""
    distance = np.linalg.norm(np.asarray(flow, np.float64) - np.asarray(true_flow, np.float64), axis=-1)[mask]
    distance = distance[np.isfinite(distance)]
    return float(distance.mean()) if len(distance) else float("nan")


def flow_error(output: NDArray[np.uint8], truth: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Mean length of the optical flow between two pictures (H, W, 3) uint8 RGB within `mask` (H, W)."""
    if not mask.any():
        return float("nan")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    margin = max(16, (rows[-1] - rows[0]) // 8)
    part = (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )
    flow = optical_flow(truth[part], output[part])
    return end_point_error(flow, np.zeros_like(flow), mask[part])


def optical_flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 2) px: where what `first` (H, W, 3) shows at a pixel lies in `second`, as a displacement."""
    height, width = first.shape[:2]
    shrink = min(1.0, FLOW_SIDE_PX / max(height, width))
    size = (max(16, round(width * shrink)), max(16, round(height * shrink)))
    method = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
    grey = [
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=method) for image in (first, second)
    ]
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = estimator.calc(grey[0], grey[1], np.zeros((size[1], size[0], 2), np.float32))
    scaled = np.asarray(flow, np.float32) * np.array([width / size[0], height / size[1]], np.float32)
    return cv2.resize(scaled, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
