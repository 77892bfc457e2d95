"""Pictures between their pixels: exact on them, sharp between them, the same whether doubled or not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.animation import sharp_image
from mimica.animation.fill import look_up
from mimica.animation.sharp_image import SharpImage


def _photo() -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).normal(128, 60, (90, 70, 4)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 0.8), 0, 255).astype(np.uint8)


def _places(dx: float, dy: float) -> NDArray[np.float32]:
    x, y = np.meshgrid(np.arange(10, 60), np.arange(10, 80))
    return np.stack([x + dx, y + dy], -1).astype(np.float32)


def _detail(picture: NDArray[np.uint8]) -> float:
    return float(np.abs(cv2.Laplacian(picture[..., :3].astype(np.float32), cv2.CV_32F)).mean())


@pytest.mark.parametrize("once", [True, False])
def test_whole_pixels_come_back(once: bool) -> None:
    photo = _photo()
    assert np.array_equal(SharpImage.of(photo, once=once).look_up(_places(3, -2)), photo[8:78, 13:63])


@pytest.mark.parametrize("shift", [(0.25, 0.25), (0.5, 0.5), (0.125, 0.6)])
def test_between_pixels_more_detail_is_left_than_bilinearly(shift: tuple[float, float]) -> None:
    photo, places = _photo(), _places(*shift)
    doubled, bicubic = (SharpImage.of(photo, once=once).look_up(places) for once in (False, True))
    bilinear = look_up(photo, places)
    assert _detail(bilinear) < 0.9 * _detail(bicubic)
    assert _detail(doubled) > 0.9 * _detail(bicubic)
    assert np.abs(doubled[..., :3].astype(int) - bicubic[..., :3]).mean() < 3


def test_the_map_is_sampled_bilinearly() -> None:
    photo, places = _photo(), _places(0.5, 0.25)
    expected = look_up(np.ascontiguousarray(photo[..., 3]), places).astype(int)
    assert np.abs(SharpImage.of(photo).look_up(places)[..., 3] - expected).max() <= 1


def test_large_pictures_are_not_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = _photo()
    assert SharpImage.of(photo).image.shape == (180, 140, 4)
    monkeypatch.setattr(sharp_image, "MOST_PX", 1000)
    assert SharpImage.of(photo).image.shape == photo.shape
