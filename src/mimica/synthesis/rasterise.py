"""A z-buffer rasteriser: which triangle is seen at each pixel, and where inside it.

Pure numba on one core, no graphics driver: the same bytes on every machine. Inverse depth is linear on the screen, so
it serves both as the z-buffer and for perspective-correct interpolation. This module does not know colours or heads.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

NOTHING = -1
"""Triangle number of a pixel where nothing was drawn."""


class ZBuffer:
    """Triangle numbers (H, W) int32 and inverse depths (H, W) float32 of one drawing surface."""

    def __init__(self, height: int, width: int) -> None:
        self.triangle = np.full((height, width), NOTHING, np.int32)
        self.inverse_depth = np.zeros((height, width), np.float32)

    def draw(
        self, screen: NDArray[np.float32], inverse_depth: NDArray[np.float32], triangles: NDArray[np.int32]
    ) -> None:
        """Draw triangles (M, 3) over vertices `screen` (N, 2) px with `inverse_depth` (N,) 1/cm, greater is nearer.

        A pixel belongs to the nearest triangle that holds its centre (column + 0.5, row + 0.5); the first drawn wins
        a tie. Numbers count within `triangles`.
        """
        draw_triangles(screen, inverse_depth, triangles, self.triangle, self.inverse_depth)

    def behind(self) -> ZBuffer:
        """A fresh surface that accepts only what lies nearer than this one: for a second group sharing its z-test."""
        layer = ZBuffer(*self.triangle.shape)
        layer.inverse_depth[:] = self.inverse_depth
        return layer


@njit(cache=True, nogil=True, error_model="numpy")
def draw_triangles(screen, inverse_depth, triangles, numbers, nearest):
    height, width = numbers.shape
    for m in range(triangles.shape[0]):
        a, b, c = triangles[m, 0], triangles[m, 1], triangles[m, 2]
        ax, ay = np.float64(screen[a, 0]), np.float64(screen[a, 1])
        bx, by = np.float64(screen[b, 0]), np.float64(screen[b, 1])
        cx, cy = np.float64(screen[c, 0]), np.float64(screen[c, 1])
        left, right = min(ax, bx, cx), max(ax, bx, cx)
        top, bottom = min(ay, by, cy), max(ay, by, cy)
        if right < 0.5 or bottom < 0.5 or left > width - 0.5 or top > height - 0.5:
            continue
        first_column, last_column = max(0, int(np.ceil(left - 0.5))), min(width - 1, int(np.floor(right - 0.5)))
        first_row, last_row = max(0, int(np.ceil(top - 0.5))), min(height - 1, int(np.floor(bottom - 0.5)))
        if first_column > last_column or first_row > last_row:
            continue
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        za, zb, zc = np.float64(inverse_depth[a]), np.float64(inverse_depth[b]), np.float64(inverse_depth[c])
        if za <= 0.0 or zb <= 0.0 or zc <= 0.0:
            continue
        b_dx, b_dy = (cy - ay) / area, -(cx - ax) / area
        c_dx, c_dy = -(by - ay) / area, (bx - ax) / area
        for row in range(first_row, last_row + 1):
            dy = row + 0.5 - ay
            for column in range(first_column, last_column + 1):
                dx = column + 0.5 - ax
                weight_b = dx * b_dx + dy * b_dy
                weight_c = dx * c_dx + dy * c_dy
                if weight_b >= 0.0 and weight_c >= 0.0 and weight_b + weight_c <= 1.0:
                    depth = np.float32(za + weight_b * (zb - za) + weight_c * (zc - za))
                    if depth > nearest[row, column]:
                        nearest[row, column] = depth
                        numbers[row, column] = m


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def barycentric(screen, inverse_depth, a, b, c, x, y):
    """Perspective-correct weights of the corners a, b, c at the screen point (x, y)."""
    ax, ay = np.float64(screen[a, 0]), np.float64(screen[a, 1])
    bx, by = np.float64(screen[b, 0]) - ax, np.float64(screen[b, 1]) - ay
    cx, cy = np.float64(screen[c, 0]) - ax, np.float64(screen[c, 1]) - ay
    area = bx * cy - cx * by
    weight_b = ((x - ax) * cy - cx * (y - ay)) / area
    weight_c = (bx * (y - ay) - (x - ax) * by) / area
    za = (1.0 - weight_b - weight_c) * inverse_depth[a]
    zb, zc = weight_b * inverse_depth[b], weight_c * inverse_depth[c]
    total = za + zb + zc
    return np.float32(za / total), np.float32(zb / total), np.float32(zc / total)


@njit(cache=True, nogil=True, error_model="numpy")
def interpolate(screen, inverse_depth, triangles, numbers, values, background):
    """Perspective-correct image (H, W) of a per-vertex value (N,); `background` where nothing was drawn."""
    image = np.full(numbers.shape, background, np.float32)
    for row in range(numbers.shape[0]):
        for column in range(numbers.shape[1]):
            m = numbers[row, column]
            if m >= 0:
                a, b, c = triangles[m, 0], triangles[m, 1], triangles[m, 2]
                wa, wb, wc = barycentric(screen, inverse_depth, a, b, c, column + 0.5, row + 0.5)
                image[row, column] = wa * values[a] + wb * values[b] + wc * values[c]
    return image


@njit(cache=True, nogil=True, error_model="numpy")
def vertex_normals(points, triangles):
    """Unit normals (N, 3) of a mesh, triangles weighted by area; zero where no triangle touches."""
    normals = np.zeros((points.shape[0], 3), np.float32)
    for m in range(triangles.shape[0]):
        a, b, c = triangles[m, 0], triangles[m, 1], triangles[m, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    for k in range(points.shape[0]):
        length = np.sqrt(normals[k, 0] ** 2 + normals[k, 1] ** 2 + normals[k, 2] ** 2) + np.float32(1e-9)
        normals[k] /= length
    return normals
