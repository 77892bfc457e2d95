"""The person carrier: a grid over the photo that carries hair, ears, neck and clothes along with the head.

Every grid vertex gets a depth and the motion of the nearest visible head vertices, fading with distance and down the
neck. It reaches beyond the photo's border, whose pixels it repeats. This module does not know target poses.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mimica.core.easing import smoothstep
from mimica.synthesis.atlas import HeadAtlas, neck_weight
from mimica.synthesis.camera import CROP_SIZE, unproject
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.plate import sample
from mimica.synthesis.texture import Texture

FloatArray = NDArray[np.float32]

GRID = 119
"""Vertices along a side of the carrier."""
MARGIN_PX = 128.0
"""How far the carrier reaches beyond each border of the crop."""


def _grid_pixels() -> FloatArray:
    line = np.linspace(-MARGIN_PX, CROP_SIZE + MARGIN_PX, GRID, dtype=np.float32)
    return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)


def _grid_triangles() -> NDArray[np.int32]:
    row, column = np.meshgrid(np.arange(GRID - 1), np.arange(GRID - 1), indexing="ij")
    a = row * GRID + column
    first, second = np.stack([a, a + GRID, a + 1], -1), np.stack([a + 1, a + GRID, a + GRID + 1], -1)
    return np.stack([first, second], 2).reshape(-1, 3).astype(np.int32)


CARRIER_PIXELS = _grid_pixels()
CARRIER_TRIANGLES = _grid_triangles()


@dataclass(frozen=True)
class Carrier:
    """G grid vertices (their photo pixels are `CARRIER_PIXELS`).

    Attributes:
        points: (G, 3) in the photo's camera, cm.
        neighbours: (G, 6) head vertices whose expression it follows, with `weights` (G, 6).
        follow: (G,) how fully it follows the head's turn; `deform`: (G,) its share of the expression.
        canonical: (G, 3) canonical coordinates, continued outwards from the head.
        triangles: (M, 3) those that touch the person.
    """

    points: FloatArray
    neighbours: NDArray[np.int32]
    weights: FloatArray
    follow: FloatArray
    deform: FloatArray
    canonical: FloatArray
    triangles: NDArray[np.int32]


def _blur(values: NDArray[np.floating], sigma: float) -> FloatArray:
    return cv2.GaussianBlur(values.reshape(GRID, GRID).astype(np.float32), (0, 0), sigma).reshape(-1)


def build_carrier(
    atlas: HeadAtlas, portrait: FittedPortrait, points: FloatArray, texture: Texture, alpha: FloatArray
) -> Carrier:
    """Hang the grid on the head at camera points (N, 3)."""
    faces, head_stop = atlas.face_count, atlas.rig.parts["head"][1]
    number = np.arange(len(points))
    on_face = (texture.confidence > 0) & (number < faces)
    behind = (number >= faces) & (number < head_stop) & (texture.facing > 0)
    holders = np.nonzero(on_face | behind)[0]
    distances, near = cKDTree(texture.pixels[holders]).query(CARRIER_PIXELS, k=min(6, len(holders)))
    neighbours, nearest = holders[near], distances[:, 0]
    weights = 1 / (distances + 1.5) ** 2
    weights /= weights.sum(1, keepdims=True)
    width = float(np.ptp(portrait.landmarks[:468, 0]))
    depth = _grid_depth(atlas, portrait, points, texture, neighbours, weights, nearest, width)
    grid = unproject(CARRIER_PIXELS, depth).astype(np.float32)
    in_head = (grid - portrait.translation) @ portrait.rotation
    on_neck = neck_weight(in_head)
    reach = np.where(
        in_head[:, 1] < -3,
        1 - smoothstep(nearest, 0.25 * width, 0.8 * width),
        1 - smoothstep(nearest, 0.45 * width, 1.3 * width),
    )
    follow = _blur(on_neck * reach, 2.0)
    deform = np.exp(-((nearest / (0.10 * width)) ** 2))
    head_points = (points - portrait.translation) @ portrait.rotation
    canonical = ((atlas.canonical[neighbours] - head_points[neighbours]) * weights[..., None]).sum(1) + in_head
    solid = sample(cv2.dilate(alpha, np.ones((13, 13))), CARRIER_PIXELS) > 0.02
    triangles = CARRIER_TRIANGLES[solid[CARRIER_TRIANGLES].any(1)]
    arrays = [array.astype(np.float32) for array in (weights, follow, deform, canonical)]
    return Carrier(grid, neighbours.astype(np.int32), *arrays, triangles)


def _grid_depth(
    atlas: HeadAtlas,
    portrait: FittedPortrait,
    points: FloatArray,
    texture: Texture,
    neighbours: NDArray[np.intp],
    weights: NDArray[np.floating],
    nearest: NDArray[np.floating],
    width: float,
) -> FloatArray:
    """(G,) depth: just behind the face where it is drawn, smooth elsewhere, never in front of mid-head far from it."""
    depth = -(points[neighbours, 2] * weights).sum(1)
    middle = -float((portrait.rotation @ np.array([0, 1, -1.0]) + portrait.translation)[2])
    far = smoothstep(nearest, 0, 0.25 * width)
    depth = depth * (1 - far) + np.maximum(depth, middle) * far
    drawn = texture.region[np.minimum(neighbours, atlas.face_count - 1)] * (neighbours < atlas.face_count)
    drawn = _blur((drawn * weights).sum(1) * (nearest < 0.05 * width), 1.0)
    return _blur(depth, 1.0) * drawn + _blur(depth, 3.0) * (1 - drawn) + np.float32(0.25)
