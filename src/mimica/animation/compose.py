"""Compose: the moved person over the background plate, only where the picture changes, in strips that fit the cache.

This module does not know meshes or features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.beyond import ContinuedImage
from mimica.animation.contour import Contour, find_contour
from mimica.animation.fill import smooth_step

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

STILL_PX, MOVING_PX = 0.25, 1.25
"""What moved less than the first stays the photo's own pixel; from the second on it is wholly resampled."""
_UNSEEN_PX = 0.17
"""Vertices that moved less in x and y leave everything between them still."""
_STRIP_PX = 64


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: columns `left` to `right`, rows `top` to `bottom`, ends not included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> tuple[slice, slice]:
        """Index of the rectangle in a picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def corner(self) -> FloatArray:
        return np.array([self.left, self.top], np.float32)

    def joined(self, other: Box) -> Box:
        """The smallest that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right), max(self.bottom, other.bottom))

    def within(self, outer: Box) -> tuple[slice, slice]:
        """Index of this rectangle in an array that holds `outer` only."""
        rows = slice(self.top - outer.top, self.bottom - outer.top)
        return rows, slice(self.left - outer.left, self.right - outer.left)


def enclosing(points: NDArray[np.floating], width: int, height: int) -> Box:
    """The pixels that `points` (N, 2) lie in or between, cut at the picture's edges; N ≥ 1."""
    x, y = points[:, 0], points[:, 1]  # NumPy reduces (N, 2) slowly
    left, top = np.clip(np.floor([x.min(), y.min()]), 0, [width, height]).astype(int)
    right, bottom = np.clip(np.ceil([x.max(), y.max()]), 0, [width, height]).astype(int)
    return Box(int(left), int(top), int(right), int(bottom))


def moved_points(
    before: NDArray[np.floating], after: NDArray[np.floating], triangles: NDArray[np.int32]
) -> NDArray[np.floating]:
    """(N, 2) old and new places of all triangles that visibly move from `before` to `after` (V, 2), pixels."""
    away = np.abs(after - before) > _UNSEEN_PX
    moves = (away[:, 0] | away[:, 1]).take(triangles)
    vertices = np.zeros(len(before), bool)
    vertices[triangles.compress(moves[:, 0] | moves[:, 1] | moves[:, 2], axis=0)] = True
    return np.concatenate([places.compress(vertices, axis=0) for places in (before, after)])  # faster than by index


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Where the pixels of a box come from.

    Attributes:
        shift: (h, w, 2) pixels from each to its source. known: (h, w) 0..1, where there is one; None: everywhere.
        cells: (rows, columns, 2) the shifts from which these were enlarged.
        contour: where these lie between two surfaces; None: nowhere.
    """

    shift: FloatArray
    known: FloatArray | None
    cells: FloatArray
    contour: Contour | None = None

    @classmethod
    def of(
        cls, cells: FloatArray, covered: NDArray[np.bool_], width: int, height: int, depth: FloatArray | None = None
    ) -> Flow:
        """Of shifts (rows, columns, 2), known where `covered`, of cells that fill a box of (height, width) pixels.

        depth: (rows, columns) cm, for contours where a surface hides another.
        """
        cells, contour = (cells, None) if depth is None else find_contour(cells, depth, width, height)
        shift = np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        known = None
        if not covered.all():
            whole = cv2.resize(covered.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
            known = np.asarray(whole, np.float32)
        return cls(shift, known, cells, contour)

    def moved(self) -> Image:
        """(h, w) 0..255, how far each pixel is drawn anew; 0 keeps the photo's own."""
        height, width = self.shift.shape[:2]
        far = np.sqrt(np.square(self.cells[..., 0]) + np.square(self.cells[..., 1]))
        weight = cv2.convertScaleAbs(smooth_step(far, STILL_PX, MOVING_PX), alpha=255)
        moved = np.asarray(cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        if self.known is not None:
            moved[self.known <= 0.99] = 255
        return moved

    def places(self, box: Box, area: Box) -> FloatArray:
        """(h, w, 2) the sources of the pixels of `area` within `box`, which the flow covers; centres are integers."""
        shift = self.shift[area.within(box)]
        return _grid(area.left, area.top, shift.shape) + shift


def _grid(left: int, top: int, shape: tuple[int, ...]) -> FloatArray:
    """(h, w, 2) the places of all pixels of a rectangle of that shape."""
    grid = np.empty((*shape[:2], 2), np.float32)
    grid[..., 0] = np.arange(left, left + shape[1])
    grid[..., 1] = np.arange(top, top + shape[0])[:, None]
    return grid


def lay_person(picture: Image, person: ContinuedImage, plate: Image, box: Box, flow: Flow) -> None:
    """Draw the person moved into `picture` (H, W, 3), which still shows the photo, within `box`.

    person: the photo with its matte and what may lie beyond its edges. plate: (H, W, 3) the background.
    """
    everywhere = flow.moved()
    for rows, inside in _strips(box):
        moved = everywhere[inside]
        if not moved.any():  # where nothing moves the photo stays exactly as it is
            continue
        area = (rows, box.area[1])
        here = _grid(box.left, rows.start, moved.shape)
        here += flow.shift[inside]
        seen = person.look_up(here)
        share = cv2.extractChannel(seen, 3)
        if flow.known is not None:
            share = cv2.convertScaleAbs(share * flow.known[inside])
        own = cv2.multiply(share, moved, scale=1 / 255)
        layers = (
            (cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), own),
            (plate[area], cv2.subtract(moved, own)),
            (picture[area], cv2.bitwise_not(moved)),
        )
        picture[area] = _mixed(layers)
    if flow.contour is not None:
        _lay_contour(picture[box.area], person, plate[box.area], box, flow.contour)


def _lay_contour(picture: Image, person: ContinuedImage, plate: Image, box: Box, contour: Contour) -> None:
    """Draw contours into `picture` (h, w, 3), the pixels of `box`."""
    at = contour.rows, contour.columns
    places = contour.shifts + (np.stack([contour.columns, contour.rows], 1) + box.corner)
    seen = person.look_up(places.astype(np.float32)).astype(np.float32)
    nearer, farther = plate[at] + (seen[..., :3] - plate[at]) * (seen[..., 3:] / 255)
    picture[at] = np.rint(farther + (nearer - farther) * contour.nearer[:, None]).astype(np.uint8)


def _mixed(layers: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> Image:
    """The sum of layers (h, w, 3), each times its weight (h, w), all uint8; weights are 255 together. Rounded."""
    total: NDArray[np.uint16] | None = None
    for layer, weight in layers:
        part = np.multiply(layer, cv2.cvtColor(weight, cv2.COLOR_GRAY2RGB), dtype=np.uint16)
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    total += 128
    total += total >> 8  # with this an exact division by 255
    total >>= 8
    return total.astype(np.uint8)


def _strips(box: Box) -> Iterator[tuple[slice, slice]]:
    """Rows of the picture, and the same rows counted within the box."""
    for top in range(box.top, box.bottom, _STRIP_PX):
        bottom = min(top + _STRIP_PX, box.bottom)
        yield slice(top, bottom), slice(top - box.top, bottom - box.top)
