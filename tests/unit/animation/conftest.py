"""A portrait that no network read: a flat face on a gradient, its maps written down from geometry."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.animation.eyeball import read_eyeball
from mimica.animation.motion_field import HeadMotion
from mimica.animation.portrait_mesh import PortraitMesh, build_mesh
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.animation.render import Renderer
from mimica.core.framing import EYE_WINDOW, MOUTH_WINDOW, WIDE_PER_CROP, crop_around
from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_NAMES, RIG_NAMES

sys.path.insert(0, str(Path(__file__).parent))

FACE_CM, DEPTH_CM, FOCAL_CORRECTION = 8.0, 8.0, 1.09
MOUTH_CM, EYES_CM = (0.0, -4.6), ((3.2, 3.3), (-3.2, 3.3))


def toy_field(canonical: NDArray[np.float32]) -> NDArray[np.float32]:
    """The jaw takes everything below the slit 2 cm down; blinks and all else do nothing."""
    directions = np.zeros((len(canonical), len(RIG_NAMES), 3), np.float32)
    directions[canonical[:, 1] < MOUTH_CM[1] - 0.5, RIG_NAMES.index("jawOpen"), 1] = -2.0
    return directions


@dataclass(frozen=True, slots=True, eq=False)
class ToyPortrait:
    photo: NDArray[np.uint8]
    reading: PortraitReading
    mesh: PortraitMesh
    renderer: Renderer

    def pixel(self, x_cm: float, y_cm: float) -> NDArray[np.float64]:
        """Where a point of the face shows in the photo."""
        return self.reading.origin_px + np.array([x_cm, -y_cm]) * self.reading.scale

    def motion(
        self, *, jaw: float = 0.0, tongue: float = 0.0, turn: NDArray[np.float64] | None = None,
        shift_cm: tuple[float, float, float] = (0, 0, 0), look: tuple[float, float] = (0, 0),
    ) -> HeadMotion:  # fmt: skip
        directions = np.zeros(len(RIG_NAMES), np.float32)
        directions[RIG_NAMES.index("jawOpen")] = jaw
        gaze = self.reading.gaze_deg + np.float32(look)
        return HeadMotion(directions, np.float32([tongue, 0, 0]), np.eye(3) if turn is None else turn,
                          np.array(shift_cm, np.float64), gaze)  # fmt: skip


def _places(crop_origin: NDArray, size: NDArray, rows: int, columns: int, origin: NDArray, scale: float) -> NDArray:
    """(rows, columns, 2) centimetres of a map's pixels."""
    unit = np.stack(np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows), -1)
    return ((crop_origin + unit * size) - origin) / scale * np.array([1, -1])


def _canonical(places: NDArray) -> NDArray[np.float32]:
    lower = places[..., 1] < MOUTH_CM[1]  # canonical lips are apart, so that the two can be told from one another
    y = places[..., 1] - np.where(lower, 1.0, 0.0)
    return np.stack([places[..., 0], y, np.full_like(y, 10.0)], -1).astype(np.float32)


def make_toy(width: int, height: int, origin_px: tuple[float, float], scale: float) -> ToyPortrait:
    origin = np.array(origin_px)
    crop = crop_around(*origin_px, scale)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    photo = np.stack([40 + 150 * x / width, 60 + 120 * y / height, np.full_like(x, 120)], -1)
    cm = (np.stack([x, y], -1) - origin) / scale * np.array([1, -1])
    photo[np.linalg.norm(cm, axis=-1) < FACE_CM] += [30, 20, 10]
    for eye in EYES_CM:
        off = cm - np.array(eye)
        photo[(off[..., 0] / 1.3) ** 2 + (off[..., 1] / 0.6) ** 2 < 1] = 220
        photo[((off[..., 0] / 1.3) ** 2 + (off[..., 1] / 0.6) ** 2 < 1) & (np.linalg.norm(off, axis=-1) < 0.6)] = 30
    photo = np.clip(photo, 0, 255).astype(np.uint8)

    face_places = _places(crop.to_image([0, 0]), np.full(2, crop.side_px), 96, 96, origin, scale)
    features = []
    kinds = (("mouth", MOUTH_CM, MOUTH_WINDOW, 72, 96), ("left_eye", EYES_CM[0], EYE_WINDOW, 48, 72),
             ("right_eye", EYES_CM[1], EYE_WINDOW, 48, 72))  # fmt: skip
    for kind, centre, extent, rows, columns in kinds:
        size = np.array(extent) * crop.side_px
        corner = origin + np.array([centre[0], -centre[1]]) * scale - size / 2
        places = _places(corner, size, rows, columns, origin, scale)
        off = places - np.array(centre)
        is_open = ((off[..., 0] / 1.3) ** 2 + (off[..., 1] / 0.6) ** 2 < 1) & (kind != "mouth")
        region = np.stack([(off[..., 1] >= 0) & ~is_open, (off[..., 1] < 0) & ~is_open, is_open], -1)
        features.append(FeatureReading(kind, corner.astype(np.float32), size.astype(np.float32), _canonical(places),
                                       region.astype(np.float32)))  # fmt: skip
    wide: CropFrame = crop.scaled(WIDE_PER_CROP)
    wide_places = _places(wide.to_image([0, 0]), np.full(2, wide.side_px), 128, 128, origin, scale)
    face = (np.linalg.norm(face_places, axis=-1) < FACE_CM).astype(np.float32)
    reading = PortraitReading(
        crop=crop, angles_deg=np.zeros(3, np.float32), origin_px=origin.astype(np.float32), scale=scale,
        gaze_deg=np.zeros((2, 2), np.float32),
        eyes_px=np.float32([origin + np.array([ex, -ey]) * scale for ex, ey in EYES_CM]),
        canonical=_canonical(face_places), depth=np.full((96, 96), DEPTH_CM, np.float32), face=face,
        features=tuple(features), matte_crop=wide,
        matte=(np.linalg.norm(wide_places, axis=-1) < FACE_CM + 0.5).astype(np.float32),
        expression=np.zeros(len(EXPRESSION_NAMES), np.float32),
    )  # fmt: skip
    mesh = build_mesh(reading, toy_field)
    eyeballs = {
        feature.kind: read_eyeball(photo, feature, reading.eyes_px[side], mesh, reading.gaze_deg[side])
        for side, feature in enumerate(reading.features[1:])
    }
    angle = np.linspace(np.pi, -np.pi, 12, endpoint=False)
    lips_cm = np.stack([2.2 * np.cos(angle), MOUTH_CM[1] + 0.8 * np.sin(angle)], 1)
    lips_px = (origin + lips_cm * np.array([1, -1]) * scale).astype(np.float32)
    return ToyPortrait(photo, reading, mesh, Renderer(photo, reading, mesh, eyeballs, lips_px))


@pytest.fixture(scope="session")
def make_portrait() -> Callable[..., ToyPortrait]:
    return make_toy


@pytest.fixture(scope="session")
def portrait() -> ToyPortrait:
    return make_toy(301, 283, (150.0, 140.0), 6.0)
