"""Crops: where they lie over a face, and that pixels land where the frame says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimica.core.geometry import CropFrame
from mimica.core.records import Face
from mimica.faces.alignment import extract, face_crop


def face(box: tuple[float, float, float, float]) -> Face:
    return Face(np.array(box, np.float32), 1.0, np.zeros((5, 2), np.float32))


def test_the_face_crop_is_centred_and_lifted() -> None:
    crop = face_crop(face((100, 200, 190, 300)))
    assert (crop.center_x_px, crop.center_y_px, crop.roll_deg) == (145, pytest.approx(247), 0)
    assert crop.side_px == pytest.approx(135)


def test_a_box_without_extent_still_gives_a_crop() -> None:
    assert face_crop(face((10, 10, 10, 10))).side_px > 0


def test_extracting_a_whole_picture_at_its_size_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(extract(image, CropFrame(16, 16, 32), 32), image)


@pytest.mark.parametrize("roll_deg", [0.0, 30.0, -75.0])
@pytest.mark.parametrize("side_px", [30.0, 100.0, 400.0])
def test_what_is_seen_lies_where_the_frame_says(roll_deg: float, side_px: float) -> None:
    """A ramp's value is its coordinate, so the crop's pixels tell where they came from."""
    rows, columns = np.mgrid[0:200, 0:240].astype(np.float32)
    image = np.stack([columns, rows, np.zeros_like(rows)], 2).astype(np.uint8)
    frame = CropFrame(123.3, 98.6, side_px, roll_deg)
    size = 24
    crop = extract(image, frame, size).astype(float)
    x, y = np.meshgrid((np.arange(size) + 0.5) / size, (np.arange(size) + 0.5) / size)
    wanted = frame.to_image(np.stack([x, y], 2)) - 0.5  # the ramp is 0 at the first pixel's centre
    margin = 4 * side_px / size
    inside = ((wanted > margin) & (wanted < np.array([239, 199]) - margin)).all(2)
    assert inside.any()
    np.testing.assert_allclose(crop[..., :2][inside], wanted[inside], atol=1.1)  # rounding of both ramps


def test_beyond_the_edge_the_border_is_repeated() -> None:
    image = np.full((20, 20, 3), 77, np.uint8)
    np.testing.assert_array_equal(extract(image, CropFrame(-500, 3, 40), 16), 77)


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = extract(stripes, CropFrame(200, 200, 400), 37)
    assert np.ptp(crop[4:-4, 4:-4].astype(int)) < 30


def test_a_turned_crop_shows_a_turned_head_upright() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    cv2.line(image, (30, 70), (70, 30), (255, 255, 255), 3)  # an eye line that rises to the right
    upright = extract(image, CropFrame(50, 50, 40, roll_deg=45), 40)
    assert upright[18:22].mean() > 4 * upright[:, 18:22].mean()
