"""Contours: where one part of the moved person ends before another, and pixels show some of both.

Between a cell of the nearer surface and one of the farther lies a jump of the flow. To interpolate across it would
show everything that lies between the two in the photo, an ear, a collar, the street, squeezed into a pixel: a dark,
serrated outline. Here either side goes on to the jump with its own flow, and the two are mixed. This module does not
know colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Mask = NDArray[np.bool_]

SQUEEZED = 6.0
"""Sources that lie so many times as far apart as their cells are a jump."""
SHARPER = 3.0
"""What makes the blurred edge of straight contours fall from 1 to 0 from cell to cell."""
SLIVER_CELLS = 3
"""A surface between two jumps that is no wider is not drawn: it is seen so much from the side that it has no detail."""
MARGIN = SLIVER_CELLS + 2
_DOWN, _RIGHT = (offsets.ravel() for offsets in np.mgrid[-1:2, -1:2])


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """The pixels of a box where a nearer surface ends.

    Attributes:
        rows, columns: (N,) where they are. shifts: (2, N, 2) pixels from each to its source on the nearer and on the
        farther surface. nearer: (N,) 0..1, how much of each the nearer surface covers.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    shifts: FloatArray
    nearer: FloatArray


def find_contour(cells: FloatArray, depth: FloatArray, width: int, height: int) -> tuple[FloatArray, Contour | None]:
    """The flow without slivers, and its contours; None: it has none.

    cells: (rows, columns, 2) shifts of cells that fill a box of (height, width) pixels; depth: (rows, columns) cm.
    """
    least = SQUEEZED * max(width / depth.shape[1], height / depth.shape[0])
    if float(cells.max()) - float(cells.min()) <= least:  # most often: heads turn little
        return cells, None
    near, far = _sides(cells, depth, least)
    if not near.any():
        return cells, None
    part = _around(near | far)  # all that follows happens there
    surface = np.dstack([cells[part], depth[part]])
    near, far = _without_slivers(surface, near[part], far[part], least)
    kept = np.ascontiguousarray(surface[..., :2])
    cells = cells.copy()
    cells[part] = kept
    rows, columns = (
        (np.arange(pixels) + 0.5) * (count / pixels) - 0.5 - side.start
        for pixels, count, side in zip((height, width), depth.shape, part, strict=True)
    )
    pixels = _Pixels.between(near, far, rows, columns)
    if not len(pixels.rows):
        return cells, None
    shifts = [pixels.look_up(_gone_on(kept, side, least)) for side in (near, far)]
    soft = cv2.GaussianBlur(np.dstack([near, far]) * np.float32(1), (3, 3), 0)  # else the cells would show as stairs
    nearer, farther = pixels.look_up(np.asarray(soft, np.float32)).T
    share = np.clip(0.5 + SHARPER * (nearer / (nearer + farther) - 0.5), 0, 1)
    return cells, Contour(pixels.rows, pixels.columns, np.stack(shifts), share)


def _without_slivers(surface: FloatArray, near: Mask, far: Mask, least_px: float) -> tuple[Mask, Mask]:
    """Put what lies behind in the place of slivers of `surface` (rows, columns, 3), shifts and depth; gives the sides
    of the jumps that are left, of which none is both."""
    for turn in range(SLIVER_CELLS):
        slivers = near & far
        if not slivers.any():
            break
        behind = far & ~near if turn < SLIVER_CELLS - 1 else ~slivers
        at = np.nonzero(slivers)
        surface[at] = _beside(surface, behind, at)
        near, far = _sides(np.ascontiguousarray(surface[..., :2]), surface[..., 2], least_px)
    return near, far & ~near


@dataclass(frozen=True, slots=True, eq=False)
class _Pixels:
    """Some pixels of a box that cells fill, with what is needed to look up the cells' values at their centres."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    corners: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    weights: FloatArray

    @classmethod
    def between(cls, near: Mask, far: Mask, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> _Pixels:
        """Those that lie between cells of which one at least is in `near` and one in `far`.

        rows, columns: of every row and column of the picture where it lies in `near`, the cells' middles at integers.
        """
        nears, fars = (
            side[:-1, :-1] | side[:-1, 1:] | side[1:, :-1] | side[1:, 1:]
            for side in (np.pad(side, 1, mode="edge") for side in (near, far))
        )
        top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
        inside = [
            np.flatnonzero((first >= -1) & (first < count))
            for first, count in ((top, len(near)), (left, near.shape[1]))
        ]
        y, x = np.nonzero((nears & fars)[top[inside[0]] + 1][:, left[inside[1]] + 1])
        y, x = inside[0][y], inside[1][x]
        top, left = top[y], left[x]
        below, beside = rows[y] - top, columns[x] - left
        corners, weights = [], []
        for down, part_y in ((0, 1 - below), (1, below)):
            for right, part_x in ((0, 1 - beside), (1, beside)):
                corners.append((np.clip(top + down, 0, len(near) - 1), np.clip(left + right, 0, near.shape[1] - 1)))
                weights.append(part_y * part_x)
        return cls(y, x, tuple(corners), np.array(weights, np.float32))

    def look_up(self, values: FloatArray) -> FloatArray:
        """(N, K) of `values` (rows, columns, K), bilinearly."""
        corners = [values[corner] for corner in self.corners]
        return np.einsum("cn,cnk->nk", self.weights, np.stack(corners))


def _around(mask: Mask) -> tuple[slice, slice]:
    """The rows and columns that hold all of `mask` and what its outermost cells are compared with."""
    sides = []
    for count, found in zip(mask.shape, (mask.any(1), mask.any(0)), strict=True):
        filled = np.flatnonzero(found)
        sides.append(slice(max(0, int(filled[0]) - MARGIN), min(count, int(filled[-1]) + 1 + MARGIN)))
    return sides[0], sides[1]


def _sides(cells: FloatArray, depth: FloatArray, least_px: float) -> tuple[Mask, Mask]:
    """(rows, columns) each: the cells on the nearer and on the farther side of jumps of at least so many pixels."""
    near, far = np.zeros(depth.shape, bool), np.zeros(depth.shape, bool)
    planes = cv2.split(cells)
    everything, before, after = slice(None), slice(None, -1), slice(1, None)
    for first, second in (((everything, before), (everything, after)), ((before, everything), (after, everything))):
        across, down = (cv2.absdiff(plane[second], plane[first]) for plane in planes)
        step = cv2.max(across, down)
        if not step.size or step.max() <= least_px:
            continue
        at = np.nonzero(step > least_px)
        deeper = depth[second][at] > depth[first][at]
        for some, front, back in ((deeper, first, second), (~deeper, second, first)):
            pairs = tuple(index[some] for index in at)
            near[front][pairs] = True
            far[back][pairs] = True
    return near, far


def _gone_on(cells: FloatArray, side: Mask, least_px: float) -> FloatArray:
    """`cells` (rows, columns, 2) with what lies across a jump from `side` replaced by how that side would go on."""
    beyond = np.nonzero(cv2.dilate(side.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~side)
    own, next_to = cells[beyond], _beside(cells, side, beyond)
    gone_on = cells.copy()
    gone_on[beyond] = np.where((np.abs(own - next_to) > least_px).any(1, keepdims=True), next_to, own)
    return gone_on


def _beside(values: FloatArray, mask: Mask, at: tuple[NDArray[np.intp], ...]) -> FloatArray:
    """(N, K) of `values` (rows, columns, K): the mean of the neighbours in `mask`, or the own where there is none."""
    rows = np.clip(at[0][:, None] + _DOWN, 0, mask.shape[0] - 1)
    columns = np.clip(at[1][:, None] + _RIGHT, 0, mask.shape[1] - 1)
    weight = mask[rows, columns][..., None]
    total, count = (values[rows, columns] * weight).sum(1), weight.sum(1)
    return np.where(count > 0, total / np.maximum(count, 1), values[at]).astype(np.float32)
