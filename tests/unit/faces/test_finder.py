"""Finding: letterbox and back, merging, tiles for small faces, the window around a known face."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mimica.core.geometry import CropFrame
from mimica.faces.finder import FINDER_PX, FaceFinder, letterbox

POINT_SHARES = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.55], [0.35, 0.8], [0.65, 0.8]], np.float32)
"""Where the finder that the fixtures give puts the points of a square."""


def picture(height: int, width: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = np.full((height, width, 3), 40, np.uint8)
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1] = 255
    return image


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1280, 720), (256, 256), (100, 90), (37, 901)])
def test_letterbox_keeps_the_aspect_and_centres(height: int, width: int) -> None:
    square, scale, left, top = letterbox(picture(height, width, (0, 0, width, height)), FINDER_PX)
    assert square.shape == (FINDER_PX, FINDER_PX, 3)
    rows, columns = np.nonzero((square == 255).all(2))
    assert columns.max() - columns.min() + 1 == pytest.approx(width * scale, abs=1)
    assert rows.max() - rows.min() + 1 == pytest.approx(height * scale, abs=1)
    assert (columns.min(), rows.min()) == (left, top)


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1280, 720), (300, 300)])
def test_boxes_and_points_come_back_in_pixels_of_the_picture(finder: FaceFinder, height: int, width: int) -> None:
    box = (60, 80, 180, 230)
    (face,) = finder.find(picture(height, width, box))
    tolerance = max(height, width) / FINDER_PX * 1.1
    np.testing.assert_allclose(face.box_xyxy, box, atol=tolerance)
    wanted = np.array(box[:2]) + POINT_SHARES * (np.array(box[2:]) - np.array(box[:2]))
    np.testing.assert_allclose(face.points, wanted, atol=tolerance)
    assert face.score == pytest.approx(0.9)


def test_several_faces_the_largest_first(finder: FaceFinder) -> None:
    faces = finder.find(picture(400, 400, (10, 10, 60, 60), (200, 200, 330, 330)))
    assert [round(face.width_px / 10) for face in faces] == [13, 5]


def test_an_empty_picture_shows_nobody(finder: FaceFinder, network: Any) -> None:
    assert finder.find(picture(200, 300)) == []
    assert network.calls == 1  # too small a picture for tiles


def test_a_small_face_is_found_in_tiles_only_when_asked(finder: FaceFinder) -> None:
    image = picture(720, 1280, (900, 500, 925, 525))
    assert finder.find(image, thorough=False) == []
    (face,) = finder.find(image)
    np.testing.assert_allclose(face.box_xyxy, (900, 500, 925, 525), atol=4)


def test_what_is_a_face_only_from_afar_is_none(finder: FaceFinder, network: Any) -> None:
    image = picture(400, 400, (200, 200, 240, 240))
    assert len(finder.find(image)) == 1
    network.most_px = 40  # from close by it is 85 px high
    assert finder.find(image) == []


def test_tiles_are_not_searched_when_the_whole_shows_a_face(finder: FaceFinder, network: Any) -> None:
    finder.find(picture(720, 1280, (100, 100, 400, 400)))
    assert network.calls == 1


@pytest.mark.parametrize("centre", [(912, 512), (5, 5), (1279, 719)])
def test_a_known_face_is_looked_at_from_close_by(finder: FaceFinder, centre: tuple[int, int]) -> None:
    x0, y0 = min(max(centre[0] - 12, 0), 1280 - 25), min(max(centre[1] - 12, 0), 720 - 25)
    image = picture(720, 1280, (x0, y0, x0 + 25, y0 + 25))
    (face,) = finder.find_around(image, CropFrame(*centre, 34))
    np.testing.assert_allclose(face.box_xyxy, (x0, y0, x0 + 25, y0 + 25), atol=1)


def test_a_window_outside_the_picture_shows_nobody(finder: FaceFinder) -> None:
    assert finder.find_around(picture(100, 100, (10, 10, 50, 50)), CropFrame(1000, 1000, 20)) == []
