"""Projections and rotations, as equations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimica.synthesis import camera

angle = st.floats(-80, 80)


@settings(deadline=None, max_examples=50)
@given(angle, angle, angle)
def test_euler_angles_survive_the_matrix(yaw: float, pitch: float, roll: float) -> None:
    rotation = camera.euler_to_matrix(yaw, pitch, roll)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(camera.matrix_to_euler(rotation), [yaw, pitch, roll], atol=1e-8)


@settings(deadline=None, max_examples=50)
@given(angle, angle, angle)
def test_rotation_vectors_survive_the_matrix(x: float, y: float, z: float) -> None:
    vector = np.radians([x, y, z])
    np.testing.assert_allclose(camera.matrix_to_vector(camera.vector_to_matrix(vector)), vector, atol=1e-7)


@settings(deadline=None, max_examples=50)
@given(st.floats(-1, 1), st.floats(-1, 1))
def test_gaze_survives_the_matrix(yaw: float, pitch: float) -> None:
    axis = camera.gaze_axis(yaw, pitch)
    np.testing.assert_allclose(camera.gaze_to_matrix(axis)[:, 2], axis, atol=1e-12)
    np.testing.assert_allclose(np.radians(camera.axis_to_gaze_deg(axis)), [yaw, pitch], atol=1e-9)


def test_directions() -> None:
    """+yaw turns the nose to image right, +pitch down; image y grows downwards."""
    nose, far = np.array([0.0, 0.0, 10.0]), np.array([0.0, 0.0, -80.0])
    ahead, right, down = (
        camera.project((camera.euler_to_matrix(*angles) @ nose + far)[None])[0]
        for angles in ((0, 0, 0), (20, 0, 0), (0, 20, 0))
    )
    assert ahead.tolist() == [256, 256]
    assert right[0] > ahead[0]
    assert right[1] == pytest.approx(ahead[1])
    assert down[1] > ahead[1]


def test_unproject_inverts_project() -> None:
    rng = np.random.default_rng(0)
    points = np.c_[rng.normal(0, 8, (20, 2)), rng.uniform(-90, -60, 20)]
    np.testing.assert_allclose(camera.unproject(camera.project(points), -points[:, 2]), points, atol=1e-9)
