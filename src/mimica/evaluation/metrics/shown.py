"""Is an expression to be seen in the pixels: share of the true change that the output shows, no unit; 1 is best.

For rendered truth, and for what no landmark model sees (tongue, puffed cheeks, rolled lips). Three pictures of one
person in one pose: `truth` with the expression, `without` it (rendered with those strengths at 0), and the `output`.
The output's difference to `without` is projected onto the truth's, over the pixels that the expression changes, each
with its mean taken away: Σ (o − w)(t − w) / Σ (t − w)². 1: all of it; 0: the expression is missing; below 0: the
opposite.

What fools it: a head that is turned otherwise. Measured on six rendered people (`python -m mimica.evaluation.ruler`):
with the head 3° off, a whole expression shows 0.64..0.85 and a missing one 0.16..0.43; half strength in the right pose
shows 0.49..0.53 (a tongue that is half out 0.14: it is still inside). So set it beside the pose error and the static
photo's own number. Contrast that is too strong shows more than 1.
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
