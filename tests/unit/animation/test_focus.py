"""How blurred a photo is, and what is painted into it as well."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimica.animation.focus import MOST_BLUR_PX, as_soft, blur_px


@pytest.fixture(scope="module")
def sharp() -> np.ndarray:
    """Discs of many sizes and shades: edges of every direction."""
    rng, picture = np.random.default_rng(5), np.full((1200, 1200, 3), 90, np.uint8)
    for _ in range(120):
        place, radius = rng.integers(0, 1200, 2).tolist(), int(rng.integers(30, 120))
        cv2.circle(picture, place, radius, rng.integers(20, 235, 3).tolist(), -1, cv2.LINE_AA)
    return cv2.resize(picture, (400, 400), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_a_known_blur_is_read(sharp: np.ndarray, sigma: float) -> None:
    found, own = blur_px(cv2.GaussianBlur(sharp, (0, 0), sigma)), blur_px(sharp)
    assert (found**2 - own**2) ** 0.5 == pytest.approx(sigma, rel=0.15)


def test_a_sharp_picture_has_hardly_any_and_noise_is_not_softness(sharp: np.ndarray) -> None:
    assert blur_px(sharp) < 0.75
    noisy = sharp + np.random.default_rng(1).normal(0, 8, sharp.shape)
    assert blur_px(np.clip(noisy, 0, 255).astype(np.uint8)) < 0.75


@pytest.mark.parametrize("shape", [(300, 300, 3), (5, 400, 3), (1, 1, 3)])
def test_a_picture_without_edges_tells_nothing(shape: tuple[int, ...]) -> None:
    assert blur_px(np.full(shape, 120, np.uint8)) == 0


def test_it_is_bounded(sharp: np.ndarray) -> None:
    assert blur_px(cv2.GaussianBlur(sharp, (0, 0), 20)) <= MOST_BLUR_PX


def test_what_is_painted_becomes_as_soft(sharp: np.ndarray) -> None:
    painted = sharp.astype(np.float32)
    assert as_soft(painted, 0.3) is painted
    soft = as_soft(painted, 2.0)
    assert blur_px(np.rint(soft).astype(np.uint8)) == pytest.approx(2.0, rel=0.2)
    assert soft.mean() == pytest.approx(painted.mean(), abs=0.5)
