"""Which rig vertex each of MediaPipe's 468 face landmarks means.

Lids and lips are matched along mesh paths through the rig's 68 landmarks at equal arc length; the rest by a thin-plate
warp of MediaPipe's canonical mesh (inside the `.task` file) and the nearest vertex whose normal agrees. Computed once
per rig. This module does not detect landmarks.
"""

from __future__ import annotations

import heapq
import struct
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from math import dist
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from mimica.errors import InputError
from mimica.synthesis.rasterise import vertex_normals
from mimica.synthesis.rig import FloatArray, IntArray, Rig

LANDMARKS = 468

# MediaPipe's index for each of the 68 iBUG landmarks.
MEDIAPIPE_68: tuple[int, ...] = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip
RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
LIP_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIP_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
UPPER_INNER_LIP = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_INNER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)
UPPER_LID = {"R": (246, 161, 160, 159, 158, 157, 173), "L": (466, 388, 387, 386, 385, 384, 398)}
LOWER_LID = {"R": (7, 163, 144, 145, 153, 154, 155), "L": (249, 390, 373, 374, 380, 381, 382)}
RIGHT_IRIS, LEFT_IRIS = (468, (469, 470, 471, 472)), (473, (474, 475, 476, 477))


@dataclass(frozen=True)
class Correspondence:
    """`vertex` (468,) rig vertex of each landmark; `weight` (468,) trust in the fit (lids, lips 2; face oval .25)."""

    vertex: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def load(cls, path: Path | str) -> Correspondence:
        """Read the npz that `save` wrote. Raises InputError when it is not one."""
        try:
            with np.load(path, allow_pickle=False) as data:
                return cls(data["vertex"].astype(np.int64), data["weight"].astype(np.float64))
        except (OSError, KeyError, ValueError) as error:
            raise InputError(
                f"{path}: not a correspondence file ({error}); compute one from the rig and the .task file"
            ) from error

    def save(self, path: Path | str) -> None:
        np.savez_compressed(path, vertex=self.vertex, weight=self.weight)

    @classmethod
    def compute(cls, rig: Rig, canonical: FloatArray, triangles: IntArray) -> Correspondence:
        """Match MediaPipe's canonical mesh, (468, 3) with triangles (M, 3), to the rig."""
        face = rig.triangles("face")
        paths = _MeshPaths(rig.neutral.astype(np.float64), face)
        rings = _match_rings(rig, canonical.astype(np.float64), paths)
        anchors = {MEDIAPIPE_68[k]: rig.landmarks[k] for k in range(17, 36)} | rings
        anchors |= {MEDIAPIPE_68[k]: rig.landmarks[k] for k in (0, 1, 8, 15, 16)}
        ours, theirs = np.array(list(anchors.values())), np.array(list(anchors))
        neutral = rig.neutral.astype(np.float64)
        warp = RBFInterpolator(canonical[theirs], neutral[ours], kernel="thin_plate_spline", smoothing=2e-2)
        warped = warp(canonical)
        vertex, distance = _nearest_agreeing(rig, face, warped, canonical, triangles)
        for landmark, index in rings.items():
            vertex[landmark], distance[landmark] = index, 0
        for k in range(17, 36):
            vertex[MEDIAPIPE_68[k]] = rig.landmarks[k]
        weight = np.ones(LANDMARKS)
        weight[distance > 0.6] = 0.3
        weight[list(FACE_OVAL)] = 0.25
        weight[list(rings)] = 2.0
        return cls(vertex, weight)


class _MeshPaths:
    """Shortest paths along mesh edges."""

    def __init__(self, vertices: NDArray[np.float64], triangles: IntArray) -> None:
        self.vertices = vertices
        self._places = vertices.tolist()
        self.neighbours: dict[int, set[int]] = {}
        for a, b, c in triangles.tolist():
            for x, y in ((a, b), (b, c), (c, a)):
                self.neighbours.setdefault(x, set()).add(y)
                self.neighbours.setdefault(y, set()).add(x)

    def between(self, start: int, stop: int) -> list[int]:
        """Dijkstra's shortest path, both ends included."""
        best, before, heap = {start: 0.0}, {}, [(0.0, start)]
        while heap:
            length, here = heapq.heappop(heap)
            if here == stop:
                break
            if length > best[here]:
                continue
            for there in self.neighbours[here]:
                total = length + dist(self._places[here], self._places[there])
                if total < best.get(there, np.inf):
                    best[there], before[there] = total, here
                    heapq.heappush(heap, (total, there))
        path = [stop]
        while path[-1] != start:
            path.append(before[path[-1]])
        return path[::-1]

    def through(self, stations: list[int]) -> list[int]:
        path = stations[:1]
        for start, stop in pairwise(stations):
            path += self.between(start, stop)[1:]
        return path


def _arc_length(points: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return length / length[-1]


def _match_segment(
    paths: _MeshPaths, canonical: NDArray[np.float64], ours: list[int], theirs: list[int]
) -> dict[int, int]:
    along, sought = _arc_length(paths.vertices[ours]), _arc_length(canonical[theirs])
    return {landmark: ours[int(np.argmin(abs(along - place)))] for landmark, place in zip(theirs, sought, strict=True)}


def _match_rings(rig: Rig, canonical: NDArray[np.float64], paths: _MeshPaths) -> dict[int, int]:
    marks = rig.landmarks
    matched: dict[int, int] = {}
    eyes = ((RIGHT_EYE, 36, 39, (37, 38), (40, 41)), (LEFT_EYE, 45, 42, (44, 43), (47, 46)))
    for ring, outer, inner, upper, lower in eyes:
        over = paths.through([marks[outer], *(marks[k] for k in upper), marks[inner]])
        under = paths.through([marks[inner], *(marks[k] for k in lower), marks[outer]])
        matched |= _match_segment(paths, canonical, over, list(ring[:9]))
        matched |= _match_segment(paths, canonical, under, [*ring[8:], ring[0]])
    lips = (
        (LIP_OUTER, list(range(48, 60)), (0, 2, 4, 5, 6, 8, 10, 12, 14, 15, 16, 18)),
        (LIP_INNER, [60, 62, 64, 66], (0, 5, 10, 15)),
    )
    for ring, anchors, places in lips:
        for k in range(len(anchors)):
            start, stop = places[k], places[(k + 1) % len(anchors)]
            segment = [ring[(start + i) % len(ring)] for i in range((stop - start) % len(ring) + 1)]
            path = paths.between(marks[anchors[k]], marks[anchors[(k + 1) % len(anchors)]])
            matched |= _match_segment(paths, canonical, path, segment)
    return matched


def _nearest_agreeing(
    rig: Rig, face: IntArray, warped: NDArray[np.float64], canonical: FloatArray, triangles: IntArray
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    count = rig.parts["face"][1]
    ours = vertex_normals(rig.neutral, face)[:count]
    theirs = vertex_normals(canonical.astype(np.float32), triangles)
    if theirs[4, 2] < 0:  # landmark 4 is the tip of the nose
        theirs = -theirs
    outer = np.arange(count)[ours[:, 2] > -0.3]  # not the backs of lips and lids
    distances, near = cKDTree(rig.neutral[outer]).query(warped, k=min(12, len(outer)))
    cost = distances + 0.5 * (1 - (ours[outer[near]] * theirs[:, None]).sum(-1))
    best = cost.argmin(1)
    rows = np.arange(len(warped))
    return outer[near[rows, best]], distances[rows, best]


def read_canonical_mesh(task: Path | str) -> tuple[FloatArray, IntArray]:
    """MediaPipe's canonical face mesh, (468, 3) cm and triangles, from `face_landmarker.task`.

    The file is a zip holding a protobuf `GeometryPipelineMetadata`; the two packed buffers of its `Mesh3d` are read by
    field number. Raises InputError when they are not there.
    """
    name = "geometry_pipeline_metadata_landmarks.binarypb"
    try:
        with zipfile.ZipFile(task) as archive:
            data = archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{task}: no {name} inside ({error}); give MediaPipe's face_landmarker.task") from error
    mesh = next(
        (value for value in _submessages(data) if isinstance(value, bytes) and len(value) > LANDMARKS * 5 * 4), None
    )
    if mesh is None:
        raise InputError(f"{task}: {name} holds no canonical mesh; give MediaPipe's face_landmarker.task")
    floats: list[float] = []
    indices: list[int] = []
    for number, value in _fields(mesh):
        if number == 3:
            floats += struct.unpack(f"<{len(value) // 4}f", value) if isinstance(value, bytes) else []
        elif number == 4:
            indices += _varints(value) if isinstance(value, bytes) else [value]
    vertices = np.array(floats, np.float32).reshape(-1, 5)[:, :3]
    return vertices, np.array(indices, np.int32).reshape(-1, 3)


def _submessages(data: bytes) -> list[bytes | int]:
    return [value for _, value in _fields(data)]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _varints(data: bytes) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _fields(data: bytes) -> list[tuple[int, bytes | int]]:
    """(field number, value) of a protobuf message: bytes for length-delimited and fixed fields, int for varints."""
    out: list[tuple[int, bytes | int]] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            out.append((key >> 3, value))
            continue
        if kind == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}[kind]
        out.append((key >> 3, data[at : at + size]))
        at += size
    return out
