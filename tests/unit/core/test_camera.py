"""The portrait's camera and head rotations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimica.core.camera import (
    Camera,
    angles_from_rotation,
    gaze_direction,
    rotation_from_angles,
    rotation_vector,
    rotations_from_vectors,
)

turn = st.floats(-85, 85)
component = st.floats(-1.5, 1.5)


@given(turn, turn, st.floats(-170, 170))
def test_angles_survive_the_matrix(yaw: float, pitch: float, roll: float) -> None:
    rotation = rotation_from_angles(yaw, pitch, roll)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(angles_from_rotation(rotation), [yaw, pitch, roll], atol=1e-6)


@given(component, component, component)
def test_rotation_vector_inverts_rodrigues(x: float, y: float, z: float) -> None:
    np.testing.assert_allclose(rotation_vector(rotations_from_vectors([x, y, z])), [x, y, z], atol=1e-6)


def test_rodrigues_takes_stacks_and_nought() -> None:
    matrices = rotations_from_vectors(np.zeros((2, 4, 3)))
    np.testing.assert_array_equal(matrices, np.broadcast_to(np.eye(3), (2, 4, 3, 3)))


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 500), st.floats(50, 5000))
def test_lift_inverts_project(x: float, y: float, depth: float, focal: float) -> None:
    camera = Camera(120.0, 80.0, focal)
    point = camera.lift([x, y], depth)
    assert point[2] == -depth
    np.testing.assert_allclose(camera.project(point), [x, y], rtol=1e-9, atol=1e-6)


def test_up_in_space_is_up_in_the_picture() -> None:
    right_and_up = Camera(50.0, 50.0, 100.0).project([1.0, 1.0, -10.0])
    np.testing.assert_allclose(right_and_up, [60.0, 40.0])


@pytest.mark.parametrize(
    ("angles", "axis", "sign"), [((20, 0, 0), 0, 1), ((0, 20, 0), 1, -1)], ids=["yaw right", "pitch down"]
)
def test_signs_of_the_head(angles: tuple[float, float, float], axis: int, sign: int) -> None:
    nose = rotation_from_angles(*angles) @ [0, 0, 1]
    assert sign * nose[axis] > 0.3


def test_roll_leans_counter_clockwise() -> None:
    crown = rotation_from_angles(0, 0, 20) @ [0, 1, 0]
    assert crown[0] < -0.3


@given(turn, turn)
def test_gaze_is_a_unit_vector_with_the_heads_signs(yaw: float, pitch: float) -> None:
    direction = gaze_direction(yaw, pitch)
    assert np.linalg.norm(direction) == pytest.approx(1)
    np.testing.assert_allclose(np.degrees(np.arctan2(direction[0], direction[2])), yaw, atol=1e-6)
    np.testing.assert_allclose(np.degrees(np.arcsin(-direction[1])), pitch, atol=1e-6)
