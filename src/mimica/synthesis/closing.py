"""The target shape: the fitted shape with lips that meet and lids that close.

A fit explains the photo, teeth showing or mouth ajar included; what is left of that in the shape would keep every
rendered mouth and lid open. This module does not know pixels beyond the landmarks' own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import FOCAL_PX
from mimica.synthesis.correspondence import LOWER_INNER_LIP, LOWER_LID, UPPER_INNER_LIP, UPPER_LID
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.rig import FloatArray

MOUTH_OPEN_PX = 4.0
"""Inner-lip gap from which the photo itself shows the inside of the mouth."""

_LIP_RANGE_CM = 1.0
_BLINK_REACH = 1.06
_GAIN_RANGE = (0.4, 2.2)


def matern(a: NDArray[np.floating], b: NDArray[np.floating], range_cm: float) -> NDArray[np.floating]:
    """(N, M) Matérn-3/2 kernel between points (N, 3) and (M, 3)."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    distance = np.sqrt(np.maximum(squared, 0)) / range_cm
    return (1 + distance) * np.exp(-distance)


def lip_gap_px(portrait: FittedPortrait) -> float:
    """Distance between the middles of the inner lips in the photo."""
    return float(abs(portrait.landmarks[13, 1] - portrait.landmarks[14, 1]))


def close_lips(atlas: HeadAtlas, shape: FloatArray) -> FloatArray:
    """(V, 3) the shape with the nine inner-lip pairs as far apart as in the neutral rig."""
    rig, vertex = atlas.rig, atlas.correspondence.vertex
    upper, lower = vertex[list(UPPER_INNER_LIP)], vertex[list(LOWER_INNER_LIP)]
    excess = (shape[upper] - shape[lower]) - (rig.neutral[upper] - rig.neutral[lower])
    excess[:, 0] = 0
    anchors = atlas.canonical[np.r_[upper, lower]].astype(np.float64)
    x, y, z = rig.neutral[: atlas.face_count].T
    near = np.nonzero((np.abs(x) < 5) & (y > -9) & (y < -0.5) & (z > 7.5))[0]
    kernel = matern(anchors, anchors, _LIP_RANGE_CM) + 0.01 * np.eye(len(anchors))
    field = np.linalg.solve(kernel, np.r_[-0.5 * excess, 0.5 * excess])
    closed = shape.copy()
    closed[near] += (matern(atlas.canonical[near].astype(np.float64), anchors, _LIP_RANGE_CM) @ field).astype(
        np.float32
    )
    return closed


def blink_directions(atlas: HeadAtlas, shape: FloatArray) -> dict[int, FloatArray]:
    """Row → (V, 3) offsets of `eyeBlink_R` and `eyeBlink_L`, scaled along the lid so that 1 closes this eye."""
    rig, vertex = atlas.rig, atlas.correspondence.vertex
    directions = {}
    for side in "RL":
        row = rig.index(f"eyeBlink_{side}")
        upper, lower = vertex[list(UPPER_LID[side])], vertex[list(LOWER_LID[side])]
        offset = rig.expression[row]
        gap, travel = (shape[upper] - shape[lower])[:, 1], -(offset[upper] - offset[lower])[:, 1]
        gain = np.clip(gap / np.maximum(travel, 0.15), *_GAIN_RANGE)
        order = np.argsort(rig.neutral[upper, 0])
        smooth = np.convolve(np.pad(gain[order], 1, "edge"), [0.25, 0.5, 0.25], "valid")
        along = np.interp(rig.neutral[:, 0], rig.neutral[upper, 0][order], smooth)
        directions[row] = (offset * along[:, None] * _BLINK_REACH).astype(np.float32)
    return directions


def stretch_upper_teeth(atlas: HeadAtlas, portrait: FittedPortrait, *shapes: FloatArray) -> None:
    """Lengthen the upper row, in place, down to the photo's lower lip, so that visible teeth project onto teeth."""
    if lip_gap_px(portrait) < MOUTH_OPEN_PX:
        return
    incisors, row = atlas.rig.part("upper_incisors"), atlas.rig.part("upper_teeth")
    shape = portrait.shape
    edge, top = shape[incisors, 1].min(), shape[incisors, 1].max()
    lip = (
        shape[atlas.correspondence.vertex[14], 1]
        + portrait.expression @ atlas.rig.expression[:, atlas.correspondence.vertex[14], 1]
    )
    scale = np.clip((top - (lip - 0.12)) / (top - edge), 0.9, 1.7)
    for target in shapes:
        target[row, 1] = top + (target[row, 1] - top) * scale


def head_scale_px(portrait: FittedPortrait) -> float:
    """Pixels of the crop per centimetre at the head's origin."""
    return FOCAL_PX / float(-portrait.translation[2])
