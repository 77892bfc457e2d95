"""Smooth steps between two values. Pure arithmetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def smoothstep(value: NDArray[np.floating] | float, low: float, high: float) -> NDArray[np.float64]:
    """3t² − 2t³ of the place of `value` between `low` and `high`, clamped; `low` > `high` reverses it."""
    t = np.clip((np.asarray(value) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
