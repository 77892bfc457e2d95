from __future__ import annotations

import numpy as np
import pytest

from mimica.animation.closing import taken_away
from mimica.animation.retarget import (
    MAX_GAZE_DEG,
    MAX_TURN_DEG,
    RetargetOptions,
    Subject,
    driver_rest,
    leave_shared,
    retarget,
    soft_limit,
    within_the_lids,
)
from mimica.core.camera import rotation_from_angles, rotation_vector
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, MotionTrack

SUBJECT = Subject(rotation_from_angles(4, -2, 1), np.array([0.0, 0.0, -60.0]), np.zeros((2, 2), np.float32))


def track(frames: int, *, yaw_deg: np.ndarray | float = 0.0, smile: np.ndarray | float = 0.0) -> MotionTrack:
    expression = np.zeros((frames, len(EXPRESSION_NAMES)), np.float32)
    expression[:, EXPRESSION_INDEX["mouthSmile_L"]] = smile
    angles = np.zeros((frames, 3), np.float32)
    angles[:, 0] = yaw_deg
    return MotionTrack(
        expression,
        angles,
        np.full((frames, 2), 100.0, np.float32),
        np.full(frames, 8.0, np.float32),
        np.zeros((frames, 2, 2), np.float32),
        np.ones(frames, np.float32),
    )


@pytest.mark.parametrize("yaw_deg", [0.0, 25.0, -30.0])
def test_a_driver_that_holds_still_moves_nothing_wherever_it_looks(yaw_deg: float) -> None:
    motion = track(20, yaw_deg=yaw_deg)
    moved = retarget(motion, 7, driver_rest(motion), SUBJECT, RetargetOptions())
    assert np.allclose(moved.turn, np.eye(3), atol=1e-6)
    assert np.allclose(moved.shift_cm, 0, atol=1e-6)
    assert np.allclose(moved.gaze_deg, SUBJECT.gaze_deg)


@pytest.mark.parametrize("roll_deg", [12.0, -7.0])
def test_what_the_neck_does_to_the_heads_place_is_not_done_twice(roll_deg: float) -> None:
    motion = track(20)
    motion.angles_deg[-1, 2] = roll_deg
    aside_cm = -5 * np.sin(np.radians(roll_deg))  # so far does a neck of five centimetres carry the head
    for further_cm in (0.0, 0.8):
        motion.position[-1] = 100 + 8 * (aside_cm + further_cm), 100 + 8 * 5 * (1 - np.cos(np.radians(roll_deg)))
        moved = retarget(motion, 19, driver_rest(motion), SUBJECT, RetargetOptions())
        assert np.allclose(moved.shift_cm, [further_cm, 0, 0], atol=0.01)


def test_scales_of_nought_freeze_the_photo() -> None:
    motion = track(30, yaw_deg=np.linspace(-20, 20, 30), smile=np.linspace(0, 1, 30))
    frozen = retarget(motion, 29, driver_rest(motion), SUBJECT, RetargetOptions(expression=0, pose=0, gaze=0))
    assert np.allclose(frozen.turn, np.eye(3))
    assert not frozen.directions.any()
    assert frozen.neutralise == 0


def test_the_anchor_is_not_frame_nought() -> None:
    yaw = np.zeros(40)
    yaw[:4] = 30
    motion = track(40, yaw_deg=yaw, smile=np.where(np.arange(40) < 4, 1.0, 0.0))
    moved = retarget(motion, 20, driver_rest(motion), SUBJECT, RetargetOptions())
    assert np.allclose(moved.turn, np.eye(3), atol=1e-6)
    first = retarget(motion, 0, driver_rest(motion), SUBJECT, RetargetOptions())
    assert np.degrees(rotation_vector(first.turn))[1] == pytest.approx(28, abs=3)


@pytest.mark.parametrize("head_deg", [0.0, -20.0])
def test_eyes_rest_where_they_meet_the_camera(head_deg: float) -> None:
    motion = track(40, yaw_deg=head_deg, smile=np.where(np.arange(40) < 8, 0.8, 0.0))
    motion.gaze_deg[..., 0] = np.where(np.arange(40) < 8, -head_deg, -head_deg - 18)[:, None]  # aside when calm
    into_camera, aside = (retarget(motion, i, driver_rest(motion), SUBJECT, RetargetOptions()) for i in (2, 30))
    assert np.allclose(into_camera.gaze_deg, SUBJECT.gaze_deg, atol=1e-4)
    assert np.allclose(aside.gaze_deg[:, 0] - SUBJECT.gaze_deg[:, 0], -18, atol=1e-4)


def test_eyes_that_never_meet_the_camera_rest_where_they_are() -> None:
    motion = track(40)
    motion.gaze_deg[..., 0] = 22  # the camera stands aside
    moved = retarget(motion, 5, driver_rest(motion), SUBJECT, RetargetOptions())
    assert np.allclose(moved.gaze_deg, SUBJECT.gaze_deg, atol=1e-4)


def turned_to(yaw_deg: float) -> np.ndarray:
    return np.full((2, 2), [yaw_deg, 0.0])


def test_eyes_do_not_hide_in_their_corners() -> None:
    for yaw in (-15.0, 0.0, 19.0):
        assert np.array_equal(within_the_lids(turned_to(yaw), turned_to(0)), turned_to(yaw))
    limited = [float(within_the_lids(turned_to(yaw), turned_to(0))[0, 0]) for yaw in (21.0, 28.0, 40.0, 60.0)]
    assert limited == sorted(limited)
    assert 20 < limited[0] < limited[-1] <= MAX_GAZE_DEG
    assert np.allclose(within_the_lids(turned_to(32), turned_to(32)), turned_to(32))  # a photo may look aside


def test_absolute_motion_takes_the_drivers_pose() -> None:
    motion = track(10, yaw_deg=12.0)
    moved = retarget(motion, 3, driver_rest(motion), SUBJECT, RetargetOptions(motion="absolute"))
    assert np.allclose(moved.turn @ SUBJECT.rotation, rotation_from_angles(12, 0, 0), atol=0.01)


def test_the_soft_limit_is_a_limit_and_spares_the_small() -> None:
    limit = float(np.radians(MAX_TURN_DEG))
    assert np.linalg.norm(soft_limit(np.array([0.0, 9.0, 0.0]), limit)) <= limit
    assert np.allclose(soft_limit(np.array([0.0, 0.1, 0.0]), limit), [0, 0.1, 0], atol=1e-3)


def test_lips_close_over_an_open_jaw_only() -> None:
    motion = track(10)
    close, jaw = EXPRESSION_INDEX["mouthClose"], EXPRESSION_INDEX["jawOpen"]
    motion.expression[:, close] = 0.6
    motion.expression[:, jaw] = [0, 0.2, 0.4, 0.6, 0.8] * 2
    made = [
        retarget(motion, index, driver_rest(motion), SUBJECT, RetargetOptions(motion="absolute")).directions
        for index in range(5)
    ]
    assert [round(float(row[close]), 3) for row in made] == [0, 0.2, 0.4, 0.6, 0.6]


def test_what_driver_and_photo_share_is_not_added_twice() -> None:
    own = np.zeros(len(EXPRESSION_NAMES), np.float32)
    smile, brow = EXPRESSION_INDEX["mouthSmile_L"], EXPRESSION_INDEX["browDown_L"]
    own[smile], own[brow] = 0.5, 0.2
    subject = Subject(np.eye(3), np.array([0.0, 0, -60]), np.zeros((2, 2), np.float32), own, own * 1.6)
    same = leave_shared(own * np.float32(1.6), subject)
    np.testing.assert_allclose(same, own, atol=1e-6)  # the photo as it is
    np.testing.assert_array_equal(leave_shared(np.zeros_like(own), subject), 0)  # a calm driver
    much = own.copy()
    much[smile] = 8.0
    assert leave_shared(much, subject)[smile] == pytest.approx(8.0, rel=0.01)  # far beyond the photo's own


def test_an_actors_high_brows_are_the_actors_own_and_a_lasting_smile_is_acted() -> None:
    motion = track(40, smile=0.8)
    brow = EXPRESSION_INDEX["browInnerUp_L"]
    motion.expression[:, brow] = 1.4
    motion.expression[30:, brow] = 1.9
    rest = driver_rest(motion)
    calm, raised = (retarget(motion, index, rest, SUBJECT, RetargetOptions()).directions for index in (5, 35))
    assert calm[brow] == pytest.approx(0, abs=1e-6)
    assert raised[brow] == pytest.approx(0.5, abs=1e-6)
    assert calm[EXPRESSION_INDEX["mouthSmile_L"]] == pytest.approx(0.5, abs=1e-6)


def test_of_the_photos_features_half_is_the_person() -> None:
    taken = taken_away(np.full(len(EXPRESSION_NAMES), 0.5, np.float32))
    names = ("browInnerUp_R", "cheekSquint_L", "eyeSquint_L", "mouthSmile_L")
    assert taken[[EXPRESSION_INDEX[name] for name in names]] == pytest.approx([0.25, 0.25, 0.25, 0.5])
