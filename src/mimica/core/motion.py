"""Motion: what the driver does, apart from who the driver is.

A motion has three parts that can be driven, scaled, frozen or edited apart: `expression` (named directions), `pose`
(rotation, position and scale of the head) and `gaze` (per eye). This module does not know how a motion is read from
pixels (``runtime``) nor how it moves a portrait (``animation``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

_PAIRED = (
    "browDown",
    "browInnerUp",
    "browOuterUp",
    "cheekPuff",
    "cheekSquint",
    "eyeBlink",
    "eyeLookDown",
    "eyeLookUp",
    "eyeSquint",
    "eyeWide",
    "mouthDimple",
    "mouthFrown",
    "mouthLowerDown",
    "mouthPress",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
    "noseSneer",
)
_SINGLE = (
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthFunnel",
    "mouthLeft",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
)
RIG_NAMES: tuple[str, ...] = tuple(f"{name}_{side}" for name in _PAIRED for side in "LR") + _SINGLE
"""The 49 expression directions that move the skin (ARKit's names, `_L`/`_R` for the subject's own left and right)."""

TONGUE_NAMES: tuple[str, ...] = ("tongueOut", "tongueSide", "tongueUp")
"""Tongue: how far out (0..1), towards the image's right (−1..1), upwards (−1..1)."""

EXPRESSION_NAMES: tuple[str, ...] = RIG_NAMES + TONGUE_NAMES
EXPRESSION_INDEX: dict[str, int] = {name: index for index, name in enumerate(EXPRESSION_NAMES)}

FEATURES: tuple[str, ...] = ("brow", "cheekSquint", "eyeLook", "eyeSquint", "eyeWide", "mouthStretch")
"""How the directions begin in which faces at rest differ most: high brows, full cheeks, narrow eyes.

Actors who do nothing are read with up to 1.9 of these, portraits with .3 to .5, so they are only ever taken from a
person's own rest.
"""


def _mirrored_name(name: str) -> str:
    swaps = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
    if name.endswith("_L"):
        return name[:-2] + "_R"
    if name.endswith("_R"):
        return name[:-2] + "_L"
    return swaps.get(name, name)


EXPRESSION_MIRROR: tuple[int, ...] = tuple(EXPRESSION_INDEX[_mirrored_name(name)] for name in EXPRESSION_NAMES)
"""Where each direction's value comes from when the picture is mirrored."""

EXPRESSION_MIRROR_SIGN: tuple[float, ...] = tuple(-1.0 if name == "tongueSide" else 1.0 for name in EXPRESSION_NAMES)


NECK_PIVOT_CM: Final = (0.0, -5.0, -1.0)
"""Where a head turns on its neck, in the head's frame."""


@dataclass(frozen=True, slots=True)
class MotionTrack:
    """The motion of T frames.

    Attributes:
        expression: (T, 52) float32, order of `EXPRESSION_NAMES`, nominally 0..1 (the tongue's direction −1..1).
        angles_deg: (T, 3) float32 yaw, pitch, roll of the head, R = Rz(roll)·Rx(pitch)·Ry(yaw): yaw turns the face
            to the image's right, pitch looks down, roll leans counter-clockwise in the picture plane.
        position: (T, 2) float32 head origin in pixels of the driving frame.
        scale: (T,) float32 pixels of the driving frame per centimetre of the head.
        gaze_deg: (T, 2, 2) float32, [:, 0] the subject's left eye, [:, 1] the right; yaw, pitch in the head's frame.
        confidence: (T,) float32, 0 where no face was seen (the values are then held from a neighbour).
    """

    expression: FloatArray
    angles_deg: FloatArray
    position: FloatArray
    scale: FloatArray
    gaze_deg: FloatArray
    confidence: FloatArray

    def __post_init__(self) -> None:
        count = len(self.expression)
        shapes = {
            "expression": (count, len(EXPRESSION_NAMES)),
            "angles_deg": (count, 3),
            "position": (count, 2),
            "scale": (count,),
            "gaze_deg": (count, 2, 2),
            "confidence": (count,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"motion track: {name} has shape {getattr(self, name).shape}, expected {shape}")

    def __len__(self) -> int:
        return len(self.expression)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> MotionTrack:
        return MotionTrack(
            self.expression[rows],
            self.angles_deg[rows],
            self.position[rows],
            self.scale[rows],
            self.gaze_deg[rows],
            self.confidence[rows],
        )

    def with_expression(self, expression: FloatArray) -> MotionTrack:
        """The same track with another expression, (T, 52)."""
        return replace(self, expression=expression.astype(np.float32))
