"""Deferred shading: colours and truth of every output pixel from the visible triangles of three layers.

Layers from back to front: background plate, person carrier, then face and what lies inside it (one z-test). Every
output pixel is the mean of its sub-samples; its truth is the mean over those of its most frequent part. This module does
not know heads; it sees triangles with attributes.
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


@njit(cache=True, nogil=True)
def _texel(image, u, v, out):  # noqa: ANN001, ANN202 (compiled)
    """Bilinear value of a uint8 image at a continuous pixel coordinate, borders replicated, into `out`, 0..1."""
    height, width, channels = image.shape
    x = min(max(u - np.float32(0.5), np.float32(0.0)), np.float32(width - 1.001))
    y = min(max(v - np.float32(0.5), np.float32(0.0)), np.float32(height - 1.001))
    j, i = int(x), int(y)
    fx, fy = x - np.float32(j), y - np.float32(i)
    one, scale = np.float32(1.0), np.float32(1.0 / 255.0)
    w00, w01 = (one - fx) * (one - fy) * scale, fx * (one - fy) * scale
    w10, w11 = (one - fx) * fy * scale, fx * fy * scale
    for c in range(channels):
        out[c] = w00 * image[i, j, c] + w01 * image[i, j + 1, c] + w10 * image[i + 1, j, c] + w11 * image[i + 1, j + 1, c]


@njit(cache=True, nogil=True)
def _seen(depth, u, v, point_depth, tolerance):  # noqa: ANN001, ANN202 (compiled)
    """0..1 share of a 3×3 neighbourhood of the photo's z-buffer that does not hide the point (soft shadow test)."""
    height, width = depth.shape
    hits = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            j = min(max(int(np.floor(u + 1.5 * dx)), 0), width - 1)
            i = min(max(int(np.floor(v + 1.5 * dy)), 0), height - 1)
            if point_depth < depth[i, j] + tolerance:
                hits += 1
    t = min(max((np.float32(hits) / np.float32(9.0) - np.float32(0.25)) * np.float32(2.0), np.float32(0.0)), np.float32(1.0))
    return t * t * (np.float32(3.0) - np.float32(2.0) * t)


@njit(cache=True, nogil=True)
def shade(  # noqa: ANN201 (compiled)
    image,  # noqa: ANN001 (H, W, 3) float32 0..1 out
    coverage,  # noqa: ANN001 (H, W, 3) float32 out: share of mouth inside and tongue, teeth, eyes
    seen,  # noqa: ANN001 (H, W) float32 out: visibility of the pixel's part
    part,  # noqa: ANN001 (H, W) uint8 out
    vertex,  # noqa: ANN001 (H, W) int32 out
    canonical,  # noqa: ANN001 (H, W, 3) float32 out
    depth,  # noqa: ANN001 (H, W) float32 out
    source,  # noqa: ANN001 (H, W, 2) float32 out
    samples,  # noqa: ANN001 sub-samples along a pixel's side
    with_truth,  # noqa: ANN001 False: leave vertex, canonical, depth and source alone
    window,  # noqa: ANN001 (3,) x0, y0, photo px per sub-sample
    photo,  # noqa: ANN001 (S, S, 4) uint8
    plate,  # noqa: ANN001 (S, S, 3) uint8
    photo_depth,  # noqa: ANN001 (S, S) float32
    screen,  # noqa: ANN001 (N, 2) head, eyes, tongue
    inverse,  # noqa: ANN001 (N,)
    attributes,  # noqa: ANN001 (N, 9)
    places,  # noqa: ANN001 (N, 3) canonical
    face_triangles,  # noqa: ANN001
    face_numbers,  # noqa: ANN001
    inside_triangles,  # noqa: ANN001
    inside_parts,  # noqa: ANN001
    inside_numbers,  # noqa: ANN001
    grid_screen,  # noqa: ANN001
    grid_inverse,  # noqa: ANN001
    grid_pixels,  # noqa: ANN001
    grid_places,  # noqa: ANN001
    grid_triangles,  # noqa: ANN001
    grid_numbers,  # noqa: ANN001
):
    size = photo.shape[0]
    subs = samples * samples
    one, zero, half = np.float32(1.0), np.float32(0.0), np.float32(0.5)
    texel = np.zeros(4, np.float32)
    front = np.zeros(3, np.float32)
    middle = np.zeros(3, np.float32)
    sub_part = np.zeros(subs, np.uint8)
    sub_seen = np.zeros(subs, np.float32)
    sub_vertex = np.zeros(subs, np.int32)
    sub_truth = np.zeros((subs, 6), np.float32)  # canonical xyz, depth, source uv
    votes = np.zeros(PARTS, np.int64)
    share = one / np.float32(subs)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            red, green, blue = zero, zero, zero
            votes[:] = 0
            for sub in range(subs):
                i, j = row * samples + sub // samples, column * samples + sub % samples
                x, y = j + 0.5, i + 0.5
                u0, v0 = np.float32(window[0] + x * window[2]), np.float32(window[1] + y * window[2])
                here, vis, alpha = BACKGROUND, zero, zero
                nearest = np.int32(-1)
                m, inner = inside_numbers[i, j], True
                if m < 0:
                    m, inner = face_numbers[i, j], False
                if m >= 0:
                    if inner:
                        a, b, c = inside_triangles[m, 0], inside_triangles[m, 1], inside_triangles[m, 2]
                        here = int(inside_parts[m])
                    else:
                        a, b, c = face_triangles[m, 0], face_triangles[m, 1], face_triangles[m, 2]
                        here = FACE
                    wa, wb, wc = barycentric(screen, inverse, a, b, c, x, y)
                    alpha = wa * attributes[a, ALPHA] + wb * attributes[b, ALPHA] + wc * attributes[c, ALPHA]
                    if alpha > 0.001:
                        u = wa * attributes[a, U] + wb * attributes[b, U] + wc * attributes[c, U]
                        v = wa * attributes[a, V] + wb * attributes[b, V] + wc * attributes[c, V]
                        vis = wa * attributes[a, CONFIDENCE] + wb * attributes[b, CONFIDENCE] + wc * attributes[c, CONFIDENCE]
                        if u < 0 or v < 0 or u > size or v > size:
                            vis = zero
                        if vis > 0.001:
                            d = wa * attributes[a, SOURCE_DEPTH] + wb * attributes[b, SOURCE_DEPTH] + wc * attributes[c, SOURCE_DEPTH]
                            vis *= _seen(photo_depth, u, v, d, SHADOW_TOLERANCE_CM[here])
                        lit = wa * attributes[a, SHADE] + wb * attributes[b, SHADE] + wc * attributes[c, SHADE]
                        for k in range(3):
                            front[k] = wa * attributes[a, RED + k] + wb * attributes[b, RED + k] + wc * attributes[c, RED + k]
                        if vis > 0.001:
                            _texel(photo, u, v, texel)
                            for k in range(3):
                                front[k] += vis * (texel[k] - front[k])
                        for k in range(3):
                            front[k] = min(front[k] * lit, one)
                        if with_truth and alpha >= half:
                            nearest = np.int32(a if wa >= wb and wa >= wc else (b if wb >= wc else c))
                            for k in range(3):
                                sub_truth[sub, k] = wa * places[a, k] + wb * places[b, k] + wc * places[c, k]
                            sub_truth[sub, 3] = wa / inverse[a] + wb / inverse[b] + wc / inverse[c]
                            if here == EYE:
                                sub_truth[sub, 3] -= np.float32(EYE_PUSH_CM)
                            sub_truth[sub, 4], sub_truth[sub, 5] = u, v
                if alpha < 0.999:
                    solid = zero
                    g = grid_numbers[i, j]
                    if g >= 0:
                        a, b, c = grid_triangles[g, 0], grid_triangles[g, 1], grid_triangles[g, 2]
                        wa, wb, wc = barycentric(grid_screen, grid_inverse, a, b, c, x, y)
                        u = wa * grid_pixels[a, 0] + wb * grid_pixels[b, 0] + wc * grid_pixels[c, 0]
                        v = wa * grid_pixels[a, 1] + wb * grid_pixels[b, 1] + wc * grid_pixels[c, 1]
                        _texel(photo, u, v, texel)
                        solid = texel[3]
                        for k in range(3):
                            middle[k] = texel[k]
                        if alpha < half and solid >= half:
                            here = CARRIER
                            nearest = np.int32(-1)
                            vis = one if u >= 0 and v >= 0 and u <= size and v <= size else zero
                            if with_truth:
                                for k in range(3):
                                    sub_truth[sub, k] = wa * grid_places[a, k] + wb * grid_places[b, k] + wc * grid_places[c, k]
                                sub_truth[sub, 3] = wa / grid_inverse[a] + wb / grid_inverse[b] + wc / grid_inverse[c]
                                sub_truth[sub, 4], sub_truth[sub, 5] = u, v
                    if solid < 0.999:
                        _texel(plate, u0, v0, texel)
                        for k in range(3):
                            middle[k] = texel[k] + solid * (middle[k] - texel[k])
                    for k in range(3):
                        front[k] = middle[k] + alpha * (front[k] - middle[k])
                    if alpha < half and solid < half:
                        here = BACKGROUND
                        nearest = np.int32(-1)
                        pj, pi = min(max(int(u0), 0), size - 1), min(max(int(v0), 0), size - 1)
                        vis = one if photo[pi, pj, 3] < 38 and 0 <= u0 <= size and 0 <= v0 <= size else zero
                        if with_truth:
                            sub_truth[sub, 0] = sub_truth[sub, 1] = sub_truth[sub, 2] = zero
                            sub_truth[sub, 3] = np.float32(BACKGROUND_DEPTH_CM)
                            sub_truth[sub, 4], sub_truth[sub, 5] = u0, v0
                red += front[0]
                green += front[1]
                blue += front[2]
                sub_part[sub], sub_seen[sub], sub_vertex[sub] = here, vis, nearest
                votes[here] += 1
            image[row, column, 0], image[row, column, 1], image[row, column, 2] = red * share, green * share, blue * share
            coverage[row, column, 0] = np.float32(votes[SOCKET] + votes[GUMS] + votes[TONGUE]) * share
            coverage[row, column, 1] = np.float32(votes[TEETH]) * share
            coverage[row, column, 2] = np.float32(votes[EYE]) * share
            best = 0
            for k in range(1, PARTS):
                if votes[k] >= votes[best]:
                    best = k
            part[row, column] = best
            weight = one / np.float32(votes[best])
            total = zero
            for sub in range(subs):
                if sub_part[sub] == best:
                    total += sub_seen[sub] * weight
            seen[row, column] = total
            if with_truth:
                for k in range(3):
                    canonical[row, column, k] = zero
                depth[row, column] = zero
                source[row, column, 0] = source[row, column, 1] = zero
                for sub in range(subs):
                    if sub_part[sub] == best:
                        vertex[row, column] = sub_vertex[sub]
                        for k in range(3):
                            canonical[row, column, k] += weight * sub_truth[sub, k]
                        depth[row, column] += weight * sub_truth[sub, 3]
                        source[row, column, 0] += weight * sub_truth[sub, 4]
                        source[row, column, 1] += weight * sub_truth[sub, 5]
