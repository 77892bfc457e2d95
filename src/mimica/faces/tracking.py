"""Tracking: one steady crop on one actor through a video, frame after frame, whatever the frame rate.

A crop that trembles makes a portrait tremble; so the crop rests while the face moves a little inside it, follows
smoothly when it moves far, and changes size only when the actor really comes closer or leaves. This module does not
know pixels beyond what tells one scene from the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import CropFrame, box_overlap
from mimica.core.records import Face
from mimica.faces.alignment import face_crop
from mimica.faces.finder import FaceFinder

Image = NDArray[np.uint8]

DEAD_ZONE = 0.06
"""The crop rests while the face's centre stays within this share of its side."""
FOLLOW_S = 0.18
"""Time constant with which the crop follows beyond the dead zone."""
SIZE_BAND = 0.12
SIZE_PATIENCE_S = 0.5
SIZE_FOLLOW_S = 0.6
"""The size changes when the face has been off by more than the band for the patience; then with this time constant."""
HOLD_S = 0.7
"""A lost face's crop is held this long before the track ends."""
CUT_DIFFERENCE = 0.36
"""Share of the thumbnail's colour histogram that must change from one frame to the next for a scene cut."""
THOROUGH_EVERY_S = 0.5
"""How often tiles are searched for a small face while there is none."""


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
    """Feed frames in order; it looks at the past only."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._tracks = 0
        self._crop: CropFrame | None = None
        self._face: Face | None = None
        self._seen_s = self._time_s = self._searched_s = -np.inf
        self._off_size_since_s: float | None = None
        self._histogram: NDArray[np.float32] | None = None

    def update(self, image: Image, time_s: float) -> TrackedFace | None:
        """The actor in the next frame (H, W, 3) uint8 RGB at `time_s`; None when there is nobody."""
        if self._is_cut(image):
            self._crop = self._face = None
        step_s = time_s - self._time_s if np.isfinite(self._time_s) else 0.0
        self._time_s = time_s
        search = self._crop is None and time_s - self._searched_s >= THOROUGH_EVERY_S
        if search:
            self._searched_s = time_s
        face = self._choose(self._finder.find(image, thorough=search))
        if face is None:
            if self._crop is None or time_s - self._seen_s > HOLD_S:
                self._crop = self._face = None
                return None
            return TrackedFace(self._tracks, self._crop, None)
        wanted = face_crop(face)
        if self._crop is None:
            self._tracks += 1
            self._crop, self._off_size_since_s = wanted, None
        else:
            self._crop = self._follow(self._crop, wanted, time_s, max(step_s, 0.0))
        self._face, self._seen_s = face, time_s
        return TrackedFace(self._tracks, self._crop, face)

    def _choose(self, faces: list[Face]) -> Face | None:
        """The same actor as before, else the largest face."""
        if self._face is not None and faces:
            overlap = box_overlap(self._face.box_xyxy, np.stack([face.box_xyxy for face in faces]))[0]
            if overlap.max() > 0.2:
                return faces[int(overlap.argmax())]
            if self._crop is not None:
                reach = self._crop.side_px / 2
                distance = [float(np.linalg.norm(face.center_px - self._face.center_px)) for face in faces]
                if min(distance) < reach:
                    return faces[int(np.argmin(distance))]
            return None
        return max(faces, key=lambda face: face.area_px, default=None)

    def _follow(self, crop: CropFrame, wanted: CropFrame, time_s: float, step_s: float) -> CropFrame:
        offset = wanted.center_px - crop.center_px
        distance = float(np.linalg.norm(offset))
        beyond = max(0.0, distance - DEAD_ZONE * crop.side_px)
        move = offset / max(distance, 1e-9) * beyond * (1 - np.exp(-step_s / FOLLOW_S))
        side = crop.side_px
        change = float(np.log(wanted.side_px / side))
        if abs(change) < np.log1p(SIZE_BAND):
            self._off_size_since_s = None
        elif self._off_size_since_s is None:
            self._off_size_since_s = time_s
        elif time_s - self._off_size_since_s >= SIZE_PATIENCE_S:
            side *= float(np.exp(change * (1 - np.exp(-step_s / SIZE_FOLLOW_S))))
        return CropFrame(crop.center_x_px + float(move[0]), crop.center_y_px + float(move[1]), side)

    def _is_cut(self, image: Image) -> bool:
        thumbnail = cv2.resize(image, (48, 27), interpolation=cv2.INTER_AREA)
        bins = (thumbnail // 43).reshape(-1, 3).astype(np.int64) @ np.array([36, 6, 1])
        histogram = np.bincount(bins, minlength=216).astype(np.float32) / len(bins)
        before, self._histogram = self._histogram, cv2.GaussianBlur(histogram.reshape(6, 36), (0, 0), 0.6).reshape(-1)
        if before is None:
            return False
        return float(np.abs(self._histogram - before).sum()) / 2 > CUT_DIFFERENCE
