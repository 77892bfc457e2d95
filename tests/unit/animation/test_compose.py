"""Composition: only what moves changes, and moved pixels arrive where they should."""

from __future__ import annotations

import numpy as np

from mimica.animation.beyond import ContinuedImage
from mimica.animation.compose import Box, Flow, enclosing, lay_person, moved_points


def _aside(box: Box, dx: float, known: bool = True) -> Flow:
    """Everything comes from `dx` pixels further right; in cells of two pixels."""
    shift = np.zeros((box.height // 2, box.width // 2, 2), np.float32)
    shift[..., 0] = dx
    return Flow.of(shift, np.full(shift.shape[:2], known), box.width, box.height)


def _photo() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (150, 90, 3), np.uint8)


def _person(photo: np.ndarray) -> ContinuedImage:
    return ContinuedImage.of(photo, 40, np.ones(photo.shape[:2], np.float32))


def test_what_does_not_move_stays_the_photos_own_pixels() -> None:
    photo = _photo()
    picture, box = photo.copy(), Box(10, 20, 80, 140)
    lay_person(picture, _person(photo), np.zeros_like(photo), box, _aside(box, 0.2))
    assert np.array_equal(picture, photo)


def test_moved_pixels_arrive_and_nothing_beside_the_box_changes() -> None:
    photo = _photo()
    picture, box = photo.copy(), Box(10, 20, 80, 140)
    lay_person(picture, _person(photo), np.zeros_like(photo), box, _aside(box, 3.0))
    assert np.array_equal(picture[box.area], photo[20:140, 13:83])
    beside = np.ones(photo.shape[:2], bool)
    beside[box.area] = False
    assert np.array_equal(picture[beside], photo[beside])


def test_what_is_not_covered_shows_the_plate() -> None:
    photo, box = _photo(), Box(0, 0, 90, 150)
    picture, plate = photo.copy(), np.full_like(photo, 77)
    lay_person(picture, _person(photo), plate, box, _aside(box, 0, known=False))
    assert (picture == 77).all()


def test_half_a_person_is_half_the_plate() -> None:
    photo, box = np.full((64, 64, 3), 200, np.uint8), Box(0, 0, 64, 64)
    person = ContinuedImage.of(photo, 40, np.full((64, 64), 0.5, np.float32))
    picture = photo.copy()
    lay_person(picture, person, np.full_like(photo, 100), box, _aside(box, 2))
    assert np.abs(picture.astype(int) - 150).max() <= 1


def test_places_are_counted_in_the_whole_picture() -> None:
    box, area = Box(10, 20, 30, 40), Box(14, 22, 20, 30)
    places = _aside(box, 3.0).places(box, area)
    assert places.shape == (8, 6, 2)
    assert places[0, 0].tolist() == [17, 22]
    assert places[-1, -1].tolist() == [22, 29]


def test_points_of_triangles_that_move() -> None:
    before = np.array([[0, 0], [10, 0], [0, 10], [50, 50], [60, 50], [50, 60]], float)
    after = before + np.array([0.1, 0])
    after[1] += 5
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    moved = moved_points(before, after, triangles)
    assert len(moved) == 6
    assert enclosing(moved, 40, 40) == Box(0, 0, 16, 10)
    assert not len(moved_points(before, before + 0.1, triangles))


def test_nothing_between_two_surfaces_is_seen_at_a_contour() -> None:
    box = Box(0, 0, 120, 40)
    photo = np.full((40, 120, 3), 200, np.uint8)
    photo[:, 40:80] = 0
    cells = np.zeros((20, 60, 2), np.float32)
    cells[..., 0] = np.where(np.arange(60) < 30, -25, 25)  # what shows lies left of the black or right of it
    depth = np.where(cells[..., 0] < 0, 50, 80).astype(np.float32)
    seen = []
    for given in (depth, None):
        picture, flow = photo.copy(), Flow.of(cells, np.ones((20, 60), bool), 120, 40, given)
        lay_person(picture, _person(photo), photo, box, flow)
        seen.append(picture.min())
    assert seen == [200, 0]
