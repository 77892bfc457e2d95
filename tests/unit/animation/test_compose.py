"""Composition: only what moves changes, and moved pixels arrive where they should."""

from __future__ import annotations

import numpy as np

from mimica.animation.beyond import ContinuedImage
from mimica.animation.compose import Box, enclosing, lay_person, moved_points


def _places(box: Box, dx: float) -> np.ndarray:
    grid = np.meshgrid(np.arange(box.left, box.right), np.arange(box.top, box.bottom))
    return np.stack(grid, -1).astype(np.float32) + np.array([dx, 0], np.float32)


def _photo() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (150, 90, 3), np.uint8)


def test_what_does_not_move_stays_the_photos_own_pixels() -> None:
    photo = _photo()
    picture, box = photo.copy(), Box(10, 20, 80, 140)
    covered = np.ones((box.height, box.width), np.float32)
    lay_person(
        picture,
        ContinuedImage.of(photo, 40),
        np.zeros_like(photo),
        np.ones(photo.shape[:2], np.float32),
        box,
        _places(box, 0.2),
        covered,
    )
    assert np.array_equal(picture, photo)


def test_moved_pixels_arrive_and_nothing_beside_the_box_changes() -> None:
    photo = _photo()
    picture, box = photo.copy(), Box(10, 20, 80, 140)
    covered = np.ones((box.height, box.width), np.float32)
    lay_person(
        picture,
        ContinuedImage.of(photo, 40),
        np.zeros_like(photo),
        np.ones(photo.shape[:2], np.float32),
        box,
        _places(box, 3.0),
        covered,
    )
    assert np.array_equal(picture[box.area], photo[20:140, 13:83])
    beside = np.ones(photo.shape[:2], bool)
    beside[box.area] = False
    assert np.array_equal(picture[beside], photo[beside])


def test_what_is_not_covered_shows_the_plate() -> None:
    photo, box = _photo(), Box(0, 0, 90, 150)
    picture, plate = photo.copy(), np.full_like(photo, 77)
    lay_person(
        picture,
        ContinuedImage.of(photo, 40),
        plate,
        np.ones(photo.shape[:2], np.float32),
        box,
        _places(box, 0),
        np.zeros((150, 90), np.float32),
    )
    assert (picture == 77).all()


def test_points_of_triangles_that_move() -> None:
    before = np.array([[0, 0], [10, 0], [0, 10], [50, 50], [60, 50], [50, 60]], float)
    after = before + np.array([0.1, 0])
    after[1] += 5
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    moved = moved_points(before, after, triangles)
    assert len(moved) == 6
    assert enclosing(moved, 40, 40) == Box(0, 0, 16, 10)
    assert not len(moved_points(before, before + 0.1, triangles))
