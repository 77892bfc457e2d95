"""Is an expression to be seen in the pixels: share of the true change that the output shows, no unit; 1 is best.

For rendered truth, and for what no landmark model sees (tongue, puffed cheeks, rolled lips). Three pictures of one
person in one pose: `truth` with the expression, `without` it (rendered with those strengths at 0), and the `output`.
The output's difference to `without` is projected onto the truth's, over the pixels that the expression changes, each
with its mean taken away: Σ (o − w)(t − w) / Σ (t − w)². 1: all of it; 0: the expression is missing; below 0: the
opposite. What fools it: an output that lies a few pixels off shows less (look at `flow.error_px`); contrast that is
too strong shows more than 1; a static photo in the right pose scores 0, in the wrong pose anything near 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics.ssim import luma

LEAST_CHANGE = 6.0
"""Grey levels by which an expression must change a pixel for it to count."""
LEAST_PIXELS = 20


def shown(
    output: NDArray[np.uint8], truth: NDArray[np.uint8], without: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> float:
    """Three pictures (H, W, 3) uint8 RGB, within `mask` (H, W), the face. NaN where the expression changes nothing."""
    change = luma(truth) - luma(without)
    where = mask & (np.abs(change) >= LEAST_CHANGE)
    if int(where.sum()) < LEAST_PIXELS:
        return float("nan")
    true = change[where] - change[where].mean()
    made = (luma(output) - luma(without))[where]
    size = float(true @ true)
    return float((made - made.mean()) @ true) / size if size > 0 else float("nan")
