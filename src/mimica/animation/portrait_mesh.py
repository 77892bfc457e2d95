"""The portrait as meshes that can move: built once per photo from what the networks read (DESIGN §3.1).

The `base` mesh carries the whole person. Over the mouth and the eyes lie two more sheets, `upper` and `lower`: the skin
above and below each slit, so that lips and lids can part, close and overlap. This module does not know pixels' colours.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

import numpy as np
from numpy.typing import NDArray

from mimica.animation.closing import SLITS, Closing, Field, window_canonical
from mimica.animation.fill import sample, smooth_step
from mimica.animation.head_maps import MAP_PX, HeadMaps, read_head_maps
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.core.camera import Camera, rotation_from_angles
from mimica.core.framing import WIDE_PER_CROP
from mimica.core.geometry import CropFrame

FloatArray = NDArray[np.float32]

FOCAL_PER_CROP = 1500 / 512 * 2.3 / 1.35
"""Focal length in sides of the tight crop: the data engine's camera, whose portraits are 2.3 face heights wide."""


@dataclass(slots=True, eq=False)
class Sheet:
    """One mesh over the photo.

    Attributes:
        source_px: (N, 2) where each vertex lies in the photo. camera_cm: (N, 3) the same point in space.
        behind_cm: (N,) how much further away the vertex counts where surfaces hide each other (background).
        triangles: (M, 3) int32. head_weight: (N,) 0..1 how much the vertex turns with the head.
        moving: (n,) indices, rising, of the vertices that expressions move; directions: (n, 49, 3) cm in the head's
        frame, kept as `basis`; neutral: (n, 3) cm, the step to the subject's neutral expression.
    """

    source_px: FloatArray
    camera_cm: FloatArray
    behind_cm: FloatArray
    triangles: NDArray[np.int32]
    head_weight: FloatArray
    moving: NDArray[np.intp]
    directions: InitVar[FloatArray | None]
    neutral: FloatArray
    basis: FloatArray = field(init=False)
    """(3n, 49) `directions` as the matrix that strengths are multiplied with."""
    attributes: FloatArray = field(init=False)
    """(N, 3) what is drawn with the vertices: `source_px` and 1, where the sheet is."""

    def __post_init__(self, directions: FloatArray | None) -> None:
        if directions is not None:
            count, strengths = directions.shape[:2]
            self.basis = np.ascontiguousarray(directions.transpose(0, 2, 1)).reshape(3 * count, strengths)
        self.attributes = np.column_stack([self.source_px, np.ones(len(self.source_px))]).astype(np.float32)

    def cut(self, vertices: NDArray[np.bool_]) -> Sheet:
        """What of the sheet `vertices` (N,) and their neighbours carry, as a sheet of its own."""
        triangles = self.triangles[vertices[self.triangles].any(1)]
        used = np.zeros(len(vertices), bool)
        used[triangles] = True
        kept, number = np.flatnonzero(used), np.cumsum(used, dtype=np.int32) - 1
        moves = used[self.moving]
        part = Sheet(
            self.source_px[kept], self.camera_cm[kept], self.behind_cm[kept], number[triangles], self.head_weight[kept],
            number[self.moving[moves]].astype(np.intp), None, self.neutral[moves],
        )  # fmt: skip
        strengths = self.basis.shape[1]  # said, for nothing can be told of a sheet in which nothing moves
        part.basis = self.basis.reshape(len(moves), 3, strengths)[moves].reshape(-1, strengths)
        return part


@dataclass(frozen=True, slots=True, eq=False)
class PortraitMesh:
    """The meshes of a portrait with its camera and its own pose; `upper` and `lower` one sheet per feature."""

    camera: Camera
    region: CropFrame
    rotation: NDArray[np.float64]
    origin_cm: NDArray[np.float64]
    base: Sheet
    upper: tuple[Sheet, ...]
    lower: tuple[Sheet, ...]


def portrait_camera(reading: PortraitReading) -> Camera:
    """The camera of the data engine's portraits, at this photo's size."""
    return Camera(reading.crop.center_x_px, reading.crop.center_y_px, FOCAL_PER_CROP * reading.crop.side_px)


def grid_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    """Two triangles per cell of a (rows, columns) grid of vertices in row-major order."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)]).astype(np.int32)


def build_mesh(reading: PortraitReading, field: Field) -> PortraitMesh:
    """Meshes from a reading; `field` is the RigField."""
    camera = portrait_camera(reading)
    rotation = rotation_from_angles(*map(float, reading.angles_deg))
    origin = camera.lift(reading.origin_px[None], np.array([camera.focal_px / reading.scale]))[0]
    region = reading.crop.scaled(WIDE_PER_CROP)
    maps = read_head_maps(reading, region, camera, rotation, origin)
    closing = Closing(reading, field)

    inner = (1 - 1 / WIDE_PER_CROP) / 2
    lines = np.array(sorted({*np.linspace(0, 1, 45).round(4), *np.linspace(inner, 1 - inner, 85).round(4)}))
    unit = np.stack(np.meshgrid(lines, lines), -1).reshape(-1, 2)
    make = _SheetMaker(reading, maps, region, camera, rotation, origin, field, closing)
    base = make.sheet(region.to_image(unit), grid_triangles(len(lines), len(lines)), "base")
    grids = [_window_grid(feature) for feature in reading.features]
    upper, lower = (tuple(make.sheet(*grid, name) for grid in grids) for name in ("upper", "lower"))
    return PortraitMesh(camera, region, rotation, origin, base, upper, lower)


def _window_grid(feature: FeatureReading) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    columns, rows = (64, 48) if feature.kind == "mouth" else (44, 30)
    x = np.linspace(-0.08, 1.08, columns) * feature.size_px[0] + feature.origin_px[0]
    y = np.linspace(-0.08, 1.08, rows) * feature.size_px[1] + feature.origin_px[1]
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2), grid_triangles(rows, columns)


class _SheetMaker:
    """Samples the maps at a sheet's vertices."""

    def __init__(
        self, reading: PortraitReading, maps: HeadMaps, region: CropFrame, camera: Camera,
        rotation: NDArray[np.float64], origin: NDArray[np.float64], field: Field, closing: Closing,
    ) -> None:  # fmt: skip
        self.reading, self.maps, self.region, self.camera = reading, maps, region, camera
        self.rotation, self.origin, self.field, self.closing = rotation, origin, field, closing
        self.windows = {
            name: [
                (feature, window_canonical(feature, "base"), window_canonical(feature, name))
                for feature in reading.features
            ]
            for name in ("base", "upper", "lower")
        }

    def sheet(self, source_px: NDArray[np.float64], triangles: NDArray[np.int32], name: str) -> Sheet:
        maps, width = self.maps, self.maps.face_width_px
        at = self.region.to_crop(source_px) * MAP_PX
        distance = sample(maps.distance, at)
        camera_cm = self.camera.lift(source_px, sample(maps.depth, at))
        canonical = self._canonical(source_px, at, name)
        head = (camera_cm - self.origin) @ self.rotation
        weight = smooth_step(head[:, 1] + 0.25 * head[:, 2], -13.5, -8.5)
        near = np.where(head[:, 1] < -3, smooth_step(distance, 0.8 * width, 0.25 * width),
                        smooth_step(distance, 1.3 * width, 0.45 * width))  # fmt: skip
        # nothing moves at the region's edge, or the picture would tear there
        margin = np.abs(self.region.to_crop(source_px) - 0.5).max(1)
        owned = self.reading.owned(source_px) * smooth_step(margin, 0.5, 0.42)
        weight = weight * near * owned
        fade = np.exp(-np.square(distance / (0.10 * width))) * owned
        moving = np.flatnonzero(fade > 0.003)
        strength = fade[moving, None, None].astype(np.float32)
        own = self.field(canonical[moving])
        neutral = (self.closing.neutral_step(canonical[moving], own)) * strength[:, 0]
        directions = self.closing.directions(canonical[moving], own) * strength
        return Sheet(
            source_px.astype(np.float32), camera_cm.astype(np.float32), sample(maps.behind, at), triangles,
            weight.astype(np.float32), moving, directions.astype(np.float32), neutral.astype(np.float32),
        )  # fmt: skip

    def _canonical(self, source_px: NDArray[np.float64], at: NDArray[np.float64], name: str) -> FloatArray:
        canonical = sample(self.maps.canonical, at)
        for feature, whole, own in self.windows[name]:
            unit = (source_px - feature.origin_px) / feature.size_px
            edge = np.minimum(unit, 1 - unit).min(1)
            weight = smooth_step(edge, 0.0, 0.12)[:, None]
            inside = np.flatnonzero(weight[:, 0] > 0)
            places = feature.to_window(source_px[inside])
            zoomed = sample(whole, places)
            # beyond the corners of mouth or eye there is no slit: the sheets must not part there
            zoomed += along_slit(zoomed, feature.kind)[:, None] * (sample(own, places) - zoomed)
            canonical[inside] += weight[inside] * (zoomed - canonical[inside])
        return canonical


def along_slit(canonical: FloatArray, kind: str) -> FloatArray:
    """(N,) 1 between the corners of the mouth or eye, 0 well beyond them."""
    middle, half = SLITS[kind]
    return smooth_step(np.abs(canonical[:, 0] - middle), 1.3 * half, 1.0 * half)
