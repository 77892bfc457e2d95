"""CropFrame: the two maps undo each other, the matrix agrees with them, the roll has the promised sign."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimica.core.geometry import CropFrame, box_overlap

coordinates = st.floats(-5000, 5000)
frames = st.builds(CropFrame, coordinates, coordinates, st.floats(0.5, 8000), st.floats(-180, 180))
points = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8).map(np.array)


@given(frames, points)
def test_to_image_undoes_to_crop(frame: CropFrame, points_px: np.ndarray) -> None:
    np.testing.assert_allclose(frame.to_image(frame.to_crop(points_px)), points_px, atol=1e-6)


@given(frames, points, st.integers(1, 1024))
def test_matrix_is_to_crop_in_pixels(frame: CropFrame, points_px: np.ndarray, size_px: int) -> None:
    matrix = frame.matrix(size_px)
    mapped = points_px @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(mapped, frame.to_crop(points_px) * size_px, rtol=1e-9, atol=1e-5)


@given(frames)
def test_corners_are_a_square_of_the_given_side(frame: CropFrame) -> None:
    corners = frame.corners()
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    np.testing.assert_allclose(sides, frame.side_px, rtol=1e-6)
    np.testing.assert_allclose(corners.mean(axis=0), frame.center_px, atol=1e-6)


@given(frames, st.floats(0.1, 10))
def test_scaling_keeps_the_centre(frame: CropFrame, factor: float) -> None:
    np.testing.assert_allclose(frame.scaled(factor).to_image([0.5, 0.5]), frame.center_px, atol=1e-6)


def test_without_roll_the_window_is_an_axis_aligned_cut() -> None:
    frame = CropFrame(50, 40, 20)
    np.testing.assert_allclose(frame.corners(), [[40, 30], [60, 30], [60, 50], [40, 50]])


def test_positive_roll_turns_the_window_counter_clockwise_on_screen() -> None:
    right_edge = CropFrame(0, 0, 2, roll_deg=90).to_image([1, 0.5])
    np.testing.assert_allclose(right_edge, [0, -1], atol=1e-12)  # to the right becomes up; y runs down


@pytest.mark.parametrize("side_px", [0.0, -1.0, math.nan, math.inf])
def test_a_side_that_is_no_length_is_refused(side_px: float) -> None:
    with pytest.raises(ValueError, match="crop"):
        CropFrame(0, 0, side_px)


boxes = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 50), st.floats(1, 50)), min_size=1, max_size=6
).map(lambda rows: np.array([[x, y, x + w, y + h] for x, y, w, h in rows]))


@given(boxes, boxes)
def test_overlap_is_symmetric_bounded_and_one_with_itself(first: np.ndarray, second: np.ndarray) -> None:
    overlap = box_overlap(first, second)
    assert overlap.shape == (len(first), len(second))
    assert ((overlap >= 0) & (overlap <= 1 + 1e-9)).all()
    np.testing.assert_allclose(overlap, box_overlap(second, first).T)
    np.testing.assert_allclose(np.diag(box_overlap(first, first)), 1)


def test_boxes_apart_or_empty_do_not_overlap() -> None:
    np.testing.assert_array_equal(box_overlap([[0, 0, 1, 1], [0, 0, 0, 0]], [[2, 2, 3, 3], [0, 0, 0, 0]]), 0)
