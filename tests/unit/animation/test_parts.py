from __future__ import annotations

import numpy as np
import pytest

from mimica.animation.parts import PARTS, chosen_parts, part_of
from mimica.animation.retarget import RetargetOptions, Subject, driven, driver_rest, retarget
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, RIG_NAMES, MotionTrack
from mimica.errors import UsageError

OWN = np.linspace(0.05, 0.4, len(EXPRESSION_NAMES)).astype(np.float32)
OWN[len(RIG_NAMES) :] = 0
SUBJECT = Subject(np.eye(3), np.array([0.0, 0, -60]), np.full((2, 2), 3, np.float32), OWN)


def acting(count: int = 8) -> MotionTrack:
    random = np.random.default_rng(1)
    return MotionTrack(
        random.uniform(0.2, 1, (count, 52)).astype(np.float32),
        random.uniform(-20, 20, (count, 3)).astype(np.float32),
        random.uniform(100, 140, (count, 2)).astype(np.float32), np.full(count, 8, np.float32),
        random.uniform(-15, 15, (count, 2, 2)).astype(np.float32), np.ones(count, np.float32),
    )  # fmt: skip


def moved(*parts):
    track = acting()
    return retarget(track, 5, driver_rest(track), SUBJECT, RetargetOptions("absolute", parts=parts))


def test_every_direction_lies_in_one_part() -> None:
    assert {part_of(name) for name in EXPRESSION_NAMES} == set(PARTS) - {"gaze", "pose"}
    assert driven(PARTS).all()
    assert driven(["mouth"])[[EXPRESSION_INDEX[name] for name in ("jawOpen", "tongueOut", "mouthSmile_L")]].all()
    assert not driven(["mouth"])[[EXPRESSION_INDEX[name] for name in ("eyeBlink_L", "browDown_R", "noseSneer_L")]].any()


def test_words_are_parts_or_groups_of_them() -> None:
    assert chosen_parts() == PARTS
    assert chosen_parts(["expression"]) == ("brows", "eyes", "cheeks", "mouth")
    assert chosen_parts(["gaze, pose"]) == ("gaze", "pose")
    assert chosen_parts(without=["mouth"]) == ("brows", "eyes", "cheeks", "gaze", "pose")
    assert chosen_parts(["expression"], ["mouth,brows"]) == ("eyes", "cheeks")


@pytest.mark.parametrize(("use", "without"), [(["lips"], []), ([], ["mouht"]), (["pose"], ["pose"]), ([""], [])])
def test_wrong_words_are_refused(use, without) -> None:
    with pytest.raises(UsageError, match=r"--use|--without"):
        chosen_parts(use, without)


def test_what_is_not_taken_over_stays_the_photos_own() -> None:
    everything, no_mouth = moved(*PARTS), moved("brows", "eyes", "cheeks", "gaze", "pose")
    mouth = driven(["mouth"])[: len(RIG_NAMES)]
    np.testing.assert_array_equal(no_mouth.directions[mouth], OWN[: len(RIG_NAMES)][mouth])
    np.testing.assert_array_equal(no_mouth.directions[~mouth], everything.directions[~mouth])
    np.testing.assert_array_equal(no_mouth.tongue, 0)
    np.testing.assert_array_equal(no_mouth.turn, everything.turn)
    assert no_mouth.redraw == (0, 1, 1)
    assert everything.redraw == (1, 1, 1)


def test_pose_alone_keeps_face_and_gaze() -> None:
    still = moved("pose")
    np.testing.assert_array_equal(still.directions, OWN[: len(RIG_NAMES)])
    np.testing.assert_array_equal(still.gaze_deg, SUBJECT.gaze_deg)
    np.testing.assert_array_equal(still.turn, moved(*PARTS).turn)
    assert still.redraw == (0, 0, 0)


def test_expression_alone_keeps_the_head_still() -> None:
    acted = moved("brows", "eyes", "cheeks", "mouth")
    np.testing.assert_allclose(acted.turn, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(acted.shift_cm, 0, atol=1e-12)
    np.testing.assert_array_equal(acted.gaze_deg, SUBJECT.gaze_deg)
    np.testing.assert_array_equal(acted.directions, moved(*PARTS).directions)
