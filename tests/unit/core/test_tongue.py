"""The tongue: it comes out, aside and up, and rides on the jaw."""

from __future__ import annotations

import numpy as np

from mimica.core.camera import rotation_from_angles
from mimica.core.tongue import TONGUE_TRIANGLES, TONGUE_VERTICES, follow_jaw, tongue_mesh


def test_the_mesh_is_closed_along_its_rings() -> None:
    assert tongue_mesh().shape == (TONGUE_VERTICES, 3)
    assert TONGUE_TRIANGLES.min() == 0
    assert TONGUE_TRIANGLES.max() == TONGUE_VERTICES - 1


def test_it_comes_out_aside_and_up() -> None:
    rest, out = tongue_mesh(), tongue_mesh(out=1.0)
    assert out[:, 2].max() > rest[:, 2].max() + 4
    tip = out[:, 2].argmax()
    assert tongue_mesh(out=1.0, side=0.5)[tip, 0] > out[tip, 0] + 0.4
    assert tongue_mesh(out=1.0, up=0.5)[tip, 1] > out[tip, 1] + 0.4


def test_it_is_carried_as_a_rigid_body() -> None:
    rng = np.random.default_rng(0)
    teeth, tongue = rng.normal(size=(30, 3)), tongue_mesh(out=0.5)
    turn, shift = rotation_from_angles(0, 20, 0), np.array([0.0, -2.0, 0.5])
    carried = follow_jaw(tongue, teeth, teeth @ turn.T + shift)
    assert np.allclose(carried, tongue @ turn.T + shift, atol=1e-4)
