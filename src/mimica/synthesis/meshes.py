"""The two meshes the rig lacks: an eye with rings about its gaze axis, and a tongue that can come out.

ICT's eyeballs are oversized and their tongue is welded to the gums, so neither can be textured or moved alone. This
module does not know where eyes and tongue sit in a head.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

_RADIANS = np.concatenate([np.linspace(0, 34, 18), np.linspace(37, 100, 22)]) * np.pi / 180
EYE_RING_ANGLES: NDArray[np.float64] = _RADIANS
"""Angle from the gaze axis of each ring of the eye mesh, rad; fine over iris and pupil."""

EYE_SPOKES = 48
EYE_PUSH_CM = 0.6
"""How much deeper than it is an eye is drawn, so that it never pokes through its lids."""
TONGUE_SPOKES, TONGUE_RINGS = 20, 24


def smoothstep(value: NDArray[np.floating] | float, low: float, high: float) -> NDArray[np.float64]:
    """3t² − 2t³ of the place of `value` between `low` and `high`, clamped."""
    t = np.clip((np.asarray(value) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _tube(rings: int, spokes: int) -> NDArray[np.int32]:
    """Triangles between successive closed rings of vertices."""
    ring, spoke = np.meshgrid(np.arange(rings - 1), np.arange(spokes), indexing="ij")
    a, b = ring * spokes + spoke, ring * spokes + (spoke + 1) % spokes
    first, second = np.stack([a, a + spokes, b], -1), np.stack([b, a + spokes, b + spokes], -1)
    return np.stack([first, second], 2).reshape(-1, 3).astype(np.int32)


def _eye_directions() -> FloatArray:
    turn = np.arange(EYE_SPOKES) * 2 * np.pi / EYE_SPOKES
    sine, cosine = np.sin(_RADIANS)[:, None], np.cos(_RADIANS)[:, None]
    return np.stack([sine * np.cos(turn), sine * np.sin(turn), cosine + 0 * turn], -1).reshape(-1, 3).astype(np.float32)


EYE_DIRECTIONS: FloatArray = _eye_directions()
"""(E, 3) unit vectors from the eye's centre, gaze along +z; times the radius they are the mesh."""
EYE_ANGLES: NDArray[np.float64] = np.repeat(_RADIANS, EYE_SPOKES)
EYE_TRIANGLES: NDArray[np.int32] = _tube(len(_RADIANS), EYE_SPOKES)
TONGUE_TRIANGLES: NDArray[np.int32] = _tube(TONGUE_RINGS, TONGUE_SPOKES)
TONGUE_VERTICES = TONGUE_RINGS * TONGUE_SPOKES

_AROUND = np.linspace(0, 2 * np.pi, TONGUE_SPOKES, endpoint=False)
_ALONG = np.sin(np.linspace(0, 1, TONGUE_RINGS) * np.pi / 2)


def tongue_mesh(out: float = 0.0, side: float = 0.0, up: float = 0.0) -> FloatArray:
    """(T, 3) cm in the neutral head: a tapering tube from the throat to the tip.

    `out` 0 rests behind the teeth, 1 shows; `side` moves the tip to the image's right and `up` upwards, in cm.
    """
    tip_z = 9.3 + 4.3 * out
    z = 3.5 + (tip_z - 3.5) * _ALONG
    profile = np.sqrt(np.clip(1 - np.clip((_ALONG - 0.74) / 0.262, 0, 1) ** 2, 0, 1))
    half_width = (2.05 - 0.5 * out * smoothstep(_ALONG, 0.4, 0.9)) * profile
    half_height = (0.50 - 0.16 * _ALONG) * np.maximum(profile, 0.02)
    rest = -4.05 + 0.35 * np.sin(np.pi * np.clip(_ALONG * 1.15, 0, 1))
    shown = -4.05 + 1.2 * smoothstep(z, 6.0, 9.8) - 1.0 * np.clip((z - 11.3) / 2.2, 0, 2) ** 1.6
    blend = min(1.0, 2 * out)
    centre_y = rest * (1 - blend) + shown * blend + up * np.clip((_ALONG - 0.4) / 0.6, 0, 1) ** 2
    centre_x = side * np.clip((_ALONG - 0.3) / 0.7, 0, 1) ** 1.5
    x = half_width[:, None] * np.cos(_AROUND)
    groove = 0.16 * np.exp(-((x / 0.35) ** 2)) * (np.sin(_AROUND) > 0) * profile[:, None]
    y = centre_y[:, None] + half_height[:, None] * np.sin(_AROUND) - groove
    return np.stack([centre_x[:, None] + x, y, z[:, None] + 0 * _AROUND], -1).reshape(-1, 3).astype(np.float32)


TONGUE_TOP_LIGHT: NDArray[np.float64] = np.tile(0.72 + 0.28 * np.sin(_AROUND), TONGUE_RINGS)
"""(T,) how much light from above reaches each tongue vertex."""


def tongue_normals(points: FloatArray, normals: FloatArray) -> FloatArray:
    """Outward unit normals (T, 3): signs agreed with the tube's axis, the closed tip borrowed from the ring before."""
    axis = np.repeat(points.reshape(TONGUE_RINGS, TONGUE_SPOKES, 3).mean(1), TONGUE_SPOKES, 0)
    outward = normals * np.sign((normals * (points - axis)).sum(1).mean() + 1e-9)
    last = outward[-3 * TONGUE_SPOKES : -2 * TONGUE_SPOKES]
    outward[-2 * TONGUE_SPOKES :] = np.tile(last, (2, 1))
    return outward
