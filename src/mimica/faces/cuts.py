"""Cuts: where one scene of a video ends and another begins, seen frame by frame.

A cut changes the colours and the places of light and dark at once: a fast move changes places only, a lamp colours
only. A flash looks like two cuts; it is taken back when the scene from before returns. This module does not know faces.
"""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.faces.actor import colours

Image = NDArray[np.uint8]
Change = Literal["same", "stir", "light", "cut"]
Seen = Change | Literal["back"]

THUMBNAIL: Final = (48, 27)
COLOURS_CHANGE: Final = 0.12
"""Share of the colours that must change; measured: up to 0.05 within shots, from 0.19 between."""
PLACES_CHANGE: Final = 0.2
"""1 − correlation of the brightness that must be reached; measured: up to 0.39 within (shaken by hand), from 0.25."""
PLACES_ALONE: Final = 0.6
"""The same of places that is a cut whatever the colours: two cameras in one room."""
FLASH_S: Final = 0.25
"""A scene that returns within this was not cut away."""

_Look = tuple[NDArray[np.float32], NDArray[np.float32]]


class CutDetector:
    """Feed frames in order."""

    def __init__(self) -> None:
        self._last: _Look | None = None
        self._before: tuple[_Look, float] | None = None
        """The last look of the scene before the last cut, and when that cut was."""

    def update(self, image: Image, time_s: float) -> Seen:
        """What the next frame (H, W, 3) uint8 RGB is to the one before.

        The same scene, stirred by much movement, in other light; a cut; or back in the scene before a flash.
        """
        small = np.asarray(cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)
        now = colours(small), small.astype(np.float32).mean(-1)
        last, self._last = self._last, now
        change = "same" if last is None else _change(last, now)
        if last is None or change != "cut":
            return change
        if self._before is not None and time_s - self._before[1] <= FLASH_S and _change(self._before[0], now) != "cut":
            self._before = None
            return "back"
        self._before = last, time_s
        return "cut"


def _change(first: _Look, second: _Look) -> Change:
    other_colours = float(np.abs(first[0] - second[0]).sum()) / 2 > COLOURS_CHANGE
    a, b = (light - light.mean() for _, light in (first, second))
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    moved = 1 - float((a * b).sum()) / size if size > 1e-3 else 0.0
    if moved > (PLACES_CHANGE if other_colours else PLACES_ALONE):
        return "cut"
    if not other_colours:
        return "stir" if moved > PLACES_CHANGE else "same"
    return "cut" if size <= 1e-3 else "light"  # a plain picture has no places
