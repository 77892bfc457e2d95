"""What strengths of expressions do to a face, as one linear map: where landmarks go, how far lips and lids part.

A network that is only asked for strengths may err a little in each of five that part the lips, all the same way. Asked
for the gap as well, it may not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_NAMES, RIG_NAMES
from mimica.runtime.weights import load_network

LANDMARKS_CM: NDArray[np.float32] = np.array([
    (-7.38, 3.68, 3.67), (-7.32, 1.48, 3.97), (-7.13, -0.54, 4.56), (-6.59, -2.50, 5.04),
    (-5.54, -4.72, 5.60), (-4.27, -6.84, 6.31), (-3.17, -8.19, 7.22), (-1.64, -9.11, 8.30),
    (0.00, -9.54, 8.40), (1.64, -9.11, 8.30), (3.17, -8.19, 7.22), (4.27, -6.84, 6.31),
    (5.54, -4.72, 5.60), (6.59, -2.50, 5.04), (7.13, -0.54, 4.56), (7.32, 1.48, 3.97),
    (7.38, 3.68, 3.67), (-5.82, 5.20, 7.91), (-4.94, 5.98, 8.99), (-3.79, 6.26, 9.83),
    (-2.41, 6.19, 10.48), (-1.17, 5.91, 10.73), (1.17, 5.91, 10.73), (2.41, 6.19, 10.48),
    (3.79, 6.26, 9.83), (4.94, 5.98, 8.99), (5.82, 5.20, 7.91), (0.00, 3.73, 10.74),
    (0.00, 2.62, 11.53), (0.00, 1.59, 12.32), (0.00, 0.37, 13.06), (-1.27, -1.33, 10.86),
    (-0.60, -1.26, 11.40), (0.00, -1.29, 11.53), (0.60, -1.26, 11.40), (1.27, -1.33, 10.86),
    (-4.46, 3.43, 8.60), (-3.87, 3.87, 9.36), (-2.78, 3.94, 9.53), (-1.84, 3.25, 9.20),
    (-2.73, 3.08, 9.41), (-3.86, 3.06, 9.23), (1.84, 3.25, 9.20), (2.78, 3.94, 9.53),
    (3.87, 3.87, 9.36), (4.46, 3.43, 8.60), (3.86, 3.06, 9.23), (2.73, 3.08, 9.41),
    (-2.34, -4.44, 9.40), (-1.68, -3.12, 10.99), (-0.75, -2.61, 11.68), (0.00, -2.65, 11.82),
    (0.75, -2.61, 11.68), (1.68, -3.12, 10.99), (2.34, -4.44, 9.40), (1.79, -5.91, 9.58),
    (1.09, -6.55, 9.92), (0.00, -6.83, 10.05), (-1.09, -6.55, 9.92), (-1.79, -5.91, 9.58),
    (-2.06, -4.55, 9.25), (-0.98, -3.56, 10.94), (0.00, -3.49, 11.26), (0.98, -3.56, 10.94),
    (2.06, -4.55, 9.25), (1.05, -5.53, 9.77), (0.00, -5.86, 9.90), (-1.05, -5.53, 9.77),
], np.float32)  # fmt: skip
"""Canonical coordinates of the 68 landmarks (iBUG order) on ICT-FaceKit's mean head (MIT), its mouth open."""

GAPS: tuple[tuple[int, int], ...] = (
    (61, 67), (62, 66), (63, 65),  # between the lips
    (43, 47), (44, 46), (37, 41), (38, 40),  # between the lids, left eye and right
)  # fmt: skip
"""Landmarks above and below what opens."""
GAP_WEIGHT = 12.0
"""What is seen first when it is wrong."""


def geometry() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(52, R) map from strengths to rows in cm (204 of landmarks, then `GAPS`), and the rows' weights (R,).

    The directions are those of the shipped RigField. The tongue moves none of these rows.

    Raises:
        WeightsError: the RigField is missing.
    """
    field = load_network("rig_field", "cpu").run({"canonical": LANDMARKS_CM})["directions"]  # (68, 49, 3)
    gaps = np.stack([field[above, :, 1] - field[below, :, 1] for above, below in GAPS], 1)
    rows = np.zeros((len(EXPRESSION_NAMES), 3 * len(LANDMARKS_CM) + len(GAPS)), np.float32)
    rows[: len(RIG_NAMES)] = np.concatenate([field.transpose(1, 0, 2).reshape(len(RIG_NAMES), -1), gaps], 1)
    weights = np.ones(rows.shape[1], np.float32)
    weights[-len(GAPS) :] = GAP_WEIGHT
    return rows, weights
