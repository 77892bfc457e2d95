"""How far the lips part: what is seen first of an expression, and what is kept when its parts are changed.

Many directions part the lips or close them. Taking a little off each (a driver's rest), or a little more (a reader's
gain), would open a closed mouth or close an open one; `part_lips` puts that right by the jaw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_INDEX, RIG_NAMES

FloatArray = NDArray[np.float32]

_CM_PER_STRENGTH: dict[str, float] = {
    "cheekSquint_L": 0.02, "cheekSquint_R": 0.02, "mouthDimple_L": -0.08, "mouthDimple_R": -0.08,
    "mouthLowerDown_L": 0.29, "mouthLowerDown_R": 0.29, "mouthPress_L": -0.11, "mouthPress_R": -0.11,
    "mouthUpperUp_L": 0.35, "mouthUpperUp_R": 0.35, "noseSneer_L": 0.32, "noseSneer_R": 0.31, "jawForward": 0.11,
    "jawLeft": -0.02, "jawOpen": 2.88, "jawRight": -0.02, "mouthClose": -3.70, "mouthFunnel": 1.09,
    "mouthLeft": -0.04, "mouthPucker": -0.12, "mouthRight": -0.04, "mouthRollLower": -0.23, "mouthRollUpper": 0.13,
    "mouthShrugLower": -0.64, "mouthShrugUpper": 0.46,
}  # fmt: skip
LIPS_GAP_CM: FloatArray = np.array([_CM_PER_STRENGTH.get(name, 0.0) for name in RIG_NAMES], np.float32)
"""(49,) cm between the lips' inner rims, mean of three columns on the mean head, per strength of each direction."""
MAX_JAW = 1.25
_JAW, _CLOSE = EXPRESSION_INDEX["jawOpen"], EXPRESSION_INDEX["mouthClose"]


def lips_gap(expression: NDArray[np.floating]) -> NDArray[np.floating]:
    """(..., 52) strengths → (...) cm between the lips; negative where they press together."""
    return expression[..., : len(RIG_NAMES)] @ LIPS_GAP_CM


def part_lips(expression: FloatArray, gap_cm: float) -> FloatArray:
    """The same expression (52,) with lips `gap_cm` apart (together where it is negative).

    What mouthClose and jawOpen can give is used, in this order when they have to part; nothing else changes.
    """
    parted = expression.copy()
    lack = max(float(gap_cm), 0.0) - float(lips_gap(parted))
    if lack > 0:
        released = min(max(float(parted[_CLOSE]), 0.0), -lack / float(LIPS_GAP_CM[_CLOSE]))
        parted[_CLOSE] -= released
        lack += released * float(LIPS_GAP_CM[_CLOSE])
        parted[_JAW] = min(float(parted[_JAW]) + lack / float(LIPS_GAP_CM[_JAW]), MAX_JAW)
    else:
        spare = max(float(parted[_JAW] - max(parted[_CLOSE], 0)), 0.0)  # mouthClose closes over an open jaw only
        parted[_JAW] -= min(spare, -lack / float(LIPS_GAP_CM[_JAW]))
    return parted
