"""Edit: nothing changes nothing, amounts add to what is there, and what is left alone keeps its own pixels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mimica.animation.edit import PortraitEdit, edit_still
from mimica.animation.other_face import OtherFace
from mimica.animation.prepare import Portrait
from mimica.animation.retarget import Subject
from mimica.core.camera import angles_from_rotation, rotation_from_angles
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, RIG_NAMES
from mimica.errors import UsageError


def face(**strengths: float) -> np.ndarray:
    values = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for name, strength in strengths.items():
        values[EXPRESSION_INDEX[name]] = strength
    return values


@pytest.fixture(scope="module")
def make(make_portrait):
    toy = make_portrait(301, 283, (150.0, 140.0), 6.0)

    def portrait(**own: float) -> Portrait:
        reading = replace(toy.reading, expression=face(**own))
        subject = Subject(toy.mesh.rotation, toy.mesh.origin_cm, reading.gaze_deg)
        return Portrait(toy.photo, reading, toy.renderer, subject)

    return portrait


def directions(edit: PortraitEdit, portrait: Portrait) -> dict[str, float]:
    motion = edit.motion(portrait)
    found = dict(zip(RIG_NAMES, motion.directions.tolist(), strict=True))
    return {name: round(value, 4) for name, value in found.items() if abs(value) > 1e-6}


@pytest.mark.parametrize(
    "edit", [PortraitEdit(), PortraitEdit.of({"smile": 0.0}), PortraitEdit.of({"smile": 1, "yaw": 20}, strength=0),
             PortraitEdit(other=OtherFace())],
)  # fmt: skip
def test_an_edit_of_nothing_gives_the_photo_back(make, edit: PortraitEdit) -> None:
    portrait = make(jawOpen=0.4)
    picture = edit_still(portrait, edit)
    assert (picture == portrait.photo).all()
    picture[:] = 0
    assert portrait.photo.any()


@pytest.mark.parametrize(
    ("own", "amount", "change"), [(0.5, 0.3, 0.3), (0.9, 0.6, 0.35), (0.4, -1.0, -0.4), (0.0, -0.5, 0.0)]
)
def test_amounts_add_to_the_photos_own_expression(make, own: float, amount: float, change: float) -> None:
    portrait, edit = make(mouthFunnel=own), PortraitEdit.of({"mouthFunnel": amount})
    assert edit.motion(portrait).neutralise == 0
    assert directions(edit, portrait) == ({"mouthFunnel": pytest.approx(change)} if change else {})


def test_groups_and_coefficients_add_up(make) -> None:
    found = directions(PortraitEdit.of({"smile": 0.5, "mouthSmileLeft": 0.2}), make())
    assert found["mouthSmile_L"] == pytest.approx(0.7)
    assert found["mouthSmile_R"] == pytest.approx(0.5)
    assert found["cheekSquint_R"] == pytest.approx(0.175)


def test_a_shut_eye_is_shut_however_wide_it_was(make) -> None:
    portrait = make(eyeWide_L=0.6, eyeBlink_L=0.2, eyeWide_R=0.5)
    found = directions(PortraitEdit.of({"blink-left": 1}), portrait)
    assert found == {"eyeBlink_L": pytest.approx(0.8), "eyeWide_L": pytest.approx(-0.6)}


def test_lips_do_not_close_further_than_the_jaw_is_open(make) -> None:
    assert directions(PortraitEdit.of({"mouthClose": 1}), make()) == {}
    assert directions(PortraitEdit.of({"mouthClose": 1, "jawOpen": 0.3}), make())["mouthClose"] == pytest.approx(0.3)


def test_a_tongue_gets_room(make) -> None:
    edit = PortraitEdit.of({"tongueOut": 1})
    assert edit.motion(make()).tongue.tolist() == [1, 0, 0]
    assert directions(edit, make()) == {"jawOpen": pytest.approx(0.3)}


def test_neutral_takes_the_photos_own_expression_away_first(make) -> None:
    motion = PortraitEdit.of({"jawOpen": 0.2}, neutral=1).motion(make(jawOpen=0.5))
    assert motion.neutralise == 1
    assert motion.directions[RIG_NAMES.index("jawOpen")] == pytest.approx(0.2)


@pytest.mark.parametrize(("strength", "change"), [(1.0, 0.7), (0.5, 0.35)])
def test_another_face_replaces_the_expression(make, strength: float, change: float) -> None:
    edit = PortraitEdit.of({}, other=OtherFace(face(jawOpen=0.7)), strength=strength)
    motion = edit.motion(make(jawOpen=0.2))
    assert motion.neutralise == strength  # the renderer takes that share of the 0.2 away
    assert motion.directions[RIG_NAMES.index("jawOpen")] == pytest.approx(change)


def test_another_faces_pose_and_gaze_are_taken_when_given(make) -> None:
    other = OtherFace(None, np.float32([12, -5, 3]), np.float32([[10, 4], [8, 4]]))
    motion = PortraitEdit(other=other).motion(make())
    turned = angles_from_rotation(motion.turn @ make().subject.rotation)
    assert turned == pytest.approx([12, -5, 3], abs=0.1)
    assert motion.gaze_deg.tolist() == [[10, 4], [8, 4]]
    assert motion.neutralise == 0
    still = PortraitEdit(other=OtherFace(face(jawOpen=0.7))).motion(make())
    assert still.turn == pytest.approx(np.eye(3))
    assert still.gaze_deg.tolist() == [[0, 0], [0, 0]]


def test_angles_are_added_to_the_photos_own(make) -> None:
    own = (-8.0, 4.0, 20.0)
    portrait = make()
    turned = Subject(rotation_from_angles(*own), portrait.subject.origin_cm, portrait.subject.gaze_deg)
    portrait = replace(portrait, reading=replace(portrait.reading, angles_deg=np.float32(own)), subject=turned)
    turn = PortraitEdit.of({"yaw": 10}).motion(portrait).turn
    assert angles_from_rotation(turn @ turned.rotation) == pytest.approx([2, 4, 20], abs=0.05)


def test_shifts_are_in_the_pictures_directions(make) -> None:
    shift = PortraitEdit.of({"move-x": 1, "move-y": 0.5}).motion(make()).shift_cm
    assert shift == pytest.approx([1, -0.5, 0], abs=0.02)  # the camera's y is up


def test_gaze_is_added_to_the_photos_own(make) -> None:
    gaze = PortraitEdit.of({"gaze-x": 0.5, "eyeLookInLeft": 0.5}).motion(make()).gaze_deg
    assert gaze.tolist() == [[0, 0], [14, 0]]


@pytest.mark.parametrize(
    ("edits", "touched"),
    [
        ({"yaw": 20}, (0, 0, 0)),
        ({"browInnerUp": 1}, (0, 0, 0)),
        ({"blink-left": 1}, (0, 1, 0)),
        ({"eyeLookInRight": 1}, (0, 0, 1)),
        ({"jawOpen": 1}, (1, 0, 0)),
    ],
)
def test_only_what_an_edit_touches_is_drawn_anew(make, edits: dict[str, float], touched: tuple[int, ...]) -> None:
    assert PortraitEdit.of(edits).motion(make()).redraw == touched


def test_the_jaw_moves_the_chin_and_nothing_else(make, portrait) -> None:
    start = make()
    moved = np.abs(edit_still(start, PortraitEdit.of({"jawOpen": 0.8})).astype(int) - start.photo).max(2)
    column, row = portrait.pixel(0.0, -8.0).astype(int)
    assert moved[row - 8 : row + 8, column - 20 : column + 20].max() > 20
    _, eyes = portrait.pixel(0.0, 1.0).astype(int)
    assert (moved[:eyes] == 0).all()


def test_pictures_change_smoothly_from_the_photo_on(make) -> None:
    portrait = make()
    first = edit_still(portrait, PortraitEdit.of({"jawOpen": 0.001})).astype(int)
    assert np.abs(first - portrait.photo).max() <= 1


def test_the_order_of_edits_does_not_matter(make) -> None:
    portrait, edit = make(), PortraitEdit.of({"jawOpen": 0.4, "yaw": 5})
    before = edit_still(portrait, edit)
    edit_still(portrait, PortraitEdit.of({"yaw": -20, "tongue": 1}))
    assert (edit_still(portrait, edit) == before).all()


@pytest.mark.parametrize("amount", [math.nan, math.inf, 5.0, -5.0])
def test_amounts_that_mean_nothing_are_refused(amount: float) -> None:
    with pytest.raises(UsageError, match=r"edit smile=.* out of range; give 0 to 1"):
        PortraitEdit.of({"smile": amount})


@pytest.mark.parametrize(
    "wrong", [{"amounts": {"smile": 1.0}}, {"neutral": 1.5}, {"strength": -1.0}, {"neutral": math.nan}]
)
def test_an_edit_that_means_nothing_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        PortraitEdit(**wrong)
