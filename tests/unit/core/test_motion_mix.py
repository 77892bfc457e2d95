from __future__ import annotations

import numpy as np

from mimica.core.camera import rotation_from_angles, rotation_vector
from mimica.core.motion import EXPRESSION_NAMES, MotionTrack
from mimica.core.motion_mix import mix_angles, mix_tracks


def still(count: int, value: float, angles: tuple[float, float, float] = (0, 0, 0), scale: float = 1.0) -> MotionTrack:
    return MotionTrack(
        np.full((count, len(EXPRESSION_NAMES)), value, np.float32), np.tile(np.array(angles, np.float32), (count, 1)),
        np.full((count, 2), value, np.float32), np.full(count, scale, np.float32),
        np.full((count, 2, 2), value, np.float32), np.ones(count, np.float32),
    )  # fmt: skip


def test_values_go_in_a_straight_line_and_sizes_by_ratio() -> None:
    middle = mix_tracks(still(1, 0, scale=1), still(1, 1, scale=4), np.array([0.25]))
    np.testing.assert_allclose(middle.expression, 0.25)
    np.testing.assert_allclose(middle.gaze_deg, 0.25)
    np.testing.assert_allclose(middle.scale, 4**0.25, rtol=1e-6)


def test_the_ends_are_the_ends_bit_by_bit() -> None:
    first, second = still(2, 0.1, (3, 1, 2), 1.7), still(2, 0.7, (-20, 9, 4), 2.3)
    ends = mix_tracks(first, second, np.array([0.0, 1.0]))
    for name in ("expression", "angles_deg", "position", "scale", "gaze_deg", "confidence"):
        np.testing.assert_array_equal(getattr(ends, name)[0], getattr(first, name)[0])
        np.testing.assert_array_equal(getattr(ends, name)[1], getattr(second, name)[1])


def test_a_head_turns_the_shortest_way_at_an_even_pace() -> None:
    start, end = np.array([[-40, 20, 10]], np.float32), np.array([[35, -15, -30]], np.float32)
    whole = rotation_vector(rotation_from_angles(35, -15, -30) @ rotation_from_angles(-40, 20, 10).T)
    for share in (0.25, 0.5, 0.75):
        now = mix_angles(start, end, np.array([share]))[0]
        done = rotation_vector(rotation_from_angles(*map(float, now)) @ rotation_from_angles(-40, 20, 10).T)
        np.testing.assert_allclose(done, share * whole, atol=1e-5)


def test_turns_about_one_axis_are_linear() -> None:
    now = mix_angles(np.array([[10, 0, 0]], np.float32), np.array([[30, 0, 0]], np.float32), np.array([0.5]))
    np.testing.assert_allclose(now, [[20, 0, 0]], atol=1e-5)
