"""Matching MediaPipe's mesh to a rig, and reading that mesh from its file."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import Delaunay

from mimica.errors import InputError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.correspondence import FACE_OVAL, LIP_INNER, Correspondence, read_canonical_mesh


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, kind: int, data: bytes) -> bytes:
    return varint(number << 3 | kind) + (varint(len(data)) if kind == 2 else b"") + data


def task_file(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> Path:
    buffer = np.c_[vertices, np.zeros((len(vertices), 2))].astype("<f4").tobytes()
    indices = b"".join(varint(int(index)) for index in triangles.ravel())
    mesh = field(1, 0, varint(0)) + field(3, 2, buffer) + field(4, 2, indices)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "geometry_pipeline_metadata_landmarks.binarypb",
            field(1, 0, varint(300)) + field(2, 2, mesh) + field(5, 5, struct.pack("<f", 1)),
        )
    return path


def test_the_canonical_mesh_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vertices, triangles = rng.normal(size=(468, 3)).astype(np.float32), rng.integers(0, 468, (898, 3))
    read_vertices, read_triangles = read_canonical_mesh(task_file(tmp_path / "x.task", vertices, triangles))
    np.testing.assert_array_equal(read_vertices, vertices)
    np.testing.assert_array_equal(read_triangles, triangles)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.task").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"face_landmarker\.task"):
        read_canonical_mesh(tmp_path / "x.task")


def test_the_same_head_in_another_size_is_matched(atlas: HeadAtlas) -> None:
    """A canonical mesh made of the rig's own vertices, scaled, comes back to those vertices or their neighbours."""
    rig, expected = atlas.rig, atlas.correspondence.vertex
    canonical = (rig.neutral[expected] * 0.8 + [0, 1, -2]).astype(np.float32)
    triangles = Delaunay(canonical[:, :2]).simplices.astype(np.int32)
    found = Correspondence.compute(rig, canonical, triangles)
    off = np.linalg.norm(rig.neutral[found.vertex] - rig.neutral[expected], axis=1)
    assert np.percentile(off, 90) < 0.6
    assert set(np.unique(found.weight[list(FACE_OVAL)])) == {0.25}
    assert (found.weight[list(LIP_INNER)] == 2).all()


def test_round_trip(atlas: HeadAtlas, tmp_path: Path) -> None:
    atlas.correspondence.save(tmp_path / "map.npz")
    again = Correspondence.load(tmp_path / "map.npz")
    np.testing.assert_array_equal(again.vertex, atlas.correspondence.vertex)
    with pytest.raises(InputError, match="not a correspondence file"):
        Correspondence.load(tmp_path / "missing.npz")
