"""The visible label: the letters "AI" on a dark plate at the top right, drawn as shapes: sharp at any size.

Letters are at least 5 % of the short side high, as China's GB 45438-2025 asks, and at least 10 pixels; the place and
the two letters follow the icon of the EU's code of practice on marking. The Chinese standard also wants words that say
"generated", which two letters do not: see `label_words`. The label is shown for the first seconds (that standard asks
for two) and again after each cut, or always; there is no "never". This module does not know consent, files or the
invisible mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.label_words import STROKE, Points, Words, chosen_words

LabelPolicy = Literal["start", "always"]

SHOWN_S: Final = Fraction(3)
"""How long the label stays after the start and after each cut."""
LETTER_SHARE: Final = 0.055
"""Height of the letters as a share of the picture's short side."""
LEAST_PX: Final = 10
CUT_LEVELS: Final = 24.0
"""Mean change of grey levels from one frame to the next, seen at 32 × 32, from which it counts as a cut."""

PLATE_RGB: Final = (18, 18, 22)
PLATE_OPACITY: Final = 0.78
LETTERS_RGB: Final = (255, 255, 255)
_PADDING: Final = 0.42
_BORDER: Final = 0.07
_SUPERSAMPLING: Final = 8

Coverages = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class Label:
    """Draws the label into the frames of one clip, given in order.

    policy: "start" (first seconds and after cuts) or "always". Raises UsageError for another.
    """

    def __init__(self, policy: str = "start") -> None:
        if policy not in get_args(LabelPolicy):
            raise UsageError(
                f"label {policy!r}: choose one of {', '.join(get_args(LabelPolicy))}; it cannot be left out"
            )
        chosen_words()  # a wrong wish is told before anything is computed
        self._always = policy == "always"
        self._since: Fraction | None = None
        self._seen: NDArray[np.float32] | None = None

    def state(self) -> dict[str, Any]:
        """What `go_on` needs to draw the following frames as this label would, in types that JSON knows."""
        seen = None if self._seen is None else self._seen.reshape(-1).tolist()
        return {"since": None if self._since is None else str(self._since), "seen": seen}

    def go_on(self, state: Mapping[str, Any]) -> None:
        """Take over where a label with this `state` stopped."""
        self._since = None if state["since"] is None else Fraction(state["since"])
        self._seen = None if state["seen"] is None else np.array(state["seen"], np.float32).reshape(32, 32)

    def draw(self, frame: NDArray[np.uint8], time: Fraction) -> NDArray[np.uint8]:
        """`frame` (H, W, 3) uint8 RGB at `time` seconds; a labelled copy where the label is due, else itself."""
        seen = cv2.resize(frame, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32).mean(axis=2)
        cut = self._seen is None or float(np.abs(seen - self._seen).mean()) > CUT_LEVELS
        self._seen = seen
        if cut or self._since is None:
            self._since = time
        return labelled(frame) if self._always or time - self._since < SHOWN_S else frame


def labelled(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of `image` (H, W, 3) uint8 RGB with the label at its top right."""
    height, width = image.shape[:2]
    plate, letters, border = _coverage(chosen_words(), letter_px(width, height))
    rows, columns = plate.shape
    margin = max(2, round(0.02 * min(width, height)))
    top, left = min(margin, height - 1), max(0, width - margin - columns)
    rows, columns = min(rows, height - top), min(columns, width - left)
    out = image.copy()
    patch = out[top : top + rows, left : left + columns].astype(np.float32)
    for colour, cover in ((PLATE_RGB, plate * PLATE_OPACITY), (LETTERS_RGB, border * 0.85), (LETTERS_RGB, letters)):
        weight = cover[:rows, :columns, None]
        patch += weight * (np.array(colour, np.float32) - patch)
    out[top : top + rows, left : left + columns] = np.rint(patch).astype(np.uint8)
    return out


def letter_px(width: int, height: int) -> int:
    """Height of the letters in pixels for a picture of this size."""
    return max(LEAST_PX, math.ceil(LETTER_SHARE * min(width, height)))


@lru_cache(maxsize=8)
def _coverage(words: Words, letter: int) -> Coverages:
    """Plate, letters and the plate's border as coverages 0..1 of equal shape, for letters of `letter` pixels."""
    unit = letter * _SUPERSAMPLING
    rows, columns = math.ceil(letter * (1 + 2 * _PADDING)), math.ceil(letter * (words.width + 2 * _PADDING))
    size = (rows * _SUPERSAMPLING, columns * _SUPERSAMPLING)
    radius = 0.3 * unit
    outer = _rounded(size, 0.0, radius)
    inset = max(_BORDER * unit, _SUPERSAMPLING)  # one pixel at least
    border = outer * (1 - _rounded(size, inset, max(radius - inset, 1.0)))
    text = np.zeros(size, np.uint8)
    corner = ((size[1] - words.width * unit) / 2, (size[0] - unit) / 2)
    for shape in words.fills:
        cv2.fillPoly(text, [_placed(points, unit, corner) for points in shape], 1)  # holes: even-odd rule
    for points in words.strokes:
        cv2.polylines(text, [_placed(points, unit, corner)], False, 1, max(1, round(STROKE * unit)))
    return _reduced(outer, rows, columns), _reduced(text, rows, columns), _reduced(border, rows, columns)


def _placed(points: Points, unit: float, corner: tuple[float, float]) -> NDArray[np.int32]:
    return np.rint(np.array(points) * unit + corner).astype(np.int32)


def _rounded(size: tuple[int, int], inset: float, radius: float) -> NDArray[np.float32]:
    """1 inside a rectangle with round corners that lies `inset` inside the array, else 0."""
    y, x = np.indices(size, np.float32) + 0.5
    half_y, half_x = size[0] / 2 - inset - radius, size[1] / 2 - inset - radius
    away = np.hypot(np.maximum(np.abs(y - size[0] / 2) - half_y, 0), np.maximum(np.abs(x - size[1] / 2) - half_x, 0))
    return (away <= radius).astype(np.float32)


def _reduced(cover: NDArray[np.float32] | NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.float32]:
    whole = cover.astype(np.float32).reshape(rows, _SUPERSAMPLING, columns, _SUPERSAMPLING)
    return whole.mean(axis=(1, 3))
