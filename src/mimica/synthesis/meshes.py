"""The mesh that the rig lacks: an eye with rings about its gaze axis (the tongue that can come out is `core.tongue`).

ICT's eyeballs are oversized, so they cannot be textured. This module does not know where eyes sit in a head.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.core.tongue import tube_triangles

FloatArray = NDArray[np.float32]

_RADIANS = np.concatenate([np.linspace(0, 34, 18), np.linspace(37, 100, 22)]) * np.pi / 180
EYE_RING_ANGLES: NDArray[np.float64] = _RADIANS
"""Angle from the gaze axis of each ring of the eye mesh, rad; fine over iris and pupil."""

EYE_SPOKES = 48
EYE_PUSH_CM = 0.6
"""How much deeper than it is an eye is drawn, so that it never pokes through its lids."""


def _eye_directions() -> FloatArray:
    turn = np.arange(EYE_SPOKES) * 2 * np.pi / EYE_SPOKES
    sine, cosine = np.sin(_RADIANS)[:, None], np.cos(_RADIANS)[:, None]
    return np.stack([sine * np.cos(turn), sine * np.sin(turn), cosine + 0 * turn], -1).reshape(-1, 3).astype(np.float32)


EYE_DIRECTIONS: FloatArray = _eye_directions()
"""(E, 3) unit vectors from the eye's centre, gaze along +z; times the radius they are the mesh."""
EYE_ANGLES: NDArray[np.float64] = np.repeat(_RADIANS, EYE_SPOKES)
EYE_TRIANGLES: NDArray[np.int32] = tube_triangles(len(_RADIANS), EYE_SPOKES)
