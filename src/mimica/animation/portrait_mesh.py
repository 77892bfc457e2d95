"""The portrait as meshes that can move: built once per photo from what the networks read (DESIGN §3.1).

The `base` mesh carries the whole person. Over the mouth and the eyes lie two more sheets, `upper` and `lower`: the skin
above and below each slit, so that lips and lids can part, close and overlap. This module does not know pixels' colours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import push_pull, sample, smooth_step
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.core.camera import Camera, rotation_from_angles
from mimica.core.framing import WIDE_PER_CROP
from mimica.core.geometry import CropFrame
from mimica.core.motion import RIG_NAMES

FloatArray = NDArray[np.float32]
Field = Callable[[FloatArray], FloatArray]
"""(N, 3) canonical → (N, 49, 3) displacement in cm."""

FOCAL_PER_CROP = 1500 / 512 * 2.3 / 1.35
"""Focal length in sides of the tight crop: the data engine's camera, whose portraits are 2.3 face heights wide."""
BEHIND_CM = 25.0
"""The background lies this far behind the head, so that the head is always drawn over it."""
MAP_PX = 208
NECK_PIVOT_CM = np.array([0.0, -5.0, -1.0])
MID_HEAD_CM = np.array([0.0, 1.0, -1.0])
BLINK_REACH = 1.15
"""Blinks go a little further than the lower lid, which stops them."""
SLITS = {"mouth": (0.0, 2.2), "left_eye": (3.15, 1.45), "right_eye": (-3.15, 1.45)}
"""Middle and half width in cm, in canonical x, of the slit between the lips and between the lids."""


@dataclass(slots=True, eq=False)
class Sheet:
    """One mesh over the photo.

    Attributes:
        source_px: (N, 2) where each vertex lies in the photo. camera_cm: (N, 3) the same point in space.
        behind_cm: (N,) how much further away the vertex counts where surfaces hide each other (background).
        triangles: (M, 3) int32. head_weight: (N,) 0..1 how much the vertex turns with the head.
        moving: (n,) indices of the vertices that expressions move; directions: (n, 49, 3) cm in the head's frame;
        neutral: (n, 3) cm, the step to the subject's neutral expression.
    """

    source_px: FloatArray
    camera_cm: FloatArray
    behind_cm: FloatArray
    triangles: NDArray[np.int32]
    head_weight: FloatArray
    moving: NDArray[np.intp]
    directions: FloatArray
    neutral: FloatArray


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
    maps = _region_maps(reading, region, camera, rotation, origin)
    closing = _Closing(reading, field)

    inner = (1 - 1 / WIDE_PER_CROP) / 2
    lines = np.unique(np.concatenate([np.linspace(0, 1, 45), np.linspace(inner, 1 - inner, 85)]).round(4))
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


@dataclass(frozen=True, slots=True, eq=False)
class _RegionMaps:
    """Over the region, (MAP_PX, MAP_PX): what the face crop's maps say, extended beyond the face."""

    face: FloatArray
    distance: FloatArray  # px of the photo from the face
    canonical: FloatArray
    depth: FloatArray  # cm from the camera
    behind: FloatArray  # cm, see Sheet.behind_cm
    face_width_px: float


def _region_maps(
    reading: PortraitReading, region: CropFrame, camera: Camera, rotation: NDArray[np.float64],
    origin: NDArray[np.float64],
) -> _RegionMaps:  # fmt: skip
    grid = (np.stack(np.meshgrid(np.arange(MAP_PX), np.arange(MAP_PX)), -1).reshape(-1, 2) + 0.5) / MAP_PX
    points = region.to_image(grid)
    rows, columns = reading.face.shape
    inside = reading.crop.to_crop(points)
    at = inside * np.array([columns, rows])
    within = ((inside > 0) & (inside < 1)).all(1)
    square = (MAP_PX, MAP_PX)
    face = (sample(reading.face, at) * within).reshape(square)
    known = smooth_step(face, 0.35, 0.65)
    solid = cv2.morphologyEx((face > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    stack = np.concatenate([reading.canonical, reading.depth[..., None]], -1)
    stack = push_pull(stack, smooth_step(reading.face, 0.35, 0.65))  # before resampling: nothing outside may leak in
    values = push_pull(sample(stack, at).reshape(*square, 4), np.maximum(known, within.reshape(square) * 0.5))
    px_per_cell = region.side_px / MAP_PX
    distance = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5) * px_per_cell
    columns_with_face = np.flatnonzero((face > 0.5).any(0))
    width = (np.ptp(columns_with_face) + 1) * px_per_cell if len(columns_with_face) else reading.crop.side_px / 2
    matte = sample(reading.matte, reading.matte_crop.to_crop(points) * np.array(reading.matte.shape[::-1])).reshape(
        square
    )
    # beyond the face there is hair, skull and ears: the head's outline lies in its middle plane (where else would it
    # end), and between face and outline it bulges like an ellipse. Below, on neck and clothes, there is no bulge.
    depth = -(origin[2] + values[..., 3])
    middle = -(rotation @ MID_HEAD_CM + origin)[2]
    depth = np.minimum(depth, middle + 1.0)
    outline = cv2.distanceTransform((np.maximum(matte, solid) > 0.5).astype(np.uint8), cv2.DIST_L2, 5) * px_per_cell
    inward = outline / np.maximum(outline + distance, 1e-3)
    height = ((camera.lift(points, np.full(len(points), middle)) - origin) @ rotation)[:, 1].reshape(square)
    above = smooth_step(height, 1.0, 6.0) * smooth_step(distance, 1.1 * width, 0.5 * width)
    nearness = np.sqrt(inward * (2 - inward)) * above + (1 - smooth_step(distance, 0, 0.25 * width)) * (1 - above)
    depth = middle + (depth - middle) * nearness
    soft, softer = cv2.GaussianBlur(depth, (0, 0), 1.0), cv2.GaussianBlur(depth, (0, 0), 4.0)
    blend = cv2.GaussianBlur(known * 1.0, (0, 0), 2.0)
    depth = soft * blend + softer * (1 - blend)
    behind = BEHIND_CM * (1 - smooth_step(np.maximum(matte, solid), 0.05, 0.3))
    return _RegionMaps(
        face,
        distance.astype(np.float32),
        values[..., :3],
        depth.astype(np.float32),
        behind,
        float(width),
    )


class _SheetMaker:
    """Samples the maps at a sheet's vertices."""

    def __init__(
        self, reading: PortraitReading, maps: _RegionMaps, region: CropFrame, camera: Camera,
        rotation: NDArray[np.float64], origin: NDArray[np.float64], field: Field, closing: _Closing,
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
        weight = weight * near * smooth_step(margin, 0.5, 0.42)
        fade = np.exp(-np.square(distance / (0.10 * width))) * smooth_step(margin, 0.5, 0.42)
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


def window_canonical(feature: FeatureReading, name: str) -> FloatArray:
    """Canonical map of a window as one sheet sees it: its own skin kept, the rest extended from its rim."""
    upper, lower = feature.region[..., 0], feature.region[..., 1]
    if name == "upper":
        return push_pull(feature.canonical, smooth_step(upper, 0.5, 0.9))
    if name == "lower":
        return push_pull(feature.canonical, smooth_step(lower, 0.5, 0.9))
    return push_pull(feature.canonical, smooth_step(upper + lower, 0.5, 0.9))


class _Closing:
    """Makes lips meet at rest and lids meet in a blink, on this very face.

    Per column of a window the opening's height is measured in the photo; the mouth's neutral step is corrected until
    the lips touch, and each blink direction is scaled until the lids do.
    """

    def __init__(self, reading: PortraitReading, field: Field) -> None:
        self.strengths = np.clip(reading.expression[: len(RIG_NAMES)], 0, 1.1)
        self.blink: dict[int, tuple[FloatArray, FloatArray]] = {}
        self.lips: tuple[FloatArray, FloatArray, float, float] | None = None
        for feature in reading.features:
            rim = _rims(feature)
            if rim is None:
                continue
            above, below, gap_px = rim
            c_above = sample(window_canonical(feature, "upper"), above)
            c_below = sample(window_canonical(feature, "lower"), below)
            fields = field(c_above), field(c_below)
            gap = gap_px * (feature.size_px[1] / feature.region.shape[0]) / reading.scale
            gap = gap - (fields[0][..., 1] - fields[1][..., 1]) @ self.strengths
            middle = (c_above + c_below) / 2
            order = np.argsort(middle[:, 0])
            x = middle[order, 0]
            if feature.kind == "mouth":
                self.lips = (x, _smooth(gap[order]), float(c_above[:, 1].mean()), float(c_below[:, 1].mean()))
                continue
            index = RIG_NAMES.index("eyeBlink_L" if feature.kind == "left_eye" else "eyeBlink_R")
            travel = -(fields[0][:, index, 1] - fields[1][:, index, 1])
            gain = np.clip(gap / np.maximum(travel, 0.15), 0.4, 2.2)
            self.blink[index] = (x, _smooth(gain[order]) * BLINK_REACH)

    def directions(self, canonical: FloatArray, own: FloatArray) -> FloatArray:
        """The field `own` (N, 49, 3) at `canonical` (N, 3) with this face's blinks."""
        directions = own.copy()
        for index, (x, gain) in self.blink.items():
            directions[:, index] *= np.interp(canonical[:, 0], x, gain)[:, None]
        return directions

    def neutral_step(self, canonical: FloatArray, own: FloatArray) -> FloatArray:
        """(N, 3) takes the photo's own expression away, and what is then left to close the lips.

        The lips' rest is shared by both and fades over a centimetre.
        """
        step = -np.einsum("nkd,k->nd", own, self.strengths)
        if self.lips is None:
            return step
        x, gap, y_above, y_below = self.lips
        along = np.interp(canonical[:, 0], x, gap)
        outside = np.maximum(np.maximum(x[0] - canonical[:, 0], canonical[:, 0] - x[-1]), 0)
        upper = canonical[:, 1] > (y_above + y_below) / 2
        away = np.where(upper, np.abs(canonical[:, 1] - y_above), np.abs(canonical[:, 1] - y_below))
        decay = (1 + away) * np.exp(-away) * np.exp(-np.square(outside / 0.6)) * (canonical[:, 2] > 5)
        step[:, 1] += np.where(upper, -0.5, 0.5) * along * decay
        return step


def _smooth(values: NDArray[np.floating]) -> FloatArray:
    """A running average over the columns, ends repeated."""
    size = max(3, len(values) // 6) | 1
    padded = np.pad(values.astype(np.float32), size // 2, mode="edge")
    return np.convolve(padded, np.full(size, 1 / size, np.float32), mode="valid")


def _rims(feature: FeatureReading) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Per column of the window that crosses the slit: a point just above it, one just below, the gap in window px."""
    upper, lower, opening = (feature.region[..., index] for index in range(3))
    rows = np.arange(upper.shape[0])
    above, below, gaps = [], [], []
    central = (opening * 1.0 + 4 * np.minimum(upper, lower)).sum(0)
    used = np.flatnonzero(opening.sum(0) > 0.8)
    if len(used) < 5:  # closed: the slit is where upper skin meets lower skin, near the window's middle
        middle = upper.shape[1] // 2
        reach = upper.shape[1] // 5
        used = np.arange(middle - reach, middle + reach)
        if central[used].sum() < 1e-3:
            return None
    for column in used:
        is_upper, is_lower = np.flatnonzero(upper[:, column] > 0.5), np.flatnonzero(lower[:, column] > 0.5)
        if not len(is_upper) or not len(is_lower):
            continue
        gap = float(opening[:, column].sum())
        edge = float(is_lower.min())
        top = edge - gap
        if edge <= 1 or rows[-1] - edge <= 1:
            continue
        above.append((column + 0.5, max(top - 1.0, 0.5)))
        below.append((column + 0.5, edge + 1.0))
        gaps.append(gap)
    if len(gaps) < 5:
        return None
    return np.array(above, np.float32), np.array(below, np.float32), np.array(gaps, np.float32)
