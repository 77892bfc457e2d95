"""Patch: the rectangle of the photo that can change, and maps of the networks over its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.motion_field import View
from mimica.animation.portrait_mesh import PortraitMesh
from mimica.animation.reading import PortraitReading

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Patch:
    """The rectangle of the photo that can change: corner and size in whole pixels."""

    x0: int
    y0: int
    width: int
    height: int

    @property
    def area(self) -> tuple[slice, slice]:
        """Rows and columns of the photo."""
        return slice(self.y0, self.y0 + self.height), slice(self.x0, self.x0 + self.width)

    def view(self, columns: int, rows: int) -> View:
        return View(self.x0, self.y0, self.width, self.height, columns, rows)


def changing_patch(photo: Image, mesh: PortraitMesh) -> Patch:
    # pixels that lie wholly in the region: a row that the mesh covers in part would show the plate through clothes
    low = np.maximum(np.ceil(mesh.region.corners().min(0)).astype(int), 0)
    high = np.minimum(np.floor(mesh.region.corners().max(0)).astype(int), [photo.shape[1], photo.shape[0]])
    return Patch(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def to_patch(
    values: FloatArray, to_values: NDArray[np.float64], patch: Patch, outside: float | None = None
) -> FloatArray:
    """Resample a map onto the patch's pixels; `to_values` (2, 3) takes photo pixels to pixels of the map."""
    matrix = to_values.copy()
    matrix[:, 2] += matrix[:, :2] @ np.array([patch.x0 + 0.5, patch.y0 + 0.5]) - 0.5
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    smooth = cv2.INTER_LINEAR if matrix[0, 0] > 1 else cv2.INTER_CUBIC
    moved = cv2.warpAffine(
        np.ascontiguousarray(values, np.float32), matrix, (patch.width, patch.height),
        flags=smooth | cv2.WARP_INVERSE_MAP, borderMode=border, borderValue=outside or 0.0,
    )  # fmt: skip
    return np.asarray(moved, np.float32)


def owned_share(reading: PortraitReading, patch: Patch) -> FloatArray:
    """(height, width) of the patch: what belongs to this person rather than to a rival, at a quarter of its size."""
    columns, rows = max(2, patch.width // 4), max(2, patch.height // 4)
    x = (np.arange(columns) + 0.5) * patch.width / columns + patch.x0
    y = (np.arange(rows) + 0.5) * patch.height / rows + patch.y0
    share = reading.owned(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)).reshape(rows, columns)
    return np.asarray(cv2.resize(share, (patch.width, patch.height), interpolation=cv2.INTER_LINEAR), np.float32)
