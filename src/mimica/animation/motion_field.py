"""From two motions to a motion field: where every pixel of the new picture comes from in the photo.

Expression bends the sheets, the head's turn and shift move them through space, and a z-buffer tells what is seen
(DESIGN §3.2–3.3). This module does not know pixels' colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.portrait_mesh import PortraitMesh, Sheet
from mimica.core.camera import Camera, rotation_vector
from mimica.core.motion import NECK_PIVOT_CM

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


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the new picture and how finely it is drawn: corner and extent in photo pixels, size in cells."""

    x0_px: float
    y0_px: float
    width_px: float
    height_px: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A backward flow: `source_px` (H, W, 2) photo pixels, `depth` (H, W) cm, `covered` (H, W) bool, over `view`."""

    source_px: FloatArray
    depth: FloatArray
    covered: NDArray[np.bool_]
    view: View

    @property
    def shift_px(self) -> FloatArray:
        """(H, W, 2) from each cell's middle to its source, 0 where nothing is: unlike places these can be averaged."""
        view = self.view
        shift = self.source_px.copy()
        shift[..., 0] -= view.x0_px + (np.arange(view.columns) + 0.5) * (view.width_px / view.columns)
        shift[..., 1] -= (view.y0_px + (np.arange(view.rows) + 0.5) * (view.height_px / view.rows))[:, None]
        if not self.covered.all():
            shift[~self.covered] = 0
        return shift


def move_points(
    mesh: PortraitMesh, points: NDArray[np.floating], weight: NDArray[np.floating] | float, motion: HeadMotion
) -> FloatArray:
    """Camera points (N, 3) after the head's motion, of which each follows a share `weight` (N,), or all the same."""
    pivot = mesh.rotation @ NECK_PIVOT_CM + mesh.origin_cm
    given = np.ascontiguousarray(points, np.float32)
    landing = motion.shift_cm + pivot - motion.turn @ pivot
    moved = _transformed(given, motion.turn, landing)
    partly = np.flatnonzero(np.asarray(weight) <= 0.999)
    if len(partly):
        share = np.broadcast_to(np.asarray(weight, np.float32), len(given))[partly, None]
        moved[partly] = _turned_in_part(given[partly] - pivot.astype(np.float32), share, motion) + pivot
    return moved


def _transformed(
    points: FloatArray, matrix: NDArray[np.floating], shift: NDArray[np.floating] | None = None
) -> FloatArray:
    """`points` (N, 3) times `matrix` (3, 3), plus `shift` (3,); not by BLAS, see `bend`."""
    whole = matrix if shift is None else np.column_stack([matrix, shift])
    return np.asarray(cv2.transform(points[None], whole.astype(np.float32))[0], np.float32)


def _turned_in_part(offset: FloatArray, share: FloatArray, motion: HeadMotion) -> FloatArray:
    """`offset` (N, 3) after a `share` (N, 1) of turn and shift: Rodrigues' formula, one axis for all."""
    vector = rotation_vector(motion.turn)
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, 1e-12)
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    part = np.float32(angle) * share
    turned = offset + share * motion.shift_cm.astype(np.float32)
    turned += np.sin(part) * _transformed(offset, across)
    turned += (1 - np.cos(part)) * _transformed(offset, across @ across)
    return turned.astype(np.float32)


def bend(mesh: PortraitMesh, sheet: Sheet, motion: HeadMotion) -> FloatArray:
    """Camera points (N, 3) of a sheet with the expression on, before the head moves."""
    # not @: BLAS shares so small a product among threads, and where cores are busy they wait longer than it takes
    step = np.einsum("nk,k->n", sheet.basis, motion.directions).reshape(-1, 3)
    step += np.float32(motion.neutralise) * sheet.neutral
    points = sheet.camera_cm.copy()
    if len(sheet.moving) == len(points):  # all of them, in order
        points += _transformed(step, mesh.rotation)
    elif len(sheet.moving):
        points[sheet.moving] += _transformed(step, mesh.rotation)
    return points


def place(mesh: PortraitMesh, sheet: Sheet, motion: HeadMotion) -> FloatArray:
    """Camera points (N, 3) of a sheet in the new picture."""
    return move_points(mesh, bend(mesh, sheet, motion), sheet.head_weight, motion)


def rasterise(
    mesh: PortraitMesh, sheet: Sheet, points: FloatArray, view: View, triangles: NDArray[np.int32] | None = None
) -> Layer:
    """Draw a sheet whose vertices are now at `points` (N, 3), and read back where in the photo each cell is from.

    triangles: those of the sheet that are drawn; all when None.
    """
    canvas = Canvas.of(view)
    depth = sheet.behind_cm - points[:, 2]
    canvas.draw(mesh.camera, points, depth, sheet.triangles if triangles is None else triangles, sheet.attributes)
    source = np.ascontiguousarray(canvas.values[..., :2])
    return Layer(source, canvas.depth, canvas.values[..., 2] > 0.5, view)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture with a z-buffer: `values` (rows, columns, 3), zero where nothing is; `depth` (rows, columns) cm, there
    `FAR_CM`. What is drawn later hides and is hidden alike."""

    view: View
    values: FloatArray
    depth: FloatArray

    @classmethod
    def of(cls, view: View) -> Canvas:
        """An empty one."""
        values = np.zeros((view.rows, view.columns, 3), np.float32)
        return cls(view, values, np.full((view.rows, view.columns), FAR_CM, np.float32))

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(rows, columns) where anything is."""
        return self.depth < FAR_CM - 1

    def draw(
        self, camera: Camera, points: FloatArray, depth: NDArray[np.floating], triangles: NDArray[np.int32],
        attributes: FloatArray,
    ) -> None:  # fmt: skip
        """Z-buffered triangles with three interpolated attributes per vertex.

        Args:
            points: (N, 3) in the camera's frame, which tell where vertices show; depth: (N,) cm, which hides which.
            attributes: (N, 3).
        """
        view = self.view
        # OpenCV's camera looks along −z with a 90° field of view: undo its perspective so that each cell is hit exactly
        columns, rows = view.columns / view.width_px, view.rows / view.height_px  # a pixel
        half = view.rows / 2
        nearness = depth * (camera.focal_px / half) / -points[:, 2]
        x0, y0 = camera.center_x_px - view.x0_px, camera.center_y_px - view.y0_px
        vertices = np.empty((len(points), 3), np.float32)
        vertices[:, 0] = points[:, 0] * (nearness * columns) + depth * ((x0 * columns - view.columns / 2) / half)
        vertices[:, 1] = points[:, 1] * (nearness * rows) - depth * ((y0 * rows - half) / half)
        np.negative(depth, out=vertices[:, 2])
        settings = cv2.TriangleRasterizeSettings()
        settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
        settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
        cv2.triangleRasterize(
            vertices, triangles, np.ascontiguousarray(attributes, np.float32), self.values, self.depth,
            np.eye(4, dtype=np.float32), np.pi / 2, NEAR_CM, FAR_CM, settings,
        )  # fmt: skip
