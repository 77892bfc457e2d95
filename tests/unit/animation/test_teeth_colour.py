"""Teeth have the colour that the photo shows, where it shows any, or one that fits its skin."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.animation.reading import FeatureReading
from mimica.animation.teeth_colour import teeth_colour
from mimica.animation.tone import LUMA

SKIN = np.float32([0.6, 0.45, 0.35])
ENAMEL, LIPS, NIGHT = (180, 172, 155), (170, 60, 60), (30, 26, 25)


def mouth(opening: tuple[int, int] | None) -> FeatureReading:
    """A window of 40 x 30 photo pixels in cells as large as those, open over so many columns and rows."""
    region = np.zeros((30, 40, 3), np.float32)
    if opening is not None:
        columns, rows = opening
        region[15 - rows // 2 : 15 + rows - rows // 2, 20 - columns // 2 : 20 + columns - columns // 2, 2] = 1
    return FeatureReading("mouth", np.float32([10, 10]), np.float32([40, 30]), region.copy(), region)


def photo(colour: tuple[int, int, int], lower: tuple[int, int, int] | None = None) -> NDArray[np.uint8]:
    picture = np.full((60, 60, 3), colour, np.uint8)
    if lower is not None:
        picture[25:] = lower
    return picture


def test_a_closed_mouth_leaves_it_to_the_skin() -> None:
    suggested = teeth_colour(photo(ENAMEL), mouth(None), SKIN)
    brightness = float(SKIN @ LUMA)
    assert float(suggested @ LUMA) == pytest.approx(0.7 * brightness + 38 / 255, abs=1e-4)
    assert suggested[0] > suggested[1] > suggested[2]
    darker = teeth_colour(photo(ENAMEL), mouth(None), SKIN / 2)
    assert 0.6 < float(darker @ LUMA) / float(suggested @ LUMA) < 0.9


def test_grey_skin_means_grey_light() -> None:
    colour = teeth_colour(photo(ENAMEL), mouth(None), np.full(3, 0.5, np.float32))
    assert np.ptp(colour / colour.mean()) < 0.15


def test_a_smile_shows_them() -> None:
    expected = np.array(ENAMEL) / 255
    assert np.allclose(teeth_colour(photo(ENAMEL), mouth((24, 8)), SKIN), expected, atol=0.01)
    assert np.allclose(teeth_colour(photo(ENAMEL, NIGHT), mouth((24, 8)), SKIN), expected, atol=0.01)  # above the dark


@pytest.mark.parametrize(("seen", "opening"), [(LIPS, (24, 8)), (NIGHT, (24, 8)), (ENAMEL, (8, 3))],
                         ids=["lips", "darkness", "a gap too small"])  # fmt: skip
def test_what_is_hardly_teeth_is_not_taken_for_them(seen: tuple[int, int, int], opening: tuple[int, int]) -> None:
    suggested = teeth_colour(photo(ENAMEL), mouth(None), SKIN)
    assert np.array_equal(teeth_colour(photo(seen), mouth(opening), SKIN), suggested)
