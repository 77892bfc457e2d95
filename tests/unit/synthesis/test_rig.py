"""Rigs from files: a public checkout of OBJ meshes, and the compact npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimica.errors import InputError
from mimica.synthesis.rig import Rig, read_obj

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1 4/1\n"
PARTS = {"face": (0, 4)}


def checkout(folder: Path) -> Path:
    models = folder / "FaceXModel"
    models.mkdir(parents=True)
    (models / "generic_neutral_mesh.obj").write_text(SQUARE)
    (models / "identity000.obj").write_text(SQUARE.replace("v 1 1 0", "v 1 3 0"))
    (models / "identity001.obj").write_text(SQUARE.replace("v 0 0 0", "v 0 0 4"))
    (models / "jawOpen.obj").write_text(SQUARE.replace("v 0 0 0", "v 0 -2 0"))
    (models / "browDown_L.obj").write_text(SQUARE)
    return folder


def test_a_checkout_becomes_offsets(tmp_path: Path) -> None:
    rig = Rig.from_ict_checkout(checkout(tmp_path), parts=PARTS, landmarks=())
    assert rig.names == ("browDown_L", "jawOpen")
    assert rig.identity[0, 2].tolist() == [0, 2, 0]
    assert rig.identity[1, 0].tolist() == [0, 0, 4]
    assert rig.expression[rig.index("jawOpen"), 0].tolist() == [0, -2, 0]
    assert rig.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert rig.triangles("face").shape == (2, 3)


def test_opened_mouth_is_canonical(tmp_path: Path) -> None:
    rig = Rig.from_ict_checkout(checkout(tmp_path), parts=PARTS, landmarks=())
    np.testing.assert_allclose(rig.canonical[0], [0, -1.4, 0], atol=1e-6)
    np.testing.assert_allclose(rig.shape(np.array([0, 0.5]))[0], [0, -1, 0], atol=1e-6)


def test_another_vertex_count_is_refused(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (folder / "FaceXModel" / "jawOpen.obj").write_text("v 0 0 0\n")
    with pytest.raises(InputError, match=r"jawOpen\.obj: 1 vertices, but the neutral mesh has 4"):
        Rig.from_ict_checkout(folder)


def test_no_checkout_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="checkout of ICT-FaceKit"):
        Rig.from_ict_checkout(tmp_path)


def test_npz_round_trip(tmp_path: Path) -> None:
    rig = Rig.from_ict_checkout(checkout(tmp_path), parts=PARTS, landmarks=())
    rig.save(tmp_path / "rig.npz")
    again = Rig.from_npz(tmp_path / "rig.npz", parts=PARTS, landmarks=())
    np.testing.assert_array_equal(again.neutral, rig.neutral)
    np.testing.assert_allclose(again.expression, rig.expression, atol=5e-3)
    assert again.names == rig.names
    assert len(Rig.from_npz(tmp_path / "rig.npz", identity=False).identity) == 0


def test_a_file_that_is_no_rig(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="not a rig file"):
        Rig.from_npz(tmp_path / "x.npz")


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    rig = Rig.from_ict_checkout(checkout(tmp_path), parts=PARTS, landmarks=())
    with pytest.raises(InputError, match="'tail'"):
        rig.index("tail")
    with pytest.raises(InputError, match="'tail'"):
        rig.part("tail")


def test_obj_indices_may_count_backwards(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nf -3 -2 -1\n")
    assert read_obj(tmp_path / "a.obj")[1].tolist() == [[0, 1, 2]]
