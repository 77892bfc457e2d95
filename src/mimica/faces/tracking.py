"""Tracking: one steady crop on one actor through a video, frame after frame, whatever the frame rate.

A crop that trembles makes a portrait tremble; so the crop rests while the face moves a little inside it, follows
smoothly when it moves far, and changes size only when the actor really comes closer or leaves. This module does not
know pixels beyond what tells one scene from the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import CropFrame, box_overlap
from mimica.core.records import Face
from mimica.faces.actor import choose_actor
from mimica.faces.actor_choice import ActorChoice
from mimica.faces.actor_memory import NEW_LIGHT_S, ActorMemory
from mimica.faces.alignment import face_crop
from mimica.faces.cuts import CutDetector
from mimica.faces.finder import FaceFinder

Image = NDArray[np.uint8]

DEAD_ZONE = 0.06
"""The crop rests while the face's centre stays within this share of its side."""
FOLLOW_S = 0.18
"""Time constant with which the crop follows beyond the dead zone."""
SIZE_BAND = 0.12
SIZE_REACHED = 0.02
SIZE_PATIENCE_S = 0.5
SIZE_FOLLOW_S = 0.6
"""The size changes when the face has been off by more than the band for the patience; then with this time constant
until it is reached, so that it moves once and rests again."""
HOLD_S = 0.7
"""A lost face's crop is held this long before the track ends."""
SAME_FACE_OVERLAP = 0.2
THOROUGH_EVERY_S = 0.5
"""How often tiles are searched for a small face while there is none."""
CLOSE_LOOK_SHARE = 0.45
"""A crop smaller than this share of the frame is looked at through a window around it."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace:
    """The actor in one frame. `face` is None and `lost` True while the crop is only held."""

    track_id: int
    crop: CropFrame
    face: Face | None

    @property
    def lost(self) -> bool:
        return self.face is None


class FaceTracker:
    """Feed frames in order; it looks at the past only, and follows one person: somebody else is nobody to it.

    `chosen` is the face to start with, in pixels of the first frame; else `actor` says who of those that are first
    seen. After a cut it follows whom it knows; with "largest" whoever is largest when nobody looks like that.
    """

    def __init__(self, finder: FaceFinder, chosen: Face | None = None, actor: ActorChoice = "largest") -> None:
        self.cuts = 0
        """Scene cuts so far; one less again when a cut turns out to have been a flash."""
        self.most_faces = 0
        """The most faces that were seen at once while the actor was looked for."""
        self._finder = finder
        self._actor: ActorChoice = actor
        self._cut_detector = CutDetector()
        self._tracks = 0
        self._crop: CropFrame | None = None
        self._face: Face | None = chosen
        self._seen_s = self._time_s = self._searched_s = -np.inf
        self._size = _Size(0.0, 0.0, 0.0)
        self._off_size_since_s: float | None = None
        self._resizing = False
        self._memory = ActorMemory()
        self._before_cut: tuple[CropFrame | None, Face | None, _Size, ActorMemory] | None = None

    def update(self, image: Image, time_s: float) -> TrackedFace | None:
        """The actor in the next frame (H, W, 3) uint8 RGB at `time_s`; None when there is nobody."""
        self._mind_cuts(image, time_s)
        step_s = max(time_s - self._time_s, 0.0) if np.isfinite(self._time_s) else 0.0
        self._time_s = time_s
        face = self._look(image, time_s)
        if face is None:
            patience_s = HOLD_S + (NEW_LIGHT_S if self._memory.wonders else 0)
            if self._crop is None or time_s - self._seen_s > patience_s:
                if self._crop is not None:
                    self._memory.leave(self._face, self._crop)
                    self._crop = self._face = None
                return None
            return TrackedFace(self._tracks, self._crop, None)
        if self._crop is None:
            self._tracks += 1
            self._crop = face_crop(face)
            self._size = _Size.of(face, self._crop.side_px)
            self._off_size_since_s, self._resizing = None, False
        else:
            self._crop = self._follow(self._crop, face, time_s, step_s)
        self._face, self._seen_s = face, time_s
        return TrackedFace(self._tracks, self._crop, face)

    def _mind_cuts(self, image: Image, time_s: float) -> None:
        scene = self._cut_detector.update(image, time_s)
        self._memory.scene_changed(new_light=scene == "light", stirred=scene == "stir")
        if scene == "cut":
            self.cuts += 1
            self._before_cut = self._crop, self._face, self._size, self._memory
            self._crop = self._face = None
            self._memory = self._memory.after_cut()
            self._searched_s = -np.inf
        elif scene == "back" and self._before_cut is not None:
            self.cuts -= 1
            self._crop, self._face, self._size, self._memory = self._before_cut
            self._seen_s = max(self._seen_s, self._time_s)

    def _look(self, image: Image, time_s: float) -> Face | None:
        crop = self._crop
        if crop is not None and crop.side_px < CLOSE_LOOK_SHARE * max(image.shape[:2]):
            face = self._choose(self._finder.find_around(image, crop), image)
            if face is not None:
                return face
        known = self._face if crop is not None and not self._memory.wonders else None
        face = self._choose(self._finder.find(image, thorough=False, known=known), image)
        if face is None and time_s - self._searched_s >= THOROUGH_EVERY_S:
            self._searched_s = time_s
            face = self._choose(self._finder.find(image), image)
        return face

    def _choose(self, faces: list[Face], image: Image) -> Face | None:
        """The same person as before; whom `actor` says where nobody is known."""
        if not faces:
            return None
        memory = self._memory
        if self._face is not None:
            same = self._nearest(faces, self._face, image)
            if same is not None and memory.is_actor(same, image, self._time_s, len(faces)):
                return same
            away = memory.returned([face for face in faces if face is not same], image)
            if away is not None:
                memory.learn(away, image, self._time_s)
                self._crop = None  # a track of its own
            return away
        if memory.known is not None:
            same = memory.returned(faces, image)
        else:
            self.most_faces = max(self.most_faces, len(faces))
            same = memory.recognised(faces, image)
            if same is None and (memory.first is None or self._actor == "largest"):
                same = choose_actor(faces, self._actor, (image.shape[0], image.shape[1]))
        if same is not None:
            memory.learn(same, image, self._time_s)
        return same

    def _nearest(self, faces: list[Face], last: Face, image: Image) -> Face | None:
        """The face that lies where `last` was, or one a fast move away."""
        overlap = box_overlap(last.box_xyxy, np.stack([face.box_xyxy for face in faces]))[0]
        if overlap.max() > SAME_FACE_OVERLAP:
            return faces[int(overlap.argmax())]
        if self._crop is None:  # the one to begin with is not here
            return choose_actor(faces, self._actor, (image.shape[0], image.shape[1]))
        distance = [float(np.linalg.norm(face.center_px - last.center_px)) for face in faces]
        nearest = int(np.argmin(distance))
        return faces[nearest] if distance[nearest] < self._crop.side_px / 2 else None

    def _follow(self, crop: CropFrame, face: Face, time_s: float, step_s: float) -> CropFrame:
        offset = face_crop(face).center_px - crop.center_px
        distance = float(np.linalg.norm(offset))
        beyond = max(0.0, distance - DEAD_ZONE * crop.side_px)
        move = offset / max(distance, 1e-9) * beyond * (1 - np.exp(-step_s / FOLLOW_S))
        change = self._size.log_side(face) - float(np.log(crop.side_px))
        if self._resizing:
            self._resizing = abs(change) > SIZE_REACHED
        elif abs(change) < np.log1p(SIZE_BAND):
            self._off_size_since_s = None
        elif self._off_size_since_s is None:
            self._off_size_since_s = time_s
        elif time_s - self._off_size_since_s >= SIZE_PATIENCE_S:
            self._off_size_since_s, self._resizing = None, True
        growth = float(np.exp(change * (1 - np.exp(-step_s / SIZE_FOLLOW_S)))) if self._resizing else 1.0
        return CropFrame(crop.center_x_px + float(move[0]), crop.center_y_px + float(move[1]), crop.side_px * growth)


@dataclass(frozen=True, slots=True)
class _Size:
    """How large a face was when its track began, in logarithms of px, and the crop's side that went with it.

    The box grows when the mouth opens, and the upper face shrinks when the head turns: only what both say is nearness.
    """

    log_height: float
    log_upper: float
    log_crop: float

    @classmethod
    def of(cls, face: Face, side_px: float) -> _Size:
        return cls(float(np.log(max(face.height_px, 1.0))), _log_upper(face), float(np.log(side_px)))

    def log_side(self, face: Face) -> float:
        """Logarithm of the side that a crop of `face` should have."""
        by_height = float(np.log(max(face.height_px, 1.0))) - self.log_height
        by_upper = _log_upper(face) - self.log_upper
        if by_height * by_upper <= 0:
            return self.log_crop
        return self.log_crop + min(by_height, by_upper, key=abs)


def _log_upper(face: Face) -> float:
    """Of the eyes' distance and the nose's from between them, which a turn of the head trades for each other."""
    right, left, nose = face.points[:3].astype(np.float64)
    across, down = np.linalg.norm(left - right), np.linalg.norm(nose - (left + right) / 2)
    return float(np.log(max(np.hypot(across, 1.2 * down), 1.0)))
