"""The old way, as a fair representative: tracked landmarks move, and the photo is bent after them.

The driver's landmarks move relative to an anchor frame (the one whose face is most like the photo's, as in
First-Order-Motion's "find best frame"), scaled and turned to the photo's face; light smoothing; the photo is cut into
triangles (Delaunay over the landmarks, a ring around the head that follows as a whole, and the fixed border) and each
is warped affinely. What it cannot do is what the field left it for: nothing opens, nothing turns in depth, a person's
own proportions follow the driver's. Landmarks come from the run's own reader.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.cases import Case, Image
from mimica.evaluation.face_trace import FaceTrace
from mimica.evaluation.landmark_layout import Landmarks
from mimica.evaluation.loaded_case import LoadedCase

FloatArray = NDArray[np.float64]

RING = 1.7
"""The ring around the head: the landmarks' hull, this much larger."""
RING_POINTS, BORDER_POINTS = 24, 6
SMOOTHING = (0.25, 0.5, 0.25)
DEPTH, NEAR, FAR = 10.0, 0.1, 100.0


class LandmarkWarp:
    """Piecewise-affine warping after tracked landmarks."""

    name = "landmark-warp"
    says = "the old way: tracked landmarks bend the photo, triangle by triangle"
    releases = True

    def fingerprint(self, case: Case) -> dict[str, str]:
        return {"landmark-warp": "1"}

    def takes(self, case: Case) -> bool:
        return True

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        photo, layout = loaded.photo, loaded.photo_trace.layout
        own = loaded.photo_trace.landmarks[0, list(layout.face)]
        moved = relative_landmarks(loaded.photo_trace.landmarks[0], loaded.driver_trace, layout)
        height, width = photo.shape[:2]
        ring = ring_around(own, width, height)
        rest = np.concatenate([own, ring, border(width, height)])
        triangles = delaunay(rest, width, height)
        for points in moved:
            turn = similarity(own, points)
            now = np.concatenate([points, ring @ turn[:, :2].T + turn[:, 2], border(width, height)])
            yield warp(photo, rest, now, triangles)


def relative_landmarks(own: FloatArray, driver: FaceTrace, layout: Landmarks) -> FloatArray:
    """(T, F, 2) px: where the photo's landmarks `own` (N, 2) go as the driver's move. Frames without a face repeat the
    last one."""
    chosen, rigid = list(layout.face), list(layout.rigid)
    tracked = _smoothed(_held(driver.landmarks))
    shapes = [_normal(points[chosen], points[rigid]) for points in tracked]
    mine = _normal(own[chosen], own[rigid])
    anchor = int(np.argmin([np.square(shape - mine).sum() for shape in shapes]))
    turn = similarity(tracked[anchor][rigid], own[rigid])[:, :2]
    return own[chosen] + (tracked[:, chosen] - tracked[anchor, chosen]) @ turn.T


def similarity(source: FloatArray, target: FloatArray) -> FloatArray:
    """(2, 3): the least-squares turn, scale and shift from `source` to `target` (N, 2)."""
    a, b = source - source.mean(0), target - target.mean(0)
    size = float((a * a).sum())
    cos, sin = float((a * b).sum()) / size, float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([linear, (target.mean(0) - linear @ source.mean(0))[:, None]], 1)


def ring_around(points: FloatArray, width: int, height: int) -> FloatArray:
    """(≤ 24, 2) an ellipse around the head, inside the picture."""
    low, high = points.min(0), points.max(0)
    centre, half = (low + high) / 2, (high - low) / 2 * RING
    angles = np.linspace(0, 2 * np.pi, RING_POINTS, endpoint=False)
    ring = centre + half * np.stack([np.cos(angles), np.sin(angles)], 1)
    inside = (ring > 2).all(1) & (ring < np.array([width - 2, height - 2])).all(1)
    return ring[inside]


def border(width: int, height: int) -> FloatArray:
    """Fixed points along the picture's edge."""
    steps = np.linspace(0, 1, BORDER_POINTS + 1)[:-1]
    sides = [(steps, 0 * steps), (1 + 0 * steps, steps), (1 - steps, 1 + 0 * steps), (0 * steps, 1 - steps)]
    return np.concatenate([np.stack(side, 1) for side in sides]) * np.array([width, height])


def delaunay(points: FloatArray, width: int, height: int) -> NDArray[np.int32]:
    """(M, 3) triangles over (N, 2) px."""
    subdivision = cv2.Subdiv2D((-2, -2, width + 4, height + 4))
    owner: dict[int, int] = {}
    for index, point in enumerate(points):
        owner.setdefault(subdivision.insert((float(point[0]), float(point[1]))), index)
    exact = points.astype(np.float32).tolist()
    at = {tuple(exact[index]): index for index in owner.values()}
    corners = np.asarray(subdivision.getTriangleList(), np.float32).reshape(-1, 3, 2)
    rows = [[at.get(tuple(corner.tolist()), -1) for corner in triangle] for triangle in corners]
    return np.array([row for row in rows if min(row) >= 0], np.int32)


def warp(photo: Image, rest: FloatArray, now: FloatArray, triangles: NDArray[np.int32]) -> Image:
    """The photo with its points `rest` (N, 2) px moved to `now`."""
    height, width = photo.shape[:2]
    half = height / 2
    # OpenCV's camera looks along −z with a 90° field of view: put every point at one depth so that `now` is hit exactly
    flat = np.stack([(now[:, 0] - width / 2) / half, -(now[:, 1] - half) / half, -np.ones(len(now))], 1) * DEPTH
    attributes = np.concatenate([rest, np.ones((len(rest), 1))], 1).astype(np.float32)
    place = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), FAR, np.float32)
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    cv2.triangleRasterize(
        np.ascontiguousarray(flat, np.float32), triangles, attributes, place, depth, np.eye(4, dtype=np.float32),
        np.pi / 2, NEAR, FAR, settings,
    )  # fmt: skip
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    drawn = place[..., 2] > 0.5
    x, y = np.where(drawn, place[..., 0], columns) - 0.5, np.where(drawn, place[..., 1], rows) - 0.5
    return cv2.remap(
        photo, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8)


def _normal(points: FloatArray, rigid: FloatArray) -> FloatArray:
    centred = points - rigid.mean(0)
    return centred / max(float(np.sqrt(np.square(rigid - rigid.mean(0)).sum(-1).mean())), 1e-9)


def _held(landmarks: FloatArray) -> FloatArray:
    """(T, N, 2) with frames that are NaN filled from the frame before (the first from the next)."""
    known = np.flatnonzero(np.isfinite(landmarks).all((1, 2)))
    places = known[np.clip(np.searchsorted(known, np.arange(len(landmarks)), side="right") - 1, 0, None)]
    return landmarks[places]


def _smoothed(points: FloatArray) -> FloatArray:
    padded = np.concatenate([points[:1], points, points[-1:]])
    return sum(weight * padded[shift : shift + len(points)] for shift, weight in enumerate(SMOOTHING))  # type: ignore[return-value]
