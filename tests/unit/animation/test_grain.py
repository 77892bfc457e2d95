"""Grain is measured, not guessed: as strong and as coarse as the photo's, and none where the photo has none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.animation.grain import MOST_LEVELS, TILE_PX, Grain, measure
from mimica.animation.plate import background_plate


def photo(levels: float, blur_px: float = 0.0, side: int = 400) -> NDArray[np.uint8]:
    """A soft ramp with noise of so many levels."""
    noise = np.random.default_rng(1).normal(0, 1, (side, side)).astype(np.float32)
    if blur_px:
        noise = cv2.GaussianBlur(noise, (0, 0), blur_px)
    ramp = np.linspace(60, 180, side, dtype=np.float32)[None, :]
    light = ramp + levels * noise / noise.std()
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


@pytest.mark.parametrize("levels", [1.5, 3.0, 5.0])
def test_it_is_as_strong_as_the_photos(levels: float) -> None:
    assert measure(photo(levels))[0] == pytest.approx(levels, rel=0.15)
    assert Grain.of(photo(levels)).tile.std() == pytest.approx(levels, rel=0.15)


def test_coarse_grain_is_coarse() -> None:
    fine, coarse = (measure(photo(4.0, blur))[1] for blur in (0.0, 1.0))
    assert fine < 0.1
    assert coarse > 0.5
    tile = Grain.of(photo(4.0, 1.0)).tile
    assert np.corrcoef(tile[:, 1:].ravel(), tile[:, :-1].ravel())[0, 1] > 0.4


def test_a_clean_picture_gets_none_and_a_wild_one_little() -> None:
    assert Grain.of(photo(0.0)).tile.std() < 0.5
    assert Grain.of(np.zeros((10, 10, 3), np.uint8)).tile.std() == 0
    checks = np.kron(np.indices((100, 100)).sum(0) % 2, np.ones((4, 4))) * 200 + 20
    assert Grain.of(checks.astype(np.uint8)[..., None].repeat(3, 2)).tile.std() <= MOST_LEVELS * 1.01


def test_it_repeats_and_is_the_same_each_time() -> None:
    one, two = Grain.of(photo(3.0)), Grain.of(photo(3.0))
    assert np.array_equal(one.over(5, 7, 20, 30), two.over(5 + TILE_PX, 7, 20, 30))


def test_a_painted_background_is_as_grainy_as_the_rest() -> None:
    image, matte = photo(4.0), np.zeros((400, 400), np.float32)
    cv2.circle(matte, (200, 200), 110, 1, -1)
    plate = background_plate(image, matte, Grain.of(image)).astype(np.float32)
    fine = plate - cv2.GaussianBlur(plate, (0, 0), 3)
    assert fine[150:250, 150:250].std() == pytest.approx(fine[:60, :60].std(), rel=0.25)
