"""Controls: ARKit's list is whole, names are found in any spelling, and left is the subject's left."""

from __future__ import annotations

import pytest

from mimica.animation.controls import CONTROLS, find_control
from mimica.animation.edit import CHANNELS
from mimica.errors import UsageError

NAMES_OF_ARKIT = """
eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft eyeBlinkRight
eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight jawForward jawLeft jawRight
jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft
mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper
mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft
mouthUpperUpRight browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
cheekSquintRight noseSneerLeft noseSneerRight tongueOut
"""
"""ARFaceAnchor.BlendShapeLocation, the 52 names of Apple's documentation."""


def test_every_coefficient_of_arkit_is_a_control() -> None:
    names = NAMES_OF_ARKIT.split()
    assert len(set(names)) == 52
    assert {control.name for control in CONTROLS.values() if control.group == "ARKit"} == {
        find_control(name).name for name in names
    }


def test_controls_move_channels_that_exist() -> None:
    moved = {channel for control in CONTROLS.values() for channel in control.parts}
    assert moved == set(CHANNELS)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("jaw-open", "jaw-open"),
        ("JawOpen", "jaw-open"),
        ("jaw_open", "jaw-open"),
        ("mouthSmile_L", "mouth-smile-left"),
        ("mouthSmileRight", "mouth-smile-right"),
        ("browInnerUp_R", "brow-inner-up-right"),
        (" Gaze X ", "gaze-x"),
    ],
)
def test_names_are_found_in_any_spelling(spelling: str, name: str) -> None:
    assert find_control(spelling).name == name


def test_an_unknown_name_is_told_with_those_like_it() -> None:
    with pytest.raises(UsageError, match="did you mean smile"):
        find_control("smlie")


@pytest.mark.parametrize(
    ("name", "channel", "sign"),
    [
        ("eyeLookInLeft", "gaze_yaw_left_deg", -1),  # the subject's left eye is on the picture's right
        ("eyeLookOutLeft", "gaze_yaw_left_deg", 1),
        ("eyeLookInRight", "gaze_yaw_right_deg", 1),
        ("eyeLookUpRight", "gaze_pitch_right_deg", -1),
        ("gaze-y", "gaze_pitch_left_deg", 1),
    ],
)
def test_eyes_turn_the_right_way(name: str, channel: str, sign: int) -> None:
    assert find_control(name).parts[channel] * sign > 0


def test_an_eye_that_looks_aside_leaves_the_other_alone() -> None:
    assert not any("right" in channel for channel in find_control("eyeLookInLeft").parts)
