"""What the face crop's maps say, extended over head, hair and background: depth and place of every pixel around a face.

This module does not know meshes or motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import push_pull, sample, smooth_step
from mimica.animation.reading import PortraitReading
from mimica.core.camera import Camera
from mimica.core.geometry import CropFrame

FloatArray = NDArray[np.float32]

BEHIND_CM = 25.0
"""The background lies this far behind the head, so that the head is always drawn over it."""
MAP_PX = 208
MID_HEAD_CM = np.array([0.0, 1.0, -1.0])


@dataclass(frozen=True, slots=True, eq=False)
class HeadMaps:
    """Over the region, (MAP_PX, MAP_PX): what the face crop's maps say, extended beyond the face."""

    face: FloatArray
    distance: FloatArray  # px of the photo from the face
    canonical: FloatArray
    depth: FloatArray  # cm from the camera
    behind: FloatArray  # cm, see Sheet.behind_cm
    face_width_px: float


def read_head_maps(
    reading: PortraitReading, region: CropFrame, camera: Camera, rotation: NDArray[np.float64],
    origin: NDArray[np.float64],
) -> HeadMaps:  # fmt: skip
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
    return HeadMaps(
        face,
        distance.astype(np.float32),
        values[..., :3],
        depth.astype(np.float32),
        behind,
        float(width),
    )
