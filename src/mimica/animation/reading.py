"""What the networks read from a portrait, before anything is built on it. Values only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep
from mimica.core.geometry import CropFrame

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureReading:
    """A window on the mouth or an eye.

    Attributes:
        kind: "mouth", "left_eye" or "right_eye" (the subject's).
        origin_px: (2,) the window's top left corner in photo pixels; size_px: (2,) its width and height there.
        canonical: (h, w, 3) cm. region: (h, w, 3) probabilities of upper skin, lower skin, opening.
    """

    kind: str
    origin_px: FloatArray
    size_px: FloatArray
    canonical: FloatArray
    region: FloatArray

    def to_window(self, points_px: NDArray[np.floating]) -> FloatArray:
        """Photo pixels (N, 2) → continuous pixels of the window's maps."""
        rows, columns = self.region.shape[:2]
        return ((points_px - self.origin_px) / self.size_px * np.array([columns, rows])).astype(np.float32)

    def to_photo(self, points: NDArray[np.floating]) -> FloatArray:
        """Continuous pixels of the window's maps (N, 2) → photo pixels."""
        rows, columns = self.region.shape[:2]
        return (points / np.array([columns, rows]) * self.size_px + self.origin_px).astype(np.float32)


SOFT_BORDER = 0.16
"""Width of the border between two heads, in sides of a tight crop."""


@dataclass(frozen=True, slots=True, eq=False)
class PortraitReading:
    """Everything read from the photo.

    Attributes:
        crop: the tight face crop; face height is its side / 1.35.
        angles_deg: (3,) the head's own yaw, pitch, roll. origin_px: (2,) where the head's origin shows.
        scale: pixels per centimetre at the head's origin. gaze_deg: (2, 2) left eye, right eye; yaw, pitch.
        eyes_px: (2, 2) centres of the left and right eyeball.
        canonical: (H, W, 3) over the crop; depth, face: (H, W). See `networks.portrait_rigger`.
        features: mouth, left eye, right eye.
        matte_crop: the wide crop of `matte` (H, W), 0..1.
        expression: (52,) the photo's own expression.
        rivals: the tight crops of other faces in the photo, which must not be dragged along.
    """

    crop: CropFrame
    angles_deg: FloatArray
    origin_px: FloatArray
    scale: float
    gaze_deg: FloatArray
    eyes_px: FloatArray
    canonical: FloatArray
    depth: FloatArray
    face: FloatArray
    features: tuple[FeatureReading, ...]
    matte_crop: CropFrame
    matte: FloatArray
    expression: FloatArray
    rivals: tuple[CropFrame, ...] = ()

    @property
    def mouth_index(self) -> int:
        """Which of `features` the mouth is."""
        return next(index for index, feature in enumerate(self.features) if feature.kind == "mouth")

    def owned(self, points_px: NDArray[np.floating]) -> FloatArray:
        """(N,) 1 at photo pixels (N, 2) nearer to this face than to any rival, as the size of each measures; else 0."""
        share = np.ones(len(points_px), np.float32)
        if not self.rivals:
            return share
        own = _remoteness(points_px, self.crop)
        for rival in self.rivals:
            share = np.minimum(share, smoothstep(_remoteness(points_px, rival) - own, 0.0, SOFT_BORDER))
        return share.astype(np.float32)


def _remoteness(points_px: NDArray[np.floating], crop: CropFrame) -> NDArray[np.float64]:
    """(N,) distance from the middle of a crop, in its sides."""
    return np.linalg.norm(np.asarray(points_px, np.float64) - crop.center_px, axis=1) / crop.side_px
