"""From two motions to a motion field: where every pixel of the new picture comes from in the photo.

Expression bends the sheets, the head's turn and shift move them through space, and a z-buffer tells what is seen
(DESIGN §3.2–3.3). This module does not know pixels' colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.portrait_mesh import NECK_PIVOT_CM, PortraitMesh, Sheet
from mimica.core.camera import Camera, rotation_vector

FloatArray = NDArray[np.float32]

NEAR_CM, FAR_CM = 1.0, 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class HeadMotion:
    """What to do with the portrait in one frame.

    Attributes:
        directions: (49,) strengths of the skin's expression directions. tongue: (3,) out, side, up.
        turn: (3, 3) rotation of the head relative to the photo, in the camera's frame.
        shift_cm: (3,) movement of the head in the camera's frame.
        gaze_deg: (2, 2) yaw, pitch in the head's frame of the left and the right eye.
        neutralise: 0..1, how much of the photo's own expression is taken away first.
        redraw: of mouth, left eye, right eye, how much is drawn anew; 0 keeps the photo's own pixels there, moved.
    """

    directions: FloatArray
    tongue: FloatArray
    turn: NDArray[np.float64]
    shift_cm: NDArray[np.float64]
    gaze_deg: FloatArray
    neutralise: float = 1.0
    redraw: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A backward flow: `source_px` (H, W, 2) photo pixels, `depth` (H, W) cm, `covered` (H, W) bool."""

    source_px: FloatArray
    depth: FloatArray
    covered: NDArray[np.bool_]


def move_points(
    mesh: PortraitMesh, points: NDArray[np.floating], weight: NDArray[np.floating], motion: HeadMotion
) -> FloatArray:
    """Camera points (N, 3) after the head's motion, of which each follows a share `weight` (N,)."""
    pivot = mesh.rotation @ NECK_PIVOT_CM + mesh.origin_cm
    offset = points.astype(np.float64) - pivot
    full = weight > 0.999
    moved = offset @ motion.turn.T + motion.shift_cm
    if full.all():
        return (moved + pivot).astype(np.float32)
    part = np.flatnonzero(~full & (weight > 1e-4))
    moved[part] = _turned_in_part(offset[part], weight[part], motion)
    still = weight <= 1e-4
    moved[still] = offset[still]
    return (moved + pivot).astype(np.float32)


def _turned_in_part(
    offset: NDArray[np.float64], weight: NDArray[np.floating], motion: HeadMotion
) -> NDArray[np.float64]:
    """`offset` (N, 3) after a share `weight` (N,) of turn and shift: Rodrigues' formula, one axis for all."""
    vector = rotation_vector(motion.turn)
    angle = float(np.linalg.norm(vector))
    axis = vector / max(angle, 1e-12)
    share = np.asarray(weight, np.float64)[:, None]
    sine, versine = np.sin(angle * share), 1 - np.cos(angle * share)
    x, y, z = axis
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return offset + sine * (offset @ across.T) + versine * (offset @ (across @ across).T) + share * motion.shift_cm


def bend(mesh: PortraitMesh, sheet: Sheet, motion: HeadMotion) -> FloatArray:
    """Camera points (N, 3) of a sheet with the expression on, before the head moves."""
    # not @: BLAS shares so small a product among threads, and where cores are busy they wait longer than it takes
    step = np.einsum("nk,k->n", sheet.basis, motion.directions).reshape(-1, 3) + motion.neutralise * sheet.neutral
    points = sheet.camera_cm.copy()
    points[sheet.moving] += (step @ mesh.rotation.T.astype(np.float32)).astype(np.float32)
    return points


def place(mesh: PortraitMesh, sheet: Sheet, motion: HeadMotion) -> FloatArray:
    """Camera points (N, 3) of a sheet in the new picture."""
    return move_points(mesh, bend(mesh, sheet, motion), sheet.head_weight, motion)


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the new picture and how finely it is drawn: corner and extent in photo pixels, size in cells."""

    x0_px: float
    y0_px: float
    width_px: float
    height_px: float
    columns: int
    rows: int


def rasterise(mesh: PortraitMesh, sheet: Sheet, points: FloatArray, view: View) -> Layer:
    """Draw a sheet whose vertices are now at `points` (N, 3), and read back where in the photo each cell is from."""
    depth = sheet.behind_cm - points[:, 2]
    attributes = np.concatenate([sheet.source_px, np.ones((len(points), 1), np.float32)], 1)
    values, buffer, _ = draw_triangles(mesh.camera, points, depth, sheet.triangles, attributes, view)
    return Layer(np.ascontiguousarray(values[..., :2]), buffer, values[..., 2] > 0.5)


def draw_triangles(
    camera: Camera, points: FloatArray, depth: NDArray[np.floating], triangles: NDArray[np.int32],
    attributes: FloatArray, view: View,
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:  # fmt: skip
    """Z-buffered triangles with three interpolated attributes per vertex.

    Args:
        points: (N, 3) in the camera's frame, which tell where vertices show; depth: (N,) cm, which hides which.
        attributes: (N, 3).

    Returns:
        Values (rows, columns, 3), zero where nothing is; depth (rows, columns) cm, `FAR_CM` there; covered.
    """
    shown = camera.project(points) - np.array([view.x0_px, view.y0_px])
    at = shown * np.array([view.columns / view.width_px, view.rows / view.height_px])
    # OpenCV's camera looks along −z with a 90° field of view: undo its perspective so that `at` is hit exactly
    half = view.rows / 2
    vertices = np.stack([(at[:, 0] - view.columns / 2) / half * depth, -(at[:, 1] - half) / half * depth, -depth], 1)
    values = np.zeros((view.rows, view.columns, 3), np.float32)
    buffer = np.full((view.rows, view.columns), FAR_CM, np.float32)
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    cv2.triangleRasterize(
        np.ascontiguousarray(vertices, np.float32), triangles,
        np.ascontiguousarray(attributes, np.float32), values, buffer, np.eye(4, dtype=np.float32), np.pi / 2,
        NEAR_CM, FAR_CM, settings,
    )  # fmt: skip
    return values, buffer, buffer < FAR_CM - 1
