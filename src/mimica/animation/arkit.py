"""ARKit's names for a performance, as apps such as Live Link Face record it, and ours: both ways.

ARKit knows 52 coefficients, nearly the directions of `core.motion`: its brows' inner ends and its cheeks are not told
apart left from right, its eyes' directions are coefficients too, and its tongue only comes out. Left and right are the
subject's own in both. Head and eyes turn in radians: yaw towards the subject's left, pitch up, roll counter-clockwise
in the picture; ours pitch down, and count degrees. This module does not know files.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.animation.controls import GAZE_REACH_DEG
from mimica.animation.portrait_mesh import FOCAL_PER_CROP
from mimica.core.camera import rotation_from_angles
from mimica.core.framing import CROP_CM
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, NECK_PIVOT_CM, MotionTrack

FloatArray = NDArray[np.float64]

DISTANCE_CM: Final = FOCAL_PER_CROP * CROP_CM
"""From a portrait's camera to its head; how far from the phone the actor was is not recorded."""


def _eye(side: str) -> tuple[str, ...]:
    return tuple(f"Eye{what}{side}" for what in ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide"))


def _sides(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}{side}" for name in names for side in ("Left", "Right"))


ARKIT_NAMES: Final[tuple[str, ...]] = (
    *_eye("Left"), *_eye("Right"), "JawForward", "JawRight", "JawLeft", "JawOpen", "MouthClose", "MouthFunnel",
    "MouthPucker", "MouthRight", "MouthLeft", *_sides("MouthSmile", "MouthFrown", "MouthDimple", "MouthStretch"),
    "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper",
    *_sides("MouthPress", "MouthLowerDown", "MouthUpperUp", "BrowDown"), "BrowInnerUp", *_sides("BrowOuterUp"),
    "CheekPuff", *_sides("CheekSquint", "NoseSneer"), "TongueOut",
)  # fmt: skip
"""The 52 coefficients in the order of Live Link Face's files."""

HEAD_NAMES: Final = ("HeadYaw", "HeadPitch", "HeadRoll")
EYE_NAMES: Final = tuple(f"{side}Eye{turn}" for side in ("Left", "Right") for turn in ("Yaw", "Pitch", "Roll"))
COLUMNS: Final[tuple[str, ...]] = (*ARKIT_NAMES, *HEAD_NAMES, *EYE_NAMES)
"""All 61 numbers of a frame."""
COLUMN_INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(COLUMNS)}


def directions_of(name: str) -> tuple[str, ...]:
    """Our expression directions that an ARKit coefficient sets; none for the eyes' In and Out, which move no skin."""
    first = name[0].lower() + name[1:]
    sided = first.replace("Left", "_L") if first.endswith("Left") else first.replace("Right", "_R")
    for found in ((first,), (sided,), (f"{first}_L", f"{first}_R")):
        if found[0] in EXPRESSION_INDEX:
            return found
    return ()


def track_from_arkit(values: FloatArray, confidence: NDArray[np.float32]) -> MotionTrack:
    """The motion of frames (T, 61) in the order of `COLUMNS`, angles in radians; confidence (T,) 0..1.

    Where the eyes look is taken from the coefficients, whose meaning no tool disputes; from the eyes' angles when these
    alone are given. Such recordings know no place: the head turns on a neck that stays where it is.
    """
    count = len(values)
    expression = np.zeros((count, len(EXPRESSION_NAMES)), np.float32)
    for name in ARKIT_NAMES:
        for direction in directions_of(name):
            expression[:, EXPRESSION_INDEX[direction]] = values[:, COLUMN_INDEX[name]]
    degrees = np.degrees(values[:, [COLUMN_INDEX[name] for name in (*HEAD_NAMES, *EYE_NAMES)]])
    yaw, pitch, roll = degrees[:, 0], -degrees[:, 1], degrees[:, 2]
    gaze = _gaze_from_coefficients(values)
    if not gaze.any():
        gaze = np.stack([degrees[:, [3, 6]], -degrees[:, [4, 7]]], -1)
    necks = np.array([rotation_from_angles(*angles) @ NECK_PIVOT_CM for angles in zip(yaw, pitch, roll, strict=True)])
    return MotionTrack(
        expression, np.stack([yaw, pitch, roll], 1).astype(np.float32),
        (necks[:, :2] * (-1, 1)).astype(np.float32), (DISTANCE_CM / (DISTANCE_CM + necks[:, 2])).astype(np.float32),
        gaze.astype(np.float32), confidence,
    )  # fmt: skip


def arkit_from_track(track: MotionTrack) -> FloatArray:
    """Frames (T, 61) in the order of `COLUMNS`, angles in radians, coefficients 0..1.

    What ARKit cannot say is lost: the sides of inner brows and cheeks (their mean remains), the tongue's direction, the
    lids' own part in looking up and down, and where the head is.
    """
    values = np.zeros((len(track), len(COLUMNS)))
    for name in ARKIT_NAMES:
        directions = [EXPRESSION_INDEX[direction] for direction in directions_of(name)]
        if directions:
            values[:, COLUMN_INDEX[name]] = track.expression[:, directions].mean(1)
    side_reach, up_reach = GAZE_REACH_DEG
    for eye, (side, outwards) in enumerate((("Left", 1), ("Right", -1))):
        across, down = track.gaze_deg[:, eye].T
        looks = {"Out": outwards * across / side_reach, "In": -outwards * across / side_reach,
                 "Down": down / up_reach, "Up": -down / up_reach}  # fmt: skip
        for way, amount in looks.items():
            values[:, COLUMN_INDEX[f"EyeLook{way}{side}"]] = amount
        values[:, COLUMN_INDEX[f"{side}EyeYaw"]] = np.radians(across)
        values[:, COLUMN_INDEX[f"{side}EyePitch"]] = -np.radians(down)
    values[:, : len(ARKIT_NAMES)] = np.clip(values[:, : len(ARKIT_NAMES)], 0, 1)
    yaw, pitch, roll = np.radians(track.angles_deg.astype(np.float64)).T
    values[:, [COLUMN_INDEX[name] for name in HEAD_NAMES]] = np.stack([yaw, -pitch, roll], 1)
    return values


def _gaze_from_coefficients(values: FloatArray) -> FloatArray:
    """(T, 2, 2) degrees, left eye, right eye: yaw to the image's right, which is out for the left one; pitch down."""
    eyes: list[FloatArray] = []
    for side, outwards in (("Left", 1), ("Right", -1)):
        inner, outer, up, down = (values[:, COLUMN_INDEX[f"EyeLook{way}{side}"]] for way in ("In", "Out", "Up", "Down"))
        eyes.append(np.stack([outwards * (outer - inner) * GAZE_REACH_DEG[0], (down - up) * GAZE_REACH_DEG[1]], -1))
    return np.stack(eyes, 1)
