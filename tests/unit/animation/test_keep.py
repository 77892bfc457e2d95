from __future__ import annotations

import numpy as np
import pytest

from mimica.animation.keep import Keep, kept
from mimica.animation.motion_field import HeadMotion
from mimica.animation.retarget import DriverRest, RetargetOptions, Subject
from mimica.core.camera import rotation_from_angles, rotation_vector
from mimica.core.motion import EXPRESSION_NAMES, RIG_NAMES

DRIVER_TURN = rotation_from_angles(12.0, 0.0, 0.0)
SOURCE_NOW = rotation_from_angles(20.0, 0.0, 0.0)
REST = DriverRest(
    np.zeros(len(EXPRESSION_NAMES), np.float32), np.array([5, 0, 0], np.float32), np.zeros(2, np.float32), 1.0,
    np.full((2, 2), 3, np.float32),
)  # fmt: skip
SUBJECT = Subject(SOURCE_NOW, np.array([0, 0, -60.0]), np.full((2, 2), 9, np.float32))


def played(keep: Keep, **options: float) -> HeadMotion:
    driver = HeadMotion(
        np.full(len(RIG_NAMES), 0.5, np.float32), np.ones(3, np.float32), DRIVER_TURN, np.array([1.0, 0, 0]),
        np.full((2, 2), 10, np.float32),
    )  # fmt: skip
    return kept(driver, keep, SUBJECT, REST, RetargetOptions(**options), driver)  # pyright: ignore[reportArgumentType]


def yaw(motion: HeadMotion) -> float:
    return float(np.degrees(rotation_vector(motion.turn))[1])


def test_pose_kept_takes_the_drivers_face_and_leaves_the_head_alone() -> None:
    motion = played("pose")
    assert (motion.directions == 0.5).all()
    assert motion.neutralise == 1
    assert (motion.turn == np.eye(3)).all()
    assert (motion.shift_cm == 0).all()


def test_expression_kept_takes_the_drivers_head_and_redraws_nothing() -> None:
    motion = played("expression")
    assert not motion.directions.any()
    assert not motion.tongue.any()
    assert (motion.neutralise, motion.redraw) == (0, (0, 0, 0))
    assert (motion.gaze_deg == SUBJECT.gaze_deg).all()


@pytest.mark.parametrize("keep", ["expression", "none"])
def test_a_replaced_pose_is_measured_from_the_sources_rest_not_from_its_own_turn(keep: Keep) -> None:
    # the source rests at 5° and is at 20°; the driver is 12° off its rest: the head belongs at 17°, 3° back
    assert yaw(played(keep)) == pytest.approx(-3, abs=0.05)


def test_both_kept_lays_the_driver_on_top() -> None:
    motion = played("both")
    assert motion.neutralise == 0
    assert (motion.directions == 0.5).all()
    assert yaw(motion) == pytest.approx(12, abs=1e-6)


def test_the_drivers_eyes_move_about_where_the_source_usually_looks() -> None:
    # the source looks 9° aside now, 3° usually; the driver adds 1°
    assert played("pose").gaze_deg == pytest.approx(4)
    assert played("both").gaze_deg == pytest.approx(10)
    assert played("pose", gaze=0.0).gaze_deg == pytest.approx(10)
