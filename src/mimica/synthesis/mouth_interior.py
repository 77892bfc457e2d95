"""The rig's teeth, gums and socket as the small mesh that every portrait is given at run time.

    python -m mimica.synthesis.mouth_interior RIG -o mouth_interior.npz

RIG is a rig npz or a checkout of ICT-FaceKit (MIT). This module does not know how the mesh is drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep
from mimica.core.mouth_interior import JAW_NAMES, Interior
from mimica.synthesis.rig import ICT_LANDMARKS, Rig

SOCKET_COLOUR, GUMS_COLOUR, TEETH_COLOUR = (0.22, 0.075, 0.07), (0.55, 0.25, 0.24), (0.98, 0.92, 0.82)


FACING_AWAY = -0.35
"""Triangles whose normal points further backwards are never seen between lips."""


def _forward(points: NDArray[np.floating], triangles: NDArray[np.int32]) -> NDArray[np.floating]:
    """(M,) the part of each triangle's unit normal that points to the viewer."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    return normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9)


def take_interior(rig: Rig) -> Interior:
    """Cut the inside of the mouth out of a rig; colours darken towards the throat as in the data engine."""
    start, stop = rig.parts["mouth_socket"][0], rig.parts["lower_teeth"][1]
    eyes = slice(rig.parts["eye_sockets"][0], rig.parts["eye_sockets"][1])
    kept = np.ones(stop, bool)
    kept[:start] = kept[eyes] = False
    names = ("mouth_socket", "gums", "upper_teeth", "lower_teeth")
    triangles = np.concatenate([rig.triangles(name) for name in names])
    triangles = triangles[kept[triangles].all(1)]
    points = rig.neutral[:stop]
    triangles = triangles[_forward(points, triangles) > FACING_AWAY]
    used = np.zeros(stop, bool)
    used[triangles] = True
    kept &= used | (np.arange(stop) >= rig.parts["lower_teeth"][0])  # the tongue rides on the whole lower row
    number = np.cumsum(kept) - 1
    albedo = np.zeros((stop, 3))
    albedo[rig.part("mouth_socket")], albedo[rig.part("gums")] = SOCKET_COLOUR, GUMS_COLOUR
    teeth = slice(rig.parts["upper_teeth"][0], stop)
    albedo[teeth] = TEETH_COLOUR
    albedo *= (np.clip((points[:, 2] - 4.5) / 5.5, 0.08, 1) ** 1.6)[:, None]
    albedo[teeth] *= (0.35 + 0.65 * smoothstep(points[teeth, 2], 7.2, 9.8))[:, None]
    part = np.zeros(stop, np.uint8)
    part[rig.part("gums")], part[teeth] = 1, 2
    part[rig.part("lower_teeth")] = 3
    lips = rig.neutral[list(ICT_LANDMARKS[48:60])]
    jaw = np.stack([rig.expression[rig.index(name)][:stop][kept] for name in JAW_NAMES])
    return Interior(
        points[kept].astype(np.float32), jaw.astype(np.float32), number[triangles].astype(np.int32),
        albedo[kept].astype(np.float32), part[kept], lips.astype(np.float32),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rig", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    rig = Rig.from_ict_checkout(options.rig) if options.rig.is_dir() else Rig.from_npz(options.rig, identity=False)
    take_interior(rig).save(options.out)


if __name__ == "__main__":
    main()
