"""Large pictures are worked on in parts: the same numbers come out, and much less memory is taken."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

from mimica.animation import fill
from mimica.animation.beyond import ContinuedImage
from mimica.animation.grain import Grain
from mimica.animation.plate import background_plate, refine_matte
from mimica.safety import perceptual_hash as hashes


def picture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def test_strips_cover_every_row_once() -> None:
    rows = [row for part in fill.strips(2500, 1000) for row in range(2500)[part]]
    assert rows == list(range(2500))
    assert len(list(fill.strips(2500, 1000))) == 3
    assert len(list(fill.strips(2, 10_000_000))) == 2


def test_a_picture_in_strips_is_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    image, matte = picture(301, 240), np.zeros((301, 240), np.float32)
    cv2.circle(matte, (120, 150), 70, 1, -1)
    matte = cv2.GaussianBlur(matte, (0, 0), 9)

    def made() -> list[np.ndarray]:
        whole = refine_matte(image, matte), background_plate(image, matte, Grain.of(image))
        return [*whole, ContinuedImage.of(image, 90, matte, once=True).image.image]

    at_once = made()
    monkeypatch.setattr(fill, "STRIP_PX", 7 * 240)
    for one, other in zip(at_once, made(), strict=True):
        assert np.array_equal(one, other)


def test_samples_of_a_large_picture_are_those_of_the_part_and_copy_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture(2000, 3000)
    points = np.random.default_rng(1).uniform((1200, 900), (1300, 1000), (500, 2))
    edge = np.array([[-3.0, -3.0], [3002.0, 2001.0], [3002.0, -1.0]])
    tracemalloc.start()
    near = fill.sample(image, points)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < image.nbytes / 4
    corners = fill.sample(image, edge)
    beyond = fill.sample(image, edge[:1])
    monkeypatch.setattr(fill, "LARGE_BYTES", image.nbytes)
    np.testing.assert_allclose(near, fill.sample(image, points), atol=0.05)
    assert np.array_equal(corners, fill.sample(image, edge))
    assert np.array_equal(corners, image[[0, -1, 0], [0, -1, -1]])
    assert np.array_equal(beyond, corners[:1])


def test_the_hash_does_not_depend_on_how_much_is_shrunk_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture(700, 500)
    known = hashes.perceptual_hash(image)
    monkeypatch.setattr(hashes, "_ROWS", 10_000)
    assert hashes.perceptual_hash(image) == known
