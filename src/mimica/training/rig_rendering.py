"""Rig samples from the data engine: render a portrait of nobody, cut the crops and windows out, keep the exact truth.

It knows the data engine and the layout of the samples, and nothing of networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.framing import CROP_CM, EYE_WINDOW, MOUTH_WINDOW, ORIGIN_IN_CROP, WIDE_PER_CROP
from mimica.core.motion import RIG_NAMES
from mimica.synthesis.camera import CROP_SIZE, FOCAL_PX, project
from mimica.synthesis.motions import ExpressionSampler, sample_performance
from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Pose, photo_pose, pose
from mimica.synthesis.scene import PART_NAMES, Render, render
from mimica.training.rig_data import IGNORED

FACE_PX, FACE_MAP_PX, WIDE_PX = 192, 96, 128
MOUTH_PX, EYE_PX = (72, 96), (48, 72)
FACE_PART, EYE_PART = PART_NAMES.index("face"), PART_NAMES.index("eye")
Row = dict[str, NDArray[Any]]
MOUTH_PARTS = tuple(PART_NAMES.index(name) for name in ("mouth_socket", "gums", "teeth", "tongue"))


@dataclass(frozen=True, slots=True)
class Square:
    """An axis-aligned rectangle of the 512 px portrait crop: corner and extent in px."""

    x0: float
    y0: float
    width: float
    height: float

    def matrix(self, columns: int, rows: int) -> NDArray[np.float64]:
        """cv2.warpAffine's (2, 3) from crop px to `columns` × `rows` (pixel centres at integers on both sides)."""
        sx, sy = columns / self.width, rows / self.height
        return np.array([[sx, 0, (0.5 - self.x0) * sx - 0.5], [0, sy, (0.5 - self.y0) * sy - 0.5]])


def _cut(image: NDArray[Any], area: Square, columns: int, rows: int, *, nearest: bool = False) -> NDArray[Any]:
    """Resample an area; antialiased when it shrinks, or nearest for maps that must not blend."""
    matrix = area.matrix(columns, rows)
    if nearest:
        return cv2.warpAffine(image, matrix, (columns, rows), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    shrink = min(matrix[0, 0], matrix[1, 1])
    if shrink < 0.9:
        sigma = 0.4 / shrink
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    return cv2.warpAffine(image, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def rendered_rows(portrait: Portrait, rng: np.random.Generator, count: int) -> Iterator[Row]:
    """`count` rows of `training.rig_data.RigSamples` (without identity): sampled motion, exact truth."""
    sampler, expressions = RigSampler(portrait), ExpressionSampler(portrait.atlas.rig.names)
    for _ in range(count):
        performance, _ = sample_performance(expressions, rng)
        yield sampler.sample(sampler.render(pose(portrait, performance)), None, rng)


def photo_rows(portrait: Portrait, rng: np.random.Generator, count: int) -> Iterator[Row]:
    """`count` rows of the untouched photo, with the truth that its fit gives."""
    sampler = RigSampler(portrait)
    if count:
        drawn = replace(sampler.render(photo_pose(portrait)), image=portrait.fitted.image)
        for _ in range(count):
            yield sampler.sample(drawn, portrait.fitted.matte, rng)


@dataclass(frozen=True, slots=True)
class _Maps:
    """A render's image and truth (512, 512, …) in types that can be resampled."""

    image: NDArray[np.uint8]
    part: NDArray[np.uint8]
    vertex: NDArray[np.float32]
    canonical: NDArray[np.float32]

    def window(self, area: Square, columns: int, rows: int) -> Row:
        """The area at another size; the truth by its nearest pixels."""
        return {
            "image": _cut(self.image, area, columns, rows),
            "canonical": _cut(self.canonical, area, columns, rows, nearest=True).astype(np.float16),
            "part": _cut(self.part, area, columns, rows, nearest=True),
            "vertex": _cut(self.vertex, area, columns, rows, nearest=True).astype(np.int64),
        }


class RigSampler:
    """Turns renders of one portrait into rig samples. `sides` are per-vertex labels shared by all portraits."""

    def __init__(self, portrait: Portrait) -> None:
        self.portrait = portrait
        atlas = portrait.atlas
        count = atlas.face_count
        canonical = atlas.canonical[:count]
        drop = atlas.rig.neutral[:count, 1] - canonical[:, 1]
        marks = list(atlas.rig.landmarks)
        corners = drop[[marks[48], marks[54]]].mean()
        self.below_lips = drop > corners
        eyes = []
        for inner, outer in ((42, 45), (39, 36)):
            a, b = canonical[marks[inner]], canonical[marks[outer]]
            along = (canonical[:, 0] - a[0]) / (b[0] - a[0])
            eyes.append(canonical[:, 1] < a[1] + along * (b[1] - a[1]))
        self.below_lids = eyes

    def render(self, pose: Pose) -> Render:
        """The whole portrait crop at full size with its truth."""
        return render(self.portrait, pose, None, CROP_SIZE, samples=1)

    def sample(self, result: Render, matte: NDArray[np.uint8] | None, rng: np.random.Generator) -> Row:
        """One row of `RigSamples`, but its identity. `matte` (512, 512), or None to take it from the truth."""
        truth = result.truth
        assert truth is not None
        depth = float(-result.translation[2])
        origin = project(np.asarray(result.translation, np.float32)[None])[0]
        side = CROP_CM * FOCAL_PX / depth * float(np.exp(rng.normal(0, 0.06)))
        corner = origin - np.array(ORIGIN_IN_CROP) * side + rng.normal(0, 0.025, 2) * side
        tight = Square(float(corner[0]), float(corner[1]), side, side)
        maps = _Maps(result.image, truth.part, truth.vertex.astype(np.float32), truth.canonical.astype(np.float32))
        seen = maps.window(tight, FACE_MAP_PX, FACE_MAP_PX)
        far = _cut(truth.depth, tight, FACE_MAP_PX, FACE_MAP_PX, nearest=True)
        face = (seen["part"] == FACE_PART) & (seen["vertex"] >= 0) & (seen["vertex"] < self.portrait.atlas.face_count)
        row: Row = {
            "face_image": _cut(result.image, tight, FACE_PX, FACE_PX),
            "face_canonical": seen["canonical"],
            "face_depth": (depth - far).clip(-30, 30).astype(np.float16),
            "face": face.astype(np.uint8),
        }
        marks = result.landmarks * CROP_SIZE
        mouth = _missed_window(maps, marks[48:60].mean(0), side, MOUTH_WINDOW, MOUTH_PX, rng)
        row |= {f"mouth_{name}": value for name, value in self._labels(mouth, self.below_lips, MOUTH_PARTS).items()}
        eyes = []
        for index in (0, 1):
            window = _missed_window(maps, marks[68 + index], side, EYE_WINDOW, EYE_PX, rng)
            labels = self._labels(window, self.below_lids[index], (EYE_PART, MOUTH_PARTS[0]))
            if index == 1:
                labels = {name: np.ascontiguousarray(value[:, ::-1]) for name, value in labels.items()}
                labels["canonical"] = labels["canonical"] * np.array([-1, 1, 1], np.float16)
            eyes.append(labels)
        row |= {f"eye_{name}": np.stack([eye[name] for eye in eyes]) for name in eyes[0]}
        wide_side = side * WIDE_PER_CROP * float(np.exp(rng.normal(0, 0.05)))
        centre = corner + side / 2
        wide = Square(float(centre[0] - wide_side / 2), float(centre[1] - wide_side / 2), wide_side, wide_side)
        alpha = np.where(truth.part > 0, 255, 0).astype(np.uint8) if matte is None else matte
        row |= {
            "wide_image": _cut(result.image, wide, WIDE_PX, WIDE_PX),
            "wide_matte": _cut(alpha, wide, WIDE_PX, WIDE_PX),
        }
        names = self.portrait.atlas.rig.names
        known = [names.index(name) if name in names else -1 for name in RIG_NAMES]
        rig = np.where(np.array(known) >= 0, result.motion[known], 0)
        row["expression"] = np.concatenate([rig, result.motion[-3:]]).astype(np.float32)
        return row

    @staticmethod
    def _labels(window: Row, below: NDArray[np.bool_], opening: tuple[int, ...]) -> Row:
        part, vertex = window["part"], window["vertex"]
        skin = (part == FACE_PART) & (vertex >= 0) & (vertex < len(below))
        lower = below[np.where(skin, vertex, 0)]
        region = np.where(skin, lower.astype(np.uint8), np.where(np.isin(part, opening), 2, IGNORED)).astype(np.uint8)
        return {"image": window["image"], "canonical": window["canonical"], "region": region}


def _missed_window(
    maps: _Maps, centre: NDArray[np.floating], side: float, extent: tuple[float, float], size: tuple[int, int],
    rng: np.random.Generator,
) -> Row:  # fmt: skip
    """The zoomed window (`extent` in sides of the tight crop) about a feature, a little off."""
    grow = float(np.exp(rng.normal(0, 0.07)))
    width, height = extent[0] * side * grow, extent[1] * side * grow
    centre = centre + rng.normal(0, 0.015, 2) * side
    area = Square(float(centre[0] - width / 2), float(centre[1] - height / 2), width, height)
    return maps.window(area, size[1], size[0])
