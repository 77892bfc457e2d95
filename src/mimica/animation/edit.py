"""Edit: a portrait as it is, changed by named amounts; the picture of an edit of nothing is the photo.

Amounts are added to what the photo already shows, so a smile grows from the smile that is there, turns begin at the
photo's own pose, and whatever part of the face an edit leaves alone keeps its own pixels. This module does not know
files or networks; `still` takes an edit to a file.

A preview while sliders move::

    portrait = animator.prepare("photo.jpg")  # once, about a second
    edit = PortraitEdit.of({"smile": 0.6, "yaw": 15})  # names: `controls.CONTROLS`
    picture = edit_still(portrait, edit)  # some 50 ms at 512 px
    terms = admit_portrait(path, portrait.photo, consent="self")  # safety.portrait_admission, once per photo
    with StreamRelease(terms) as previews:  # safety.stream: one job in the ledger for all previews
        data = previews.jpeg(picture)  # labelled, marked, tagged

`edit_still` gives pixels that are *not released*: nobody was asked, nothing is labelled or marked. Whatever is shown to
a person goes through ``safety.stream.StreamRelease``, and a file through ``safety.release.release_image``, first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.animation.controls import GAZE_CHANNELS, POSE_CHANNELS, find_control
from mimica.animation.fill import smooth_step
from mimica.animation.motion_field import HeadMotion
from mimica.animation.other_face import OtherFace
from mimica.animation.prepare import Portrait
from mimica.animation.retarget import MAX_SHIFT_CM, MAX_TURN_DEG, soft_limit
from mimica.core.camera import rotation_from_angles, rotation_vector, rotations_from_vectors
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, RIG_NAMES
from mimica.errors import UsageError

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

CHANNELS: Final = frozenset((*EXPRESSION_NAMES, *POSE_CHANNELS, *GAZE_CHANNELS))

MOST: Final = 1.25
"""A direction goes no further than this, own expression and edit together, as in an animation."""
LARGEST_AMOUNT: Final = 2.0
"""Amounts beyond this many times a control's range are a slip of the finger."""
TOUCHED_FROM, TOUCHED_FULLY = 0.0, 0.12
"""Mouth and eyes fade from the photo's own pixels to drawn ones as the strengths that move them grow so far."""
TONGUE_NEEDS: Final = 0.3
"""How far the jaw opens at least for a tongue that is all out."""
GAZE_TOUCHES_DEG: Final = 40.0
"""A turn of the eyes by so much touches an eye as a strength of 1 does."""

_MOUTH: Final = tuple(
    name for name in EXPRESSION_NAMES if name.startswith(("mouth", "jaw", "tongue", "cheekPuff", "noseSneer"))
)
_LIDS: Final = ("eyeBlink", "eyeLookDown", "eyeLookUp", "eyeSquint", "eyeWide", "cheekSquint")
_SHUT_KNOWS_NO: Final = ("eyeLookDown", "eyeLookUp", "eyeSquint", "eyeWide")


@dataclass(frozen=True, slots=True)
class PortraitEdit:
    """What to change in a portrait.

    Attributes:
        amounts: channel of `CHANNELS` → how much to add: strengths, degrees, centimetres.
        neutral: 0..1, how much of the photo's own expression is taken away first.
        other: the face of another photo, whose expression replaces this one's before `amounts` are added.
        strength: scales all of it; 0 is the photo.
    """

    amounts: Mapping[str, float] = field(default_factory=dict[str, float])
    neutral: float = 0.0
    other: OtherFace | None = None
    strength: float = 1.0

    def __post_init__(self) -> None:
        unknown = [name for name in self.amounts if name not in CHANNELS]
        if unknown:
            raise UsageError(f"edit {unknown[0]!r}: is no channel; use PortraitEdit.of for names such as smile")
        if not all(map(math.isfinite, (*self.amounts.values(), self.neutral, self.strength))):
            raise UsageError("edit: an amount is not a finite number; give numbers such as 0.6")
        if not 0 <= self.neutral <= 1 or not 0 <= self.strength <= LARGEST_AMOUNT:
            raise UsageError(f"edit: neutral must be 0 to 1 and strength 0 to {LARGEST_AMOUNT:g}; give such numbers")

    @classmethod
    def of(
        cls, edits: Mapping[str, float], *, neutral: float = 0.0, other: OtherFace | None = None, strength: float = 1.0
    ) -> PortraitEdit:
        """The edit that names of `controls.CONTROLS` describe; what several of them move adds up.

        Raises:
            UsageError: a name is unknown, or an amount is far outside its control's range.
        """
        amounts: dict[str, float] = {}
        for name, amount in edits.items():
            control = find_control(name)
            most = LARGEST_AMOUNT * max(abs(control.low), control.high)
            if not -most <= amount <= most:  # also when it is no number
                fit = f"{control.low:g} to {control.high:g}{control.unit}"
                raise UsageError(f"edit {control.name}={amount}: is out of range; give {fit}")
            for channel, share in control.parts.items():
                amounts[channel] = amounts.get(channel, 0.0) + share * float(amount)
        return cls(amounts, neutral, other, strength)

    @property
    def is_nothing(self) -> bool:
        """Whether the photo stays exactly as it is."""
        return self.strength == 0 or (
            not any(self.amounts.values()) and self.neutral == 0 and (self.other is None or self.other.is_nothing)
        )

    def scaled(self, strength: float) -> PortraitEdit:
        """The same edit, `strength` times as strong."""
        return replace(self, strength=self.strength * strength)

    def taking(self, other: OtherFace) -> PortraitEdit:
        """The same edit on top of what is taken over from another photo."""
        return replace(self, other=other)

    def motion(self, portrait: Portrait) -> HeadMotion:
        """What the renderer has to do with this portrait."""
        own = np.zeros(len(EXPRESSION_NAMES), np.float32)
        # the strengths that `Closing` takes away; the photo's own tongue is pixels and cannot be
        own[: len(RIG_NAMES)] = np.clip(portrait.reading.expression[: len(RIG_NAMES)], 0, 1.1)
        taken = None if self.other is None else self.other.expression
        neutralise = min(1.0, (self.neutral if taken is None else 1.0) * self.strength)
        kept = own * np.float32(1 - neutralise)
        total = kept + self._added(EXPRESSION_NAMES)
        if taken is not None:
            total += taken * np.float32(self.strength)
        total = _possible(total, kept)
        directions = (total - kept)[: len(RIG_NAMES)].astype(np.float32)
        return HeadMotion(
            directions, total[len(RIG_NAMES) :], self._turn(portrait), self._shift_cm(portrait), self._gaze(portrait),
            neutralise=neutralise, redraw=self._redraw(portrait, total - own),
        )  # fmt: skip

    def _added(self, channels: tuple[str, ...]) -> FloatArray:
        return np.array([self.amounts.get(name, 0.0) * self.strength for name in channels], np.float32)

    def _turn(self, portrait: Portrait) -> NDArray[np.float64]:
        """(3, 3) in the camera's frame; angles are added to the photo's own, so yaw turns about the head's own axis."""
        own = portrait.subject.rotation
        target = rotation_from_angles(*(portrait.reading.angles_deg + self._added(POSE_CHANNELS[:3])).tolist())
        vector = rotation_vector(target @ own.T)
        if self.other is not None and self.other.angles_deg is not None:
            other = rotation_from_angles(*self.other.angles_deg.tolist())
            vector = vector + rotation_vector(other @ own.T) * self.strength
        return rotations_from_vectors(soft_limit(vector, np.radians(MAX_TURN_DEG)))

    def _shift_cm(self, portrait: Portrait) -> NDArray[np.float64]:
        right, down, nearer = self._added(POSE_CHANNELS[3:])
        return soft_limit(np.array([right, -down, nearer]), MAX_SHIFT_CM)

    def _gaze(self, portrait: Portrait) -> FloatArray:
        own = portrait.subject.gaze_deg
        gaze = own + self._added(GAZE_CHANNELS).reshape(2, 2)
        if self.other is not None and self.other.gaze_deg is not None:
            gaze = gaze + (self.other.gaze_deg - own) * self.strength
        return np.clip(gaze, -40, 40).astype(np.float32)

    def _redraw(self, portrait: Portrait, change: FloatArray) -> tuple[float, float, float]:
        """How much of mouth, left eye and right eye is drawn anew: none where nothing but the head moves."""
        looked = np.abs(self._gaze(portrait) - portrait.subject.gaze_deg).max(1) / GAZE_TOUCHES_DEG
        mouth = max(abs(float(change[EXPRESSION_INDEX[name]])) for name in _MOUTH)
        lids = [max(abs(float(change[EXPRESSION_INDEX[f"{name}_{side}"]])) for name in _LIDS) for side in "LR"]
        touched = np.array([mouth, max(lids[0], float(looked[0])), max(lids[1], float(looked[1]))])
        shares = smooth_step(touched, TOUCHED_FROM, TOUCHED_FULLY)
        return float(shares[0]), float(shares[1]), float(shares[2])


def edit_still(portrait: Portrait, edit: PortraitEdit) -> Image:
    """The whole photo, (H, W, 3) uint8 RGB, with `edit` applied; exactly the photo when the edit is nothing.

    The picture depends on the edit alone, not on edits before it. It is not released: see the module's docstring.
    """
    if edit.is_nothing:
        return portrait.photo.copy()
    return portrait.renderer.render(edit.motion(portrait))


def _possible(total: FloatArray, kept: FloatArray) -> FloatArray:
    """Strengths that a face can have; what `kept` (52,) of the photo itself lies beyond stays as it is."""
    low = np.zeros_like(total)
    low[[EXPRESSION_INDEX["tongueSide"], EXPRESSION_INDEX["tongueUp"]]] = -1
    high = np.full_like(total, MOST)
    high[len(RIG_NAMES) :] = 1
    possible = np.clip(total, low, high)
    for side in "LR":
        blink = EXPRESSION_INDEX[f"eyeBlink_{side}"]
        possible[blink] = min(float(possible[blink]), 1.0)
        # closed lids are closed, however wide or narrow the eye was: else the photo's own would hold them open
        closing = float(max(possible[blink] - kept[blink], 0) / max(1 - kept[blink], 1e-3))
        for name in _SHUT_KNOWS_NO:
            index = EXPRESSION_INDEX[f"{name}_{side}"]
            possible[index] *= 1 - closing
    # mouthClose closes lips over an open jaw; alone it would push one lip through the other
    close, jaw = EXPRESSION_INDEX["mouthClose"], EXPRESSION_INDEX["jawOpen"]
    tongue = EXPRESSION_INDEX["tongueOut"]
    possible[jaw] = max(float(possible[jaw]), TONGUE_NEEDS * float(possible[tongue]))
    possible[close] = min(float(possible[close]), max(float(possible[jaw]), float(kept[close])))
    return possible
