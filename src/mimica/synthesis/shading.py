"""Deferred shading: colours and truth of every output pixel from the visible triangles of three layers.

Layers from back to front: background plate, person carrier, then face and what lies inside it (one z-test). A pixel
whose sub-samples all show the same part is shaded once, at its centre; one that an edge crosses is the mean of its
sub-samples, and its truth the mean over those of its most frequent part. This module does not know heads; it sees
triangles with attributes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mimica.synthesis.meshes import EYE_PUSH_CM
from mimica.synthesis.rasterise import barycentric

# Attribute columns of face and inside vertices.
U, V, SOURCE_DEPTH, CONFIDENCE, ALPHA, SHADE, RED, GREEN, BLUE = range(9)
ATTRIBUTES = 9

BACKGROUND, CARRIER, SOCKET, GUMS, TEETH, EYE, FACE, TONGUE = range(8)
PARTS = 8

BACKGROUND_DEPTH_CM = 1000.0

# How much deeper than the photo's z-buffer a point may lie and still be seen in the photo, by part, cm.
SHADOW_TOLERANCE_CM = np.array([0.35, 0.35, 0.35, 0.45, 0.45, 9.0, 0.35, 0.35], np.float32)

_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_PUSH, _FAR = np.float32(EYE_PUSH_CM), np.float32(BACKGROUND_DEPTH_CM)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _texel(image, u, v):
    """Bilinear RGBA, 0..1, of a uint8 image (H, W, 4) at a continuous pixel coordinate; borders are replicated."""
    height, width = image.shape[0], image.shape[1]
    x = min(max(u - _HALF, _ZERO), np.float32(width - 1.001))
    y = min(max(v - _HALF, _ZERO), np.float32(height - 1.001))
    j, i = np.uint32(x), np.uint32(y)
    fx, fy = x - np.float32(j), y - np.float32(i)
    scale = np.float32(1.0 / 255.0)
    wb, wd = fx * (_ONE - fy) * scale, fx * fy * scale
    wa, wc = (_ONE - fx) * (_ONE - fy) * scale, (_ONE - fx) * fy * scale
    j1, i1 = j + np.uint32(1), i + np.uint32(1)
    red = wa * image[i, j, 0] + wb * image[i, j1, 0] + wc * image[i1, j, 0] + wd * image[i1, j1, 0]
    green = wa * image[i, j, 1] + wb * image[i, j1, 1] + wc * image[i1, j, 1] + wd * image[i1, j1, 1]
    blue = wa * image[i, j, 2] + wb * image[i, j1, 2] + wc * image[i1, j, 2] + wd * image[i1, j1, 2]
    alpha = wa * image[i, j, 3] + wb * image[i, j1, 3] + wc * image[i1, j, 3] + wd * image[i1, j1, 3]
    return red, green, blue, alpha


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _seen(depth, u, v, point_depth, tolerance):
    """0..1: how far a 3×3 neighbourhood of the photo's z-buffer leaves the point unhidden (soft shadow test).

    `depth` (S, S, 2) holds the z-buffer and its minimum around each pixel, which settles most points at once.
    """
    last = depth.shape[0] - 1
    j, i = min(max(int(u), 0), last), min(max(int(v), 0), last)
    if point_depth < depth[i, j, 1] + tolerance:
        return _ONE
    hits = 0
    for dy in range(-1, 2):
        i = min(max(int(v + np.float32(1.5) * dy), 0), last)
        for dx in range(-1, 2):
            j = min(max(int(u + np.float32(1.5) * dx), 0), last)
            if point_depth < depth[i, j, 0] + tolerance:
                hits += 1
    t = min(max((np.float32(hits) / np.float32(9) - np.float32(0.25)) * np.float32(2), _ZERO), _ONE)
    return t * t * (np.float32(3) - np.float32(2) * t)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _mix(values, a, b, c, wa, wb, wc, column):
    return wa * values[a, column] + wb * values[b, column] + wc * values[c, column]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _sample(
    x, y, m, here, g, window, photo, plate, photo_depth, triangles, screen, inverse, attributes, places,
    grid_screen, grid_inverse, grid_pixels, grid_places, grid_triangles,
):  # fmt: skip
    """One sample at sub-sample coordinates: colour, part, visibility, nearest vertex, canonical, depth, source."""
    size = np.float32(photo.shape[0])
    red = green = blue = alpha = visible = solid = _ZERO
    px = py = pz = depth = u = v = _ZERO
    nearest = np.int32(-1)
    if m >= 0:
        a, b, c = triangles[m, 0], triangles[m, 1], triangles[m, 2]
        wa, wb, wc = barycentric(screen, inverse, a, b, c, x, y)
        alpha = _mix(attributes, a, b, c, wa, wb, wc, ALPHA)
        u, v = _mix(attributes, a, b, c, wa, wb, wc, U), _mix(attributes, a, b, c, wa, wb, wc, V)
        if u >= _ZERO and v >= _ZERO and u <= size and v <= size:
            visible = _mix(attributes, a, b, c, wa, wb, wc, CONFIDENCE)
            if visible > np.float32(0.001):
                source_depth = _mix(attributes, a, b, c, wa, wb, wc, SOURCE_DEPTH)
                visible *= _seen(photo_depth, u, v, source_depth, SHADOW_TOLERANCE_CM[here])
        if visible < np.float32(0.999):
            red, green = _mix(attributes, a, b, c, wa, wb, wc, RED), _mix(attributes, a, b, c, wa, wb, wc, GREEN)
            blue = _mix(attributes, a, b, c, wa, wb, wc, BLUE)
        if visible > np.float32(0.001):
            photo_red, photo_green, photo_blue, _ = _texel(photo, u, v)
            red, green = red + visible * (photo_red - red), green + visible * (photo_green - green)
            blue += visible * (photo_blue - blue)
        lit = _mix(attributes, a, b, c, wa, wb, wc, SHADE)
        red, green, blue = min(red * lit, _ONE), min(green * lit, _ONE), min(blue * lit, _ONE)
        nearest = np.int32(a if wa >= wb and wa >= wc else (b if wb >= wc else c))
        px, py = _mix(places, a, b, c, wa, wb, wc, 0), _mix(places, a, b, c, wa, wb, wc, 1)
        pz = _mix(places, a, b, c, wa, wb, wc, 2)
        depth = wa / inverse[a] + wb / inverse[b] + wc / inverse[c]
        if here == EYE:
            depth -= _PUSH
    if alpha < np.float32(0.999):
        behind_red = behind_green = behind_blue = _ZERO
        if g >= 0:
            a, b, c = grid_triangles[g, 0], grid_triangles[g, 1], grid_triangles[g, 2]
            wa, wb, wc = barycentric(grid_screen, grid_inverse, a, b, c, x, y)
            grid_u, grid_v = _mix(grid_pixels, a, b, c, wa, wb, wc, 0), _mix(grid_pixels, a, b, c, wa, wb, wc, 1)
            behind_red, behind_green, behind_blue, solid = _texel(photo, grid_u, grid_v)
            if alpha < _HALF and solid >= _HALF:
                here, nearest, u, v = CARRIER, np.int32(-1), grid_u, grid_v
                visible = _ONE if u >= _ZERO and v >= _ZERO and u <= size and v <= size else _ZERO
                px, py = _mix(grid_places, a, b, c, wa, wb, wc, 0), _mix(grid_places, a, b, c, wa, wb, wc, 1)
                pz = _mix(grid_places, a, b, c, wa, wb, wc, 2)
                depth = wa / grid_inverse[a] + wb / grid_inverse[b] + wc / grid_inverse[c]
        if solid < np.float32(0.999):
            plate_u, plate_v = np.float32(window[0] + x * window[2]), np.float32(window[1] + y * window[2])
            plate_red, plate_green, plate_blue, shown = _texel(plate, plate_u, plate_v)
            behind_red = plate_red + solid * (behind_red - plate_red)
            behind_green = plate_green + solid * (behind_green - plate_green)
            behind_blue = plate_blue + solid * (behind_blue - plate_blue)
            if alpha < _HALF and solid < _HALF:
                here, nearest, u, v = BACKGROUND, np.int32(-1), plate_u, plate_v
                inside = u >= _ZERO and v >= _ZERO and u <= size and v <= size
                visible = _ONE if inside and shown > np.float32(0.85) else _ZERO
                px = py = pz = _ZERO
                depth = _FAR
        red, green = behind_red + alpha * (red - behind_red), behind_green + alpha * (green - behind_green)
        blue = behind_blue + alpha * (blue - behind_blue)
    return red, green, blue, here, visible, nearest, px, py, pz, depth, u, v


@njit(cache=True, nogil=True, error_model="numpy")
def shade(out, samples, window, photo, plate, photo_depth, head, solid, grid):
    """Fill the output arrays.

    Args:
        out: image (H, W, 3) float32 0..1; coverage (H, W, 3) share of mouth and tongue, teeth, eyes; visibility (H, W);
            part (H, W) uint8; vertex (H, W) int32; canonical (H, W, 3); depth (H, W); source (H, W, 2).
        samples: sub-samples along a pixel's side.
        window: x0, y0, photo px per sub-sample.
        photo, plate: (S, S, 4) uint8; alpha is the person's opacity, and how far the plate is the photo itself.
        photo_depth: (S, S, 2) cm.
        head: screen (N, 2), inverse depth (N,), attributes (N, 9), canonical (N, 3).
        solid: triangles (M, 3) of face, then inside; their parts (M,); numbers seen: face, inside (H·s, W·s) (inside
            counts from the first inside triangle); number of face triangles.
        grid: (screen, inverse depth, photo px, canonical, triangles) and numbers seen.
    """
    image, coverage, visibility, part, vertex, canonical, depth, source = out
    triangles, parts, face_numbers, inside_numbers, first_inside = solid
    (grid_screen, grid_inverse, grid_pixels, grid_places, grid_triangles), grid_numbers = grid
    screen, inverse, attributes, places = head
    subs = samples * samples
    sub_part, sub_vertex = np.zeros(subs, np.int64), np.zeros(subs, np.int32)
    sub_values = np.zeros((subs, 7), np.float32)
    sub_row, sub_column = np.arange(subs) // samples, np.arange(subs) % samples
    votes = np.zeros(PARTS, np.int64)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            top, left = row * samples, column * samples
            uniform, kind, carried = True, -1, False
            for i in range(top, top + samples):
                for j in range(left, left + samples):
                    m = inside_numbers[i, j]
                    here = int(parts[first_inside + m]) if m >= 0 else (FACE if face_numbers[i, j] >= 0 else BACKGROUND)
                    if kind < 0:
                        kind, carried = here, grid_numbers[i, j] >= 0
                    elif here != kind or (grid_numbers[i, j] >= 0) != carried:
                        uniform = False
            count = 1 if uniform else subs
            share = _ONE / np.float32(count)
            red = green = blue = _ZERO
            for k in range(PARTS):
                votes[k] = 0
            for sub in range(count):
                i, j = top + sub_row[sub], left + sub_column[sub]
                x, y = (left + 0.5 * samples, top + 0.5 * samples) if uniform else (j + 0.5, i + 0.5)
                m, here = inside_numbers[i, j], BACKGROUND
                if m >= 0:
                    m += first_inside
                    here = int(parts[m])
                else:
                    m = face_numbers[i, j]
                    if m >= 0:
                        here = FACE
                r, gr, b, here, seen, nearest, px, py, pz, d, u, v = _sample(
                    x, y, m, here, grid_numbers[i, j], window, photo, plate, photo_depth, triangles, screen, inverse,
                    attributes, places, grid_screen, grid_inverse, grid_pixels, grid_places, grid_triangles,
                )  # fmt: skip
                red, green, blue = red + r, green + gr, blue + b
                sub_part[sub], sub_vertex[sub] = here, nearest
                sub_values[sub, 0], sub_values[sub, 1], sub_values[sub, 2] = px, py, pz
                sub_values[sub, 3], sub_values[sub, 4], sub_values[sub, 5] = d, u, v
                sub_values[sub, 6] = seen
                votes[here] += 1
            image[row, column, 0], image[row, column, 1], image[row, column, 2] = (
                red * share,
                green * share,
                blue * share,
            )
            coverage[row, column, 0] = np.float32(votes[SOCKET] + votes[GUMS] + votes[TONGUE]) * share
            coverage[row, column, 1] = np.float32(votes[TEETH]) * share
            coverage[row, column, 2] = np.float32(votes[EYE]) * share
            best = sub_part[0]
            for k in range(PARTS):
                if votes[k] > votes[best]:
                    best = k
            weight = _ONE / np.float32(votes[best])
            part[row, column] = best
            px = py = pz = d = u = v = seen = _ZERO
            for sub in range(count):
                if sub_part[sub] == best:
                    vertex[row, column] = sub_vertex[sub]
                    px, py, pz = px + sub_values[sub, 0], py + sub_values[sub, 1], pz + sub_values[sub, 2]
                    d, u, v = d + sub_values[sub, 3], u + sub_values[sub, 4], v + sub_values[sub, 5]
                    seen += sub_values[sub, 6]
            canonical[row, column, 0], canonical[row, column, 1] = px * weight, py * weight
            canonical[row, column, 2], depth[row, column] = pz * weight, d * weight
            source[row, column, 0], source[row, column, 1] = u * weight, v * weight
            visibility[row, column] = seen * weight
