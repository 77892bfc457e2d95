"""Do mouth and eyes open and close as the driver's do: correlation, slope and lag of their openings (`curve`).

Openings have no unit: mouth, the gap between the inner lips over the distance of the eyes' outer corners; eyes, the
gap between the lids over the eye's width, mean of both. What fools them, besides what fools `curve`: a turned head
shortens the rulers, so openings grow with yaw; a mouth that is open but painted shut (no dark inside, no teeth) still
counts as open; landmark models invent lips for faces that they know, so small gaps are guesses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics.curve import Agreement, agreement

LEAST_MOUTH_SPREAD, LEAST_EYES_SPREAD = 0.02, 0.03
"""A driver whose opening varies less (standard deviation) says nothing about following."""


def mouth_aperture(driver: NDArray[np.floating], output: NDArray[np.floating]) -> Agreement:
    """`mouth_opening` (T,) of two traces."""
    return agreement(driver, output, least_spread=LEAST_MOUTH_SPREAD)


def eye_aperture(driver: NDArray[np.floating], output: NDArray[np.floating]) -> Agreement:
    """`eye_opening` (T, 2) of two traces; the mean of both eyes is compared."""
    return agreement(driver.mean(-1), output.mean(-1), least_spread=LEAST_EYES_SPREAD)
