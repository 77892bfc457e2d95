"""Controls: the names by which a person changes a portrait, in words, and what each one moves.

Three kinds share one table: ARKit's 52 coefficients, friendly groups of them (smile, pout, wink, …), and head and eyes.
A name may be written in any usual way: `jaw-open`, `jawOpen`, `JawOpen`; `mouthSmile_L`, `mouthSmileLeft`. Left and
right are the subject's own. Directions in the picture are as everywhere here: x to the right, y down. This module loads
nothing, so that the command line can list it, and does not know portraits: `edit` applies it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, Literal

from mimica.errors import UsageError

Unit = Literal["", "°", "cm"]

POSE_CHANNELS: Final = ("yaw_deg", "pitch_deg", "roll_deg", "right_cm", "down_cm", "nearer_cm")
GAZE_CHANNELS: Final = ("gaze_yaw_left_deg", "gaze_pitch_left_deg", "gaze_yaw_right_deg", "gaze_pitch_right_deg")
"""What can be moved beside the expression directions of `core.motion`: the head, each eye."""

GAZE_REACH_DEG: Final = (28.0, 20.0)
"""How far eyes turn sideways, and up or down, at 1."""
LID_FOLLOWS: Final = 0.55
"""Strength of eyeLookUp/Down in the lids when the gaze is turned by its reach: lids go with the eyes."""


@dataclass(frozen=True, slots=True)
class Control:
    """One name that moves something.

    Attributes:
        name: as on the command line, without the dashes. group: under which heading it stands. words: what it does.
        low, high: the range that looks natural; 0 leaves the photo as it is. unit: "" for strengths.
        parts: channel (a direction of `core.motion`, of the head or of the eyes) → how much of it one unit adds.
    """

    name: str
    group: str
    words: str
    low: float
    high: float
    unit: Unit
    parts: Mapping[str, float]

    @property
    def option(self) -> str:
        """As an option of `mimica edit`: --jaw-open."""
        return f"--{self.name}"


def _sides(name: str, share: float = 1.0) -> dict[str, float]:
    return {f"{name}_L": share, f"{name}_R": share}


def _look(x: float, y: float, eyes: tuple[str, ...] = ("left", "right")) -> dict[str, float]:
    """Eyes turned by a share of their reach, lids with them."""
    parts: dict[str, float] = {}
    for eye in eyes:
        if x:
            parts[f"gaze_yaw_{eye}_deg"] = x * GAZE_REACH_DEG[0]
        if y:
            parts[f"gaze_pitch_{eye}_deg"] = y * GAZE_REACH_DEG[1]
            parts[f"eyeLook{'Down' if y > 0 else 'Up'}_{eye[0].upper()}"] = abs(y) * LID_FOLLOWS
    return parts


Row = tuple[str, str, Mapping[str, float]]

_HEAD: list[tuple[str, str, float, Unit, str]] = [
    ("yaw", "turn the head to the picture's right", 35, "°", "yaw_deg"),
    ("pitch", "nod down", 30, "°", "pitch_deg"),
    ("roll", "lean the head counter-clockwise", 35, "°", "roll_deg"),
    ("move-x", "shift the head to the picture's right", 3, "cm", "right_cm"),
    ("move-y", "shift the head down", 3, "cm", "down_cm"),
    ("move-z", "bring the head nearer", 3, "cm", "nearer_cm"),
]
_GAZE: list[Row] = [
    ("gaze-x", "look to the picture's right; -1 to the left", _look(1, 0)),
    ("gaze-y", "look down; -1 up", _look(0, 1)),
]
_GROUPS: list[Row] = [
    ("smile", "smile with mouth and cheeks", _sides("mouthSmile") | _sides("cheekSquint", 0.35)),
    ("smirk", "smile with the left side only", {"mouthSmile_L": 1, "cheekSquint_L": 0.35, "mouthLeft": 0.2}),
    ("frown", "pull the corners of the mouth down", _sides("mouthFrown") | {"mouthShrugLower": 0.25}),
    ("pout", "push the lips out and the lower lip up", {"mouthPucker": 0.7, "mouthShrugLower": 0.6}),
    ("kiss", "purse the lips", {"mouthPucker": 1, "mouthFunnel": 0.15}),
    ("open-mouth", "open the mouth", {"jawOpen": 1}),
    ("tongue", "stick the tongue out", {"tongueOut": 1, "jawOpen": 0.45}),
    ("blink", "close both eyes", _sides("eyeBlink")),
    ("blink-left", "close the left eye", {"eyeBlink_L": 1}),
    ("blink-right", "close the right eye", {"eyeBlink_R": 1}),
    ("wink", "wink with the left eye", {"eyeBlink_L": 1, "cheekSquint_L": 0.5, "mouthSmile_L": 0.25}),
    ("squint", "narrow the eyes", _sides("eyeSquint")),
    ("wide-eyes", "open the eyes wide", _sides("eyeWide")),
    ("raise-brows", "raise the whole brows", _sides("browInnerUp", 0.8) | _sides("browOuterUp")),
    ("lower-brows", "draw the brows down", _sides("browDown")),
    ("puff", "puff both cheeks", _sides("cheekPuff")),
    ("sneer", "wrinkle the nose", _sides("noseSneer") | _sides("mouthUpperUp", 0.35)),
    ("surprise", "brows up, eyes wide, jaw dropped",
     _sides("browInnerUp", 0.8) | _sides("browOuterUp", 0.8) | _sides("eyeWide", 0.8) | {"jawOpen": 0.45}),
    ("anger", "brows down, eyes narrow, lips pressed",
     _sides("browDown") | _sides("eyeSquint", 0.35) | _sides("noseSneer", 0.25) | _sides("mouthPress", 0.4)),
    ("sadness", "inner brows up, corners of the mouth down",
     _sides("browInnerUp", 0.9) | _sides("mouthFrown", 0.7) | {"mouthShrugLower": 0.3}),
]  # fmt: skip

_ARKIT_PAIRS: dict[str, str] = {
    "eyeBlink": "close the {} eye",
    "eyeSquint": "narrow the {} eye",
    "eyeWide": "open the {} eye wide",
    "browDown": "draw the {} brow down",
    "browOuterUp": "raise the {} brow's outer end",
    "cheekSquint": "raise the {} cheek",
    "noseSneer": "wrinkle the nose on the {}",
    "mouthSmile": "pull the {} corner of the mouth up",
    "mouthFrown": "pull the {} corner of the mouth down",
    "mouthDimple": "press a dimple into the {} cheek",
    "mouthStretch": "stretch the mouth to the {}",
    "mouthPress": "press the lips together on the {}",
    "mouthUpperUp": "raise the upper lip on the {}",
    "mouthLowerDown": "lower the lower lip on the {}",
}
_ARKIT_LOOKS: dict[str, str] = {"Up": "up", "Down": "down", "In": "inwards", "Out": "outwards"}
_ARKIT_SINGLE: dict[str, tuple[str, dict[str, float]]] = {
    "browInnerUp": ("raise the inner ends of the brows", _sides("browInnerUp")),
    "cheekPuff": ("puff both cheeks", _sides("cheekPuff")),
    "jawOpen": ("drop the jaw", {"jawOpen": 1}),
    "jawForward": ("push the jaw forward", {"jawForward": 1}),
    "jawLeft": ("move the jaw to the left", {"jawLeft": 1}),
    "jawRight": ("move the jaw to the right", {"jawRight": 1}),
    "mouthClose": ("close the lips over an open jaw", {"mouthClose": 1}),
    "mouthFunnel": ("make the lips a funnel", {"mouthFunnel": 1}),
    "mouthPucker": ("purse the lips", {"mouthPucker": 1}),
    "mouthLeft": ("move the mouth to the left", {"mouthLeft": 1}),
    "mouthRight": ("move the mouth to the right", {"mouthRight": 1}),
    "mouthRollLower": ("roll the lower lip in", {"mouthRollLower": 1}),
    "mouthRollUpper": ("roll the upper lip in", {"mouthRollUpper": 1}),
    "mouthShrugLower": ("push the lower lip up", {"mouthShrugLower": 1}),
    "mouthShrugUpper": ("push the upper lip up", {"mouthShrugUpper": 1}),
    "tongueOut": ("stick the tongue out", {"tongueOut": 1}),
}
_OWN: list[Row] = [
    ("tongueSide", "the tongue to the picture's right; -1 to the left", {"tongueSide": 1}),
    ("tongueUp", "the tongue up; -1 down", {"tongueUp": 1}),
    *((f"{name}{side}", f"{words} on the {side.lower()}", {f"{name}_{side[0]}": 1.0})
      for name, words in (("browInnerUp", "raise the brow's inner end"), ("cheekPuff", "puff the cheek"))
      for side in ("Left", "Right")),
]  # fmt: skip


def _arkit_looks() -> list[Row]:
    rows: list[Row] = []
    for way, words in _ARKIT_LOOKS.items():
        for side in ("Left", "Right"):
            eye = side.lower()
            # the subject's left eye is on the picture's right: inwards is towards the picture's left
            inward = -1.0 if side == "Left" else 1.0
            x = {"In": inward, "Out": -inward}.get(way, 0.0)
            y = {"Up": -1.0, "Down": 1.0}.get(way, 0.0)
            # here the lid's own direction is the coefficient itself, at full strength
            parts = _look(x, y, (eye,)) | ({f"eyeLook{way}_{side[0]}": 1.0} if y else {})
            rows.append((f"eyeLook{way}{side}", f"turn the {eye} eye {words}", parts))
    return rows


def kebab(name: str) -> str:
    """`mouthSmileLeft` → `mouth-smile-left`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _table() -> dict[str, Control]:
    controls = [Control(name, "head", words, -reach, reach, unit, {channel: 1.0})
                for name, words, reach, unit, channel in _HEAD]  # fmt: skip
    controls += [Control(name, "gaze", words, -1, 1, "", parts) for name, words, parts in _GAZE]
    controls += [Control(name, "face", words, 0, 1, "", parts) for name, words, parts in _GROUPS]
    arkit: list[Row] = [
        (f"{name}{side}", words.format(side.lower()), {f"{name}_{side[0]}": 1.0})
        for name, words in _ARKIT_PAIRS.items()
        for side in ("Left", "Right")
    ]
    arkit += [*_arkit_looks(), *((name, words, parts) for name, (words, parts) in _ARKIT_SINGLE.items())]
    controls += [Control(kebab(name), "ARKit", words, 0, 1, "", parts) for name, words, parts in arkit]
    controls += [
        Control(kebab(name), "more", words, -1 if name.startswith("tongue") else 0, 1, "", parts)
        for name, words, parts in _OWN
    ]
    return {
        control.name: Control(
            control.name, control.group, control.words, control.low, control.high, control.unit,
            MappingProxyType({channel: float(share) for channel, share in control.parts.items()}),
        )
        for control in controls
    }  # fmt: skip


CONTROLS: Final[Mapping[str, Control]] = MappingProxyType(_table())
"""Every control by its name, in the order in which a person would look for it: head, gaze, face, ARKit, more."""


def _bare(name: str) -> str:
    sided = re.sub(r"_([LR])$", lambda found: "Left" if found[1] == "L" else "Right", name.strip())
    return re.sub(r"[^a-z0-9]", "", sided.lower())


_BY_BARE_NAME: Final = {_bare(name): control for name, control in CONTROLS.items()}


def find_control(name: str) -> Control:
    """The control that a person means by `name`. Raises UsageError for an unknown one and says which are like it."""
    control = _BY_BARE_NAME.get(_bare(name))
    if control is None:
        near = get_close_matches(_bare(name), _BY_BARE_NAME, 3, 0.6)
        meant = f"did you mean {', '.join(_BY_BARE_NAME[one].name for one in near)}? " if near else ""
        raise UsageError(f"edit {name!r}: is not a name here; {meant}list them all: mimica edit --list")
    return control
