"""Compose: the moved person over the background plate, only where the picture changes, in strips that fit the cache.

This module does not know meshes or features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.beyond import ContinuedImage
from mimica.animation.fill import look_up, smooth_step

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

    def within(self, outer: Box) -> tuple[slice, slice]:
        """Index of this rectangle in an array that holds `outer` only."""
        rows = slice(self.top - outer.top, self.bottom - outer.top)
        return rows, slice(self.left - outer.left, self.right - outer.left)


def enclosing(points: NDArray[np.floating], width: int, height: int) -> Box:
    """The pixels that `points` (N, 2) lie in or between, cut at the picture's edges; N ≥ 1."""
    left, top = np.clip(np.floor(points.min(0)), 0, [width, height]).astype(int)
    right, bottom = np.clip(np.ceil(points.max(0)), 0, [width, height]).astype(int)
    return Box(int(left), int(top), int(right), int(bottom))


def moved_points(
    before: NDArray[np.floating], after: NDArray[np.floating], triangles: NDArray[np.int32]
) -> NDArray[np.floating]:
    """(N, 2) old and new places of all triangles that visibly move from `before` to `after` (V, 2), pixels."""
    moves = np.abs(after - before).max(1) > _UNSEEN_PX
    vertices = np.zeros(len(moves), bool)
    vertices[triangles[moves[triangles].any(1)]] = True
    return np.concatenate([before[vertices], after[vertices]])


def lay_person(
    picture: Image, person: ContinuedImage, plate: Image, matte: FloatArray, box: Box,
    source: FloatArray, covered: FloatArray,
) -> None:  # fmt: skip
    """Draw the person moved into `picture` (H, W, 3), which still shows the photo, within `box`.

    person: the photo with what may lie beyond its edges. plate: (H, W, 3) the background. matte: (H, W) 0..1. source:
    (h, w, 2) over the box, where each pixel comes from, pixel centres at integers. covered: (h, w) 0..1, where that is
    known.
    """
    columns = np.arange(box.left, box.right, dtype=np.float32)
    for rows, inside in _strips(box):
        lookup, known = source[inside], covered[inside]
        area = (rows, box.area[1])
        colour = person.look_up(lookup)
        alpha = look_up(matte, lookup) * known
        # where nothing moves the photo stays exactly as it is
        across = lookup[..., 0] - columns
        down = lookup[..., 1] - np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        moved = smooth_step(np.sqrt(across * across + down * down), STILL_PX, MOVING_PX)
        moved[known <= 0.99] = 1
        drawn = cv2.blendLinear(colour, np.ascontiguousarray(plate[area]), alpha, 1 - alpha)
        picture[area] = cv2.blendLinear(drawn, np.ascontiguousarray(picture[area]), moved, 1 - moved)


def _strips(box: Box) -> Iterator[tuple[slice, slice]]:
    """Rows of the picture, and the same rows counted within the box."""
    for top in range(box.top, box.bottom, _STRIP_PX):
        bottom = min(top + _STRIP_PX, box.bottom)
        yield slice(top, bottom), slice(top - box.top, bottom - box.top)
