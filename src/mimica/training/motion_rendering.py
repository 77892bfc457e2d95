"""Motion samples from the data engine: a portrait performs, a tight crop is laid over it, the truth is written down.

The crops lie as `animation` lays them at run time: half by the head's origin and scale (`core.framing`), half by the
box of the face as it is now (`faces.alignment`), all of them off by a little. This module knows no networks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.core.framing import crop_around
from mimica.core.geometry import CropFrame
from mimica.core.motion import RIG_NAMES
from mimica.faces.alignment import CROP_LIFT, CROP_PER_FACE_HEIGHT
from mimica.synthesis.camera import CROP_SIZE, FOCAL_PX, project
from mimica.synthesis.motions import BROAD, ExpressionSampler, sample_performance
from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Performance, Pose, photo_pose, pose
from mimica.synthesis.scene import Render, describe, photo_crop, render
from mimica.synthesis.viewport import Viewport

CROP_PX = 192
"""Side of the stored crops; the network sees a part of them, turned and zoomed."""
PHOTO_TRUST = 0.5
"""Labels of untouched photos come from the fit: believed half."""
LARGEST_TURN_DEG = 36.0
"""Turn out of the picture plane, away from the photo, beyond which pixels are missing; leaning sideways is free."""

Row = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class CropJitter:
    """How far crops miss their faces: shift as a share of the side, and log of the side (both normal spreads)."""

    shift: float = 0.06
    zoom: float = 0.10

    def applied(self, crop: CropFrame, rng: np.random.Generator) -> CropFrame:
        """The crop, missed."""
        side = crop.side_px * float(np.exp(self.zoom * np.clip(rng.normal(), -2.5, 2.5)))
        dx, dy = self.shift * side * np.clip(rng.normal(size=2), -2.5, 2.5)
        return CropFrame(crop.center_x_px + float(dx), crop.center_y_px + float(dy), side)


def rendered_rows(portrait: Portrait, rng: np.random.Generator, count: int, size_px: int = CROP_PX) -> Iterator[Row]:
    """`count` rows of `training.motion_data.MotionSamples` (without identity): broad motion, exact truth."""
    sampler = ExpressionSampler(portrait.atlas.rig.names)
    for _ in range(count):
        performance, _ = sample_performance(sampler, rng, BROAD)
        posed = pose(portrait, within_reach(performance, portrait), max_turn_deg=90.0)
        framed = by_origin(posed.translation) if rng.random() < 0.5 else by_box(portrait, posed)
        viewport = viewport_of(CropJitter().applied(framed, rng))
        yield motion_row(portrait, render(portrait, posed, viewport, size_px, samples=2, truth=False), 1.0)


def photo_rows(portrait: Portrait, rng: np.random.Generator, count: int, size_px: int = CROP_PX) -> Iterator[Row]:
    """`count` crops of the untouched photo, labelled by its fit."""
    posed = photo_pose(portrait)
    for _ in range(count):
        viewport = viewport_of(CropJitter(shift=0.04, zoom=0.06).applied(by_box(portrait, posed), rng))
        image = photo_crop(portrait, viewport, size_px)
        yield motion_row(portrait, describe(portrait, posed, viewport, image), PHOTO_TRUST)


def within_reach(performance: Performance, portrait: Portrait) -> Performance:
    """The performance with yaw and pitch kept within `LARGEST_TURN_DEG` of the photo's; roll as it was."""
    yaw, pitch, roll = (float(angle) for angle in performance.angles_deg)
    from_yaw, from_pitch, _ = portrait.fitted.angles_deg
    away = math.hypot(yaw - from_yaw, pitch - from_pitch)
    share = min(1.0, LARGEST_TURN_DEG / max(away, 1e-6))
    angles = np.array([from_yaw + share * (yaw - from_yaw), from_pitch + share * (pitch - from_pitch), roll])
    return Performance(
        performance.expression, angles, performance.shift_cm, performance.gaze_rad, performance.tongue
    )  # fmt: skip


def by_origin(translation: NDArray[np.floating]) -> CropFrame:
    """The tight crop of a head whose origin is at `translation` (3,) cm in the camera's frame."""
    x, y = project(np.asarray(translation, np.float64)[None])[0]
    return crop_around(float(x), float(y), FOCAL_PX / -float(translation[2]))


def by_box(portrait: Portrait, posed: Pose) -> CropFrame:
    """The tight crop of the posed face's landmark box, as `faces.alignment.face_crop` lays it."""
    marks = project(posed.points[portrait.atlas.correspondence.vertex])
    low, high = marks.min(0), marks.max(0)
    width, height = (float(extent) for extent in high - low)
    height = max(height, 0.85 * width)
    x, y = (low + high) / 2
    return CropFrame(float(x), float(y) - CROP_LIFT * height, CROP_PER_FACE_HEIGHT * height)


def viewport_of(crop: CropFrame) -> Viewport:
    """The renderer's name for an upright crop of the 512 px portrait."""
    x, y = crop.center_px - crop.side_px / 2
    return Viewport(float(x), float(y), CROP_SIZE / crop.side_px)


def motion_row(portrait: Portrait, drawn: Render, trust: float) -> Row:
    """One row of `MotionSamples`, but its identity."""
    names = portrait.atlas.rig.names
    known = [names.index(name) if name in names else -1 for name in RIG_NAMES]
    rig = np.where(np.array(known) >= 0, drawn.motion[known], 0)
    out, side, up = drawn.motion[-3:]
    tongue = (out, side, up) if out > 0 else (0.0, 0.0, 0.0)
    gaze = drawn.gaze_deg * [1, -1]  # the engine's pitch points up, the motion's down
    return {
        "image": drawn.image,
        "expression": np.concatenate([rig, tongue]).astype(np.float32),
        "rotation": drawn.rotation.astype(np.float32),
        "placement": placement(drawn.translation, drawn.viewport),
        "gaze_deg": gaze.reshape(4).astype(np.float32),
        "landmarks": drawn.landmarks.astype(np.float32),
        "trust": np.float32(trust),
    }


def placement(translation: NDArray[np.floating], viewport: Viewport) -> NDArray[np.float32]:
    """(3,) where the head's origin lies in the crop (0..1), and the log of crop widths per centimetre."""
    x, y = viewport.to_unit(project(np.asarray(translation, np.float64)[None])[0])
    return np.array([x, y, math.log(FOCAL_PX / -float(translation[2]) / viewport.side_px)], np.float32)
