"""What a tracker remembers of the actor, so that nobody else is taken for that one.

This module does not know videos.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import CropFrame
from mimica.core.records import Face
from mimica.faces.actor import Looks, learnt, likeness, looks

Image = NDArray[np.uint8]

CHECK_EVERY_S = 0.2
"""How often the tracked face is compared with the actor as remembered; always when it was lost a moment ago."""
ALIEN = 0.55
"""Faces less alike are somebody else, or covered; measured: one person in one shot 0.81 to 0.98 (0.73 at 60 px of
height), two people up to 0.73, most below 0.65."""
ALIKE_NEAR = 0.65
ALIKE_ELSEWHERE = 0.77
"""Likeness of whom is taken back after a loss, where the actor was last seen and elsewhere."""
ALIKE_AFTER_CUT = 0.7
NEW_LIGHT_S = 1.5
"""A face that stays where it is without a gap, alone, and looks different for this long is the actor in other light."""


class ActorMemory:
    """How the actor looks, and where and when that was last seen."""

    def __init__(self, first: Looks | None = None) -> None:
        self.first = first
        """How whom the user chose looked; it outlives cuts."""
        self.known: Looks | None = None
        """How the actor looks in this shot."""
        self._learnt_s = self._sure_s = self._met_s = -np.inf
        self._unlike_since_s: float | None = None
        self._left: tuple[Face, CropFrame] | None = None
        self._new_light = self._stirred = False

    def after_cut(self) -> ActorMemory:
        return ActorMemory(self.first)

    def scene_changed(self, *, new_light: bool, stirred: bool) -> None:
        """What the next frame is to the one before: in other light, or with much in other places."""
        self._new_light, self._stirred = new_light, stirred

    @property
    def wonders(self) -> bool:
        """Whether a face lies where the actor's was that may be the actor's in other light."""
        return self._unlike_since_s is not None

    def leave(self, face: Face | None, crop: CropFrame) -> None:
        """The actor is no longer seen; `face` was the last."""
        if face is not None:
            self._left = face, crop

    def learn(self, face: Face, image: Image, time_s: float) -> None:
        now = looks(image, face)
        self.known = learnt(self.known, now)
        self.first = now if self.first is None else self.first
        self._learnt_s = self._sure_s = self._met_s = time_s
        self._unlike_since_s = None

    def is_actor(self, face: Face, image: Image, time_s: float, present: int) -> bool:
        """Whether the face that lies where the actor's was is the actor's."""
        if self.known is None:
            self.learn(face, image, time_s)
            return True
        gap = time_s - self._met_s > 2.5 * CHECK_EVERY_S
        self._met_s = time_s
        if self._new_light and not gap and self._unlike_since_s is None:
            self.known = None
            self.learn(face, image, time_s)
            return True
        if self._unlike_since_s is None and not self._stirred and time_s - self._learnt_s < CHECK_EVERY_S:
            return True
        now = looks(image, face)
        alike = likeness(self.known, now)
        if alike >= ALIEN:
            if alike >= ALIKE_AFTER_CUT:
                self.known = learnt(self.known, now)
            self._learnt_s, self._unlike_since_s = time_s, None
            return True
        if self._unlike_since_s is None or gap or present > 1:
            self._unlike_since_s = time_s
        if time_s - self._unlike_since_s >= NEW_LIGHT_S:
            self.known = None
            self.learn(face, image, time_s)
            return True
        return False

    def returned(self, faces: list[Face], image: Image) -> Face | None:
        """The actor among the faces of this frame, after having been away."""
        if self.known is None or not faces:
            return None
        alike = [likeness(self.known, looks(image, face)) for face in faces]
        best = int(np.argmax(alike))
        near = self._left is not None and (
            float(np.linalg.norm(faces[best].center_px - self._left[0].center_px)) < self._left[1].side_px / 2
        )
        return faces[best] if alike[best] >= (ALIKE_NEAR if near else ALIKE_ELSEWHERE) else None

    def recognised(self, faces: list[Face], image: Image) -> Face | None:
        """Whom the user chose, in another shot: one of several, or one who is surely the same."""
        if self.first is None:
            return None
        alike = [likeness(self.first, looks(image, face)) for face in faces]
        best = int(np.argmax(alike))
        return faces[best] if alike[best] >= ALIKE_AFTER_CUT else None
