"""The eyeball behind the lids: the photo's own iris and white, turned to look elsewhere.

Each eye is a sphere whose visible part is coloured by the photo and whose hidden part by what its ring around the
gaze axis shows elsewhere (SYNTHESIS recipe, step 5). This module does not know lids: the sheets cover what they hide.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import part_around, sample, smooth_step
from mimica.animation.portrait_mesh import PortraitMesh
from mimica.animation.reading import FeatureReading
from mimica.animation.tone import LUMA
from mimica.core.camera import gaze_direction

FloatArray = NDArray[np.float32]

RADIUS_CM = 1.32
LIDS_REACH_CM = 1.2
"""The skin within this distance of the eye tells how deep it lies."""
LASHES_WIDTH, LASHES_SHADE, LASHES_TRAVEL = 0.06, 0.55, (0.15, 0.45)
RINGS = 48
RING_REACH_DEG = 80.0


@dataclass(frozen=True, slots=True, eq=False)
class Eyeball:
    """One eye of the portrait.

    Attributes:
        centre_cm: (3,) in the camera's frame; centre_px: (2,) and radius_px in the photo; axis: (3,) where it looks, in
        the camera's frame.
        rings: (RINGS, 3) colour by angle from the axis. open_px: window of the photo with its `opening` (h, w) 0..1.
    """

    feature: FeatureReading
    centre_cm: FloatArray
    centre_px: FloatArray
    radius_px: float
    axis: NDArray[np.float64]
    rings: FloatArray
    opening: FloatArray

    def paint(
        self, photo: NDArray[np.uint8], points_px: FloatArray, centre_px: FloatArray, axis: NDArray[np.float64],
        zoom: float,
    ) -> FloatArray:  # fmt: skip
        """Colours (N, 3) 0..255 at `points_px` (N, 2) of an eye now centred on `centre_px`, looking along `axis`.

        `zoom`: how much larger the head is than in the photo.
        """
        radius = self.radius_px * zoom
        x = (points_px[:, 0] - centre_px[0]) / radius
        y = -(points_px[:, 1] - centre_px[1]) / radius
        off = np.sqrt(x * x + y * y)
        shrink = np.where(off > 0.97, 0.97 / np.maximum(off, 1e-6), 1.0)
        x, y = x * shrink, y * shrink
        direction = np.stack([x, y, np.sqrt(np.maximum(1 - x * x - y * y, 0))], 1)
        back = _turn(axis, self.axis)
        origin = direction @ back.T
        source = self.centre_px + self.radius_px * origin[:, :2] * np.array([1.0, -1.0])
        window = self.feature.to_window(source)
        rows, columns = self.opening.shape
        inside = ((window > 0.5) & (window < np.array([columns, rows]) - 0.5)).all(1)
        seen = sample(self.opening, window) * inside * (origin[:, 2] > 0.25)
        weight = smooth_step(seen, 0.55, 0.95)[:, None]
        angle = np.degrees(np.arccos(np.clip(direction @ axis, -1, 1)))
        place = np.clip(angle / RING_REACH_DEG, 0, 1) * (RINGS - 1)
        low = np.floor(place).astype(int).clip(0, RINGS - 2)
        between = (place - low)[:, None]
        ring = self.rings[low] * (1 - between) + self.rings[low + 1] * between
        part, corner = part_around(photo, source)  # `sample` works on a copy
        return (sample(part, source - corner) * weight + ring * (1 - weight)).astype(np.float32)


def lashes(upper: FloatArray, lower: FloatArray, travel: FloatArray, radius_px: float) -> FloatArray:
    """(H, W) 0..1, how much darker closed lids are where they meet: open, the lashes lay over the eye.

    upper, lower: (H, W) 0..1 where the lids are. travel: (H, W) how far they came together, in radii of the ball.
    """
    sigma = max(0.5, LASHES_WIDTH * radius_px)
    above, below = (np.asarray(cv2.GaussianBlur(lid, (0, 0), sigma), np.float32) for lid in (upper, lower))
    edge = 4 * below * (1 - below) * np.clip(2 * above, 0, 1)  # of the lower lid, where the upper one has come
    return (LASHES_SHADE * edge * smooth_step(np.abs(travel), *LASHES_TRAVEL)).astype(np.float32)


def _turn(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shortest rotation that takes unit vector `start` to `end`."""
    v, c = np.cross(start, end), float(start @ end)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / max(1 + c, 1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class KnownEye:
    """What of an eye does not change from frame to frame of a video, measured where it is open.

    rings: as of `Eyeball`. offset: (3,) from the gaze that the network reads to the axis that the picture shows.
    """

    rings: FloatArray
    offset: NDArray[np.float64]


def read_eyeball(
    photo: NDArray[np.uint8], feature: FeatureReading, centre_px: FloatArray, mesh: PortraitMesh, gaze_deg: FloatArray,
    known: KnownEye | None = None,
) -> Eyeball:  # fmt: skip
    """Measure the eye in the photo. The gaze that was read is refined on the darkest disc within the opening.

    known: what was measured in other frames and is not measured again.
    The ball lies just behind the lids of the mesh: further in, it would seem to look back when the head turns.
    """
    centre = _behind_lids(mesh, centre_px)
    radius = RADIUS_CM * mesh.camera.focal_px / float(-centre[2])
    rotation = mesh.rotation
    rows, columns = feature.region.shape[:2]
    opening = np.asarray(cv2.GaussianBlur(np.ascontiguousarray(feature.region[..., 2]), (0, 0), 0.7), np.float32)
    axis = rotation @ gaze_direction(float(gaze_deg[0]), float(gaze_deg[1]))
    if known is not None:
        axis = axis + known.offset
        axis = axis / np.linalg.norm(axis)
        return Eyeball(feature, centre, centre_px.astype(np.float32), float(radius), axis, known.rings, opening)
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) + 0.5
    points = feature.to_photo(grid)
    colours = sample(photo, points)
    seen = opening.reshape(-1) > 0.6
    axis = _refine_axis(colours, points, seen, centre_px, radius, axis)
    unit = (points - centre_px) / radius * np.array([1.0, -1.0])
    off = np.linalg.norm(unit, axis=1)
    direction = np.concatenate([unit, np.sqrt(np.maximum(1 - off**2, 0))[:, None]], 1)
    angle = np.degrees(np.arccos(np.clip(direction @ axis, -1, 1)))
    use = seen & (off < 0.95)
    bins = np.clip(angle / RING_REACH_DEG * (RINGS - 1), 0, RINGS - 1)
    white = _white(colours, seen, use & (angle > 38))
    rings = np.zeros((RINGS, 3), np.float32)
    last: FloatArray | None = None
    iris_edge = 32.0
    for index in range(RINGS):
        centre_deg = index / (RINGS - 1) * RING_REACH_DEG
        near = use & (np.abs(bins - index) < 1.2)
        if centre_deg < iris_edge:
            if near.sum() >= 3:
                values = colours[near]
                light = values.mean(1)
                last = np.median(values[light <= np.percentile(light, 60)], axis=0)
            rings[index] = last if last is not None else np.array([30, 25, 22])
        else:
            rings[index] = white * (1 - 0.25 * float(smooth_step(np.array(centre_deg), iris_edge, 75.0)))
    kernel = np.array([0.25, 0.5, 0.25])
    for channel in range(3):
        rings[:, channel] = np.convolve(np.pad(rings[:, channel], 1, mode="edge"), kernel, mode="valid")
    return Eyeball(feature, centre, centre_px.astype(np.float32), float(radius), axis, rings, opening)


def _behind_lids(mesh: PortraitMesh, centre_px: FloatArray) -> FloatArray:
    """(3,) cm in the camera's frame: where an eyeball that shows at `centre_px` touches the lids from behind."""
    sheet = mesh.base
    off_px = np.linalg.norm(sheet.source_px - centre_px, axis=1)
    near = off_px < max(LIDS_REACH_CM * mesh.camera.focal_px / -mesh.origin_cm[2], np.partition(off_px, 3)[3] + 1e-3)
    surface = float(-sheet.camera_cm[near, 2].mean())
    depth = surface + RADIUS_CM * float(mesh.rotation[2, 2])
    return mesh.camera.lift(centre_px[None], np.array([depth]))[0].astype(np.float32)


def _white(colours: FloatArray, seen: NDArray[np.bool_], beside_iris: NDArray[np.bool_]) -> FloatArray:
    """(3,) the white of the eye: what shows beside the iris, where lashes and shadow leave enough of it.

    In narrow eyes hardly any white shows and what does lies in shadow; it is then no darker than the skin suggests
    (as 54 portraits have it: brightness rms 37, r .52).
    """
    skin = np.median(colours[~seen], axis=0) if (~seen).any() else np.full(3, 150.0)
    brightness = max(float(skin @ LUMA), 1.0)
    expected = (0.65 * brightness + 41) * (np.maximum(skin, 1) / brightness) ** 0.35
    if beside_iris.sum() <= 8:
        return expected.astype(np.float32)
    found = np.percentile(colours[beside_iris], 78, axis=0)
    lift = max(1.0, 0.85 * float(expected.mean()) / max(float(found.mean()), 1.0))
    mixed = found * lift if lift < 1.15 else 0.3 * found * lift + 0.7 * expected * 0.9
    return np.clip(mixed, 0, 245).astype(np.float32)


def _refine_axis(
    colours: FloatArray, points: FloatArray, seen: NDArray[np.bool_], centre_px: FloatArray, radius: float,
    axis: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Move the axis to where a disc of the iris's size is darkest, within 14° of what the network read."""
    if seen.sum() < 30:
        return axis
    light = colours.mean(1)
    best, best_score = axis, np.inf
    iris_px = radius * np.sin(np.radians(29))
    for dx in np.linspace(-0.24, 0.24, 13):
        for dy in np.linspace(-0.20, 0.20, 9):
            x, y = axis[0] + dx, axis[1] + dy
            if x * x + y * y > 0.7:
                continue
            spot = centre_px + radius * np.array([x, -y])
            distance = np.linalg.norm(points - spot, axis=1)
            disc = seen & (distance < iris_px)
            ring = seen & (distance > 1.15 * iris_px)
            if disc.sum() < 12 or ring.sum() < 6:
                continue
            share = disc.sum() / max(1.0, seen.sum())
            score = light[disc].mean() - light[ring].mean() - 20 * share + 60 * (dx * dx + dy * dy)
            if score < best_score:
                best, best_score = np.array([x, y, np.sqrt(1 - x * x - y * y)]), score
    return best
