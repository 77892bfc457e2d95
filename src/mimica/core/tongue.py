"""The tongue: a small mesh that can come out, the same for the data engine and for a portrait. Pure geometry.

It lives in the neutral head's frame (cm; x to image right, y up, z towards the viewer) and rides on the lower jaw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep

FloatArray = NDArray[np.float32]

SPOKES, RINGS = 20, 24


def tube_triangles(rings: int, spokes: int) -> NDArray[np.int32]:
    """Triangles between successive closed rings of vertices."""
    ring, spoke = np.meshgrid(np.arange(rings - 1), np.arange(spokes), indexing="ij")
    a, b = ring * spokes + spoke, ring * spokes + (spoke + 1) % spokes
    first, second = np.stack([a, a + spokes, b], -1), np.stack([b, a + spokes, b + spokes], -1)
    return np.stack([first, second], 2).reshape(-1, 3).astype(np.int32)


TONGUE_TRIANGLES: NDArray[np.int32] = tube_triangles(RINGS, SPOKES)
TONGUE_VERTICES = RINGS * SPOKES

_AROUND = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
_ALONG = np.sin(np.linspace(0, 1, RINGS) * np.pi / 2)

TONGUE_TOP_LIGHT: NDArray[np.float64] = np.tile(0.72 + 0.28 * np.sin(_AROUND), RINGS)
"""(T,) how much light from above reaches each tongue vertex."""


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


def tongue_normals(points: FloatArray, normals: FloatArray) -> FloatArray:
    """Outward unit normals (T, 3): signs agreed with the tube's axis, the closed tip borrowed from the ring before."""
    axis = np.repeat(points.reshape(RINGS, SPOKES, 3).mean(1), SPOKES, 0)
    outward = normals * np.sign((normals * (points - axis)).sum(1).mean() + 1e-9)
    last = outward[-3 * SPOKES : -2 * SPOKES]
    outward[-2 * SPOKES :] = np.tile(last, (2, 1))
    return outward


def follow_jaw(tongue: FloatArray, rest: NDArray[np.floating], moved: NDArray[np.floating]) -> FloatArray:
    """(T, 3) the tongue carried as a rigid body (Kabsch) as the lower teeth went from `rest` to `moved` (N, 3)."""
    origin, arrived = rest.mean(0), moved.mean(0)
    u, _, vt = np.linalg.svd(((rest - origin).T @ (moved - arrived)).astype(np.float64))
    rotation = (u @ vt).T
    rotation = rotation if np.linalg.det(rotation) > 0 else np.eye(3)
    return ((tongue - origin) @ rotation.T + arrived).astype(np.float32)
