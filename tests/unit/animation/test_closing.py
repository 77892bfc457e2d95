"""What closes lips at rest, measured between their corners and never far from even; what closes lids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.animation.closing import BLINK_REACH, LOWER_LID_RISES, SLITS, UNEVEN_CM, Closing
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.core.motion import RIG_NAMES

BELOW_UPPER_LIP, ABOVE_LOWER_LIP = -4.4, -6.0


def still(canonical: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.zeros((len(canonical), len(RIG_NAMES), 3), np.float32)


def step(reading: PortraitReading, x: float, y: float) -> float:
    """How far what lies at (x, y) of the head goes up when the photo's own expression is taken away, cm."""
    canonical = np.float32([[x, y, 10.0]])
    return float(Closing(reading, still).neutral_step(canonical, still(canonical))[0, 1])


def parted(reading: PortraitReading, rows: NDArray[np.float32], at_x: NDArray[np.bool_]) -> PortraitReading:
    """The mouth open by `rows` (columns,) of its window in the columns `at_x`."""
    mouth = reading.features[0]
    region = mouth.region.copy()
    middle = region.shape[0] // 2
    for column in np.flatnonzero(at_x):
        half = round(float(rows[column]) / 2)
        region[middle - half : middle + half, column] = (0, 0, 1)
    return replace(reading, features=(replace(mouth, region=region), *reading.features[1:]))


def cells_per_cm(mouth: FeatureReading, scale: float) -> float:
    return float(mouth.region.shape[0] / mouth.size_px[1] * scale)


def test_parted_lips_meet_half_way(portrait) -> None:
    reading, mouth = portrait.reading, portrait.reading.features[0]
    x = mouth.canonical[0, :, 0]
    gap = np.full(len(x), 0.5 * cells_per_cm(mouth, reading.scale), np.float32)
    opened = parted(reading, gap, np.abs(x) < 2)
    up, down = (step(opened, 0.0, y) for y in (ABOVE_LOWER_LIP, BELOW_UPPER_LIP))
    assert 0.1 < up < 0.3
    assert -0.3 < down < -0.1


def test_beyond_the_corners_there_are_no_lips(portrait) -> None:
    reading, mouth = portrait.reading, portrait.reading.features[0]
    wild = replace(mouth, canonical=mouth.canonical * np.float32([2, 1, 1]))  # as on a cheek seen from the side
    reading = replace(reading, features=(wild, *reading.features[1:]))
    x = wild.canonical[0, :, 0]
    beyond = np.abs(x) > SLITS["mouth"][1] + 0.1
    assert beyond.sum() > 10
    opened = parted(reading, np.full(len(x), 40, np.float32), beyond)
    for x_cm in (3.0, 4.0):
        assert step(opened, x_cm, BELOW_UPPER_LIP) == step(reading, x_cm, BELOW_UPPER_LIP)


def test_one_column_read_wrongly_tears_nothing(portrait) -> None:
    reading, mouth = portrait.reading, portrait.reading.features[0]
    x = mouth.canonical[0, :, 0]
    gap = np.full(len(x), 2, np.float32)
    even = parted(reading, gap, np.abs(x) < 2.1)
    gap[(x > 1.4) & (x < 2.1)] = 50
    uneven = parted(reading, gap, np.abs(x) < 2.1)
    apart = step(uneven, 1.9, BELOW_UPPER_LIP) - step(even, 1.9, BELOW_UPPER_LIP)
    assert 0.1 < abs(apart) < UNEVEN_CM


def test_lids_meet_above_where_the_lower_one_lies(portrait) -> None:
    x, y, opening_cm = 3.2, 3.3, 1.2  # the left eye of the portrait
    blink = RIG_NAMES.index("eyeBlink_L")

    def lid(canonical: NDArray[np.float32]) -> NDArray[np.float32]:
        """A blink takes the upper lid 1 cm down and leaves the lower one."""
        directions = still(canonical)
        directions[canonical[:, 1] > y, blink, 1] = -1.0
        return directions

    places = np.float32([[x, y + 0.65, 10], [x, y - 0.65, 10], [x, y - 3, 10], [x + 3, y - 0.65, 10]])
    upper, lower, cheek, temple = Closing(portrait.reading, lid).directions(places, lid(places))[:, blink, 1]
    assert lower == pytest.approx(LOWER_LID_RISES * opening_cm, rel=0.2)
    assert lower - upper == pytest.approx(opening_cm * (1 + (BLINK_REACH - 1) * (1 - LOWER_LID_RISES)), rel=0.15)
    assert abs(cheek) < 0.1 * lower
    assert abs(temple) < 0.1 * lower
