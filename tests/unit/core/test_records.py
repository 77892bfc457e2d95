"""Face: derived values and refused shapes."""

from __future__ import annotations

import numpy as np
import pytest

from mimica.core.records import POINT_NAMES, Face


def face_with_eyes(right_eye: tuple[float, float], left_eye: tuple[float, float]) -> Face:
    points = np.array([right_eye, left_eye, (0, 0), (0, 0), (0, 0)], np.float32)
    return Face(np.array([10, 20, 40, 60], np.float32), 0.9, points)


def test_sizes_come_from_the_box() -> None:
    face = face_with_eyes((0, 0), (1, 0))
    assert (face.width_px, face.height_px, face.area_px) == (30, 40, 1200)
    np.testing.assert_array_equal(face.center_px, [25, 40])


@pytest.mark.parametrize(("left_eye", "roll_deg"), [((1, 0), 0), ((1, -1), 45), ((1, 1), -45)])
def test_roll_is_positive_counter_clockwise_on_screen(left_eye: tuple[float, float], roll_deg: float) -> None:
    assert face_with_eyes((0, 0), left_eye).roll_deg == pytest.approx(roll_deg)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="points"):
        Face(np.zeros(4, np.float32), 1.0, np.zeros((len(POINT_NAMES) - 1, 2), np.float32))
