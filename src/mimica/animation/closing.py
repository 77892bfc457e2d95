"""Lips that meet at rest and lids that meet in a blink, on this very face.

This module does not know meshes; it corrects displacements at canonical points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import push_pull, sample, smooth_step
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.core.motion import FEATURES, RIG_NAMES

FloatArray = NDArray[np.float32]
Field = Callable[[FloatArray], FloatArray]
"""(N, 3) canonical → (N, 49, 3) displacement in cm."""

LIPS_RIM = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
"""Where lips meet, coordinates are a mixture of both and tear: two pixels of the window's map are not believed."""
BLINK_REACH = 1.15
"""Blinks go a little further than the lower lid, which stops them."""
LOWER_LID_RISES = 0.25
"""Share of the opening by which the lower lid comes up in a blink: ten actors' lids meet 0.02 of an eye's width below
its corners, not 0.075 where the lower lid lies when the eye is open."""
LID_FADES_CM = 0.5


SLITS = {"mouth": (0.0, 2.2), "left_eye": (3.15, 1.45), "right_eye": (-3.15, 1.45)}
"""Middle and half width in cm, in canonical x, of the slit between the lips and between the lids."""
FEWEST_COLUMNS = 5
UNEVEN_CM = 0.4
"""How much further than in the middle lips may stand apart elsewhere, once the expression is gone."""
LIDS_TAKEN_AWAY = 0.6
"""Of what closes the eyes: the rest is the person. Wholly opened, people who squint into the sun looked like
somebody else (dlib's similarity 0.917 against 0.933 on one of three portraits, equal on the others)."""
FEATURES_TAKEN_AWAY = 0.5
"""Of brows, cheeks and narrowed eyes, which may be the person or the moment (docs/experiments.md weighs it)."""
_TAKEN_AWAY = np.array([
    FEATURES_TAKEN_AWAY if name.startswith(FEATURES) else LIDS_TAKEN_AWAY if name.startswith("eyeBlink") else 1.0
    for name in RIG_NAMES
], np.float32)  # fmt: skip


def taken_away(expression: FloatArray) -> FloatArray:
    """(49,) strengths that the step to the neutral face takes away, of the (52,) read in the photo."""
    return (np.clip(expression[: len(RIG_NAMES)], 0, 1.1) * _TAKEN_AWAY).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Blink:
    """How one eye's lids meet, per column `x` (n,), rising, in canonical cm.

    Attributes:
        gain: (n,) by which the upper lid's way is multiplied. rise: (n,) cm that the lower lid comes up.
        y_lower, y_middle: how high the lower lid's rim and the slit's middle lie.
    """

    x: FloatArray
    gain: FloatArray
    rise: FloatArray
    y_lower: float
    y_middle: float

    def rise_at(self, canonical: FloatArray) -> FloatArray:
        """(N,) cm upwards of what lies below the slit, fading towards the cheek and beyond the corners."""
        away = np.abs(canonical[:, 1] - self.y_lower) / LID_FADES_CM
        fade = _fading(canonical, self.x, away, 0.3) * (canonical[:, 1] < self.y_middle)
        return np.asarray(np.interp(canonical[:, 0], self.x, self.rise) * fade, np.float32)


class Closing:
    """Makes lips meet at rest and lids meet in a blink, on this very face.

    Per column of a window the opening's height is measured in the photo; the mouth's neutral step is corrected until
    the lips touch, and each blink direction is scaled until the lids do.
    """

    def __init__(self, reading: PortraitReading, field: Field) -> None:
        self.strengths = taken_away(reading.expression)
        self.blinks: dict[int, _Blink] = {}
        self.lips: tuple[FloatArray, FloatArray, float, float] | None = None
        for feature in reading.features:
            rim = _rims(feature)
            if rim is None:
                continue
            above, below, gap_px = rim
            c_above = sample(window_canonical(feature, "upper"), above)
            c_below = sample(window_canonical(feature, "lower"), below)
            fields = field(c_above), field(c_below)
            gap = gap_px * (feature.size_px[1] / feature.region.shape[0]) / reading.scale
            gap = gap - (fields[0][..., 1] - fields[1][..., 1]) @ self.strengths
            middle = (c_above + c_below) / 2
            order = np.argsort(middle[:, 0])
            # on a cheek seen from the side, coordinates run wild: lips end at their corners
            between = np.abs(middle[order, 0] - SLITS[feature.kind][0]) < SLITS[feature.kind][1]
            if between.sum() < FEWEST_COLUMNS:
                continue
            order = order[between]
            x = np.asarray(middle[order, 0], np.float32)
            if feature.kind == "mouth":
                middle_gap = float(np.median(gap[order]))
                even = np.clip(gap[order], middle_gap - UNEVEN_CM, middle_gap + UNEVEN_CM)
                self.lips = (x, _smooth(even), float(c_above[order, 1].mean()), float(c_below[order, 1].mean()))
                continue
            index = RIG_NAMES.index("eyeBlink_L" if feature.kind == "left_eye" else "eyeBlink_R")
            travel = -(fields[0][:, index, 1] - fields[1][:, index, 1])
            rise = LOWER_LID_RISES * np.maximum(gap, 0)
            gain = np.clip((gap - rise) / np.maximum(travel, 0.15), 0.4, 2.2)
            self.blinks[index] = _Blink(
                x, _smooth(gain[order]) * BLINK_REACH, _smooth(rise[order]), float(c_below[order, 1].mean()),
                float(middle[order, 1].mean()),
            )  # fmt: skip

    def directions(self, canonical: FloatArray, own: FloatArray) -> FloatArray:
        """The field `own` (N, 49, 3) at `canonical` (N, 3) with this face's blinks."""
        directions = own.copy()
        for index, blink in self.blinks.items():
            directions[:, index] *= np.interp(canonical[:, 0], blink.x, blink.gain)[:, None]
            directions[:, index, 1] += blink.rise_at(canonical)
        return directions

    def neutral_step(self, canonical: FloatArray, own: FloatArray) -> FloatArray:
        """(N, 3) takes the photo's own expression away, and what is then left to close the lips.

        The lips' rest is shared by both and fades over a centimetre.
        """
        step = -np.einsum("nkd,k->nd", own, self.strengths)
        if self.lips is None:
            return step
        x, gap, y_above, y_below = self.lips
        along = np.interp(canonical[:, 0], x, gap)
        upper = canonical[:, 1] > (y_above + y_below) / 2
        away = np.where(upper, np.abs(canonical[:, 1] - y_above), np.abs(canonical[:, 1] - y_below))
        decay = _fading(canonical, x, away, 0.6) * (canonical[:, 2] > 5)
        step[:, 1] += np.where(upper, -0.5, 0.5) * along * decay
        return step


def _fading(canonical: FloatArray, x: FloatArray, away: NDArray[np.floating], beside_cm: float) -> FloatArray:
    """(N,) 1 at a slit with the columns `x` (n,), less where `canonical` (N, 3) lies `away` (N,) of it or beside it."""
    beside = np.maximum(np.maximum(x[0] - canonical[:, 0], canonical[:, 0] - x[-1]), 0)
    return (1 + away) * np.exp(-away) * np.exp(-np.square(beside / beside_cm))


def _smooth(values: NDArray[np.floating]) -> FloatArray:
    """A running average over the columns, ends repeated."""
    size = max(3, len(values) // 6) | 1
    padded = np.pad(values.astype(np.float32), size // 2, mode="edge")
    return np.convolve(padded, np.full(size, 1 / size, np.float32), mode="valid")


def _rims(feature: FeatureReading) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Per column of the window that crosses the slit: a point just above it, one just below, the gap in window px."""
    upper, lower, opening = (feature.region[..., index] for index in range(3))
    rows = np.arange(upper.shape[0])
    above, below, gaps = [], [], []
    central = (opening * 1.0 + 4 * np.minimum(upper, lower)).sum(0)
    used = np.flatnonzero(opening.sum(0) > 0.8)
    if len(used) < FEWEST_COLUMNS:  # closed: the slit is where upper skin meets lower skin, near the window's middle
        middle = upper.shape[1] // 2
        reach = upper.shape[1] // 5
        used = np.arange(middle - reach, middle + reach)
        if central[used].sum() < 1e-3:
            return None
    for column in used:
        is_upper, is_lower = np.flatnonzero(upper[:, column] > 0.5), np.flatnonzero(lower[:, column] > 0.5)
        if not len(is_upper) or not len(is_lower):
            continue
        gap = float(opening[:, column].sum())
        edge = float(is_lower.min())
        top = edge - gap
        if edge <= 1 or rows[-1] - edge <= 1:
            continue
        above.append((column + 0.5, max(top - 1.0, 0.5)))
        below.append((column + 0.5, edge + 1.0))
        gaps.append(gap)
    if len(gaps) < FEWEST_COLUMNS:
        return None
    return np.array(above, np.float32), np.array(below, np.float32), np.array(gaps, np.float32)


def window_canonical(feature: FeatureReading, name: str) -> FloatArray:
    """Canonical map of a window as one sheet sees it: its own skin kept, the rest extended from its rim."""
    upper, lower = feature.region[..., 0], feature.region[..., 1]
    if name == "base":
        return push_pull(feature.canonical, smooth_step(upper + lower, 0.5, 0.9))
    own = np.ascontiguousarray(upper if name == "upper" else lower)
    if feature.kind == "mouth":
        own = np.asarray(cv2.erode(own, LIPS_RIM), np.float32)
    return push_pull(feature.canonical, smooth_step(own, 0.5, 0.9))
