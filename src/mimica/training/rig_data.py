"""Rig samples: faces with exact per-pixel truth, in the crops and windows that the rigging networks see.

A pack is one ``.npz`` (no pickles) with the arrays of `RigSamples`. This module does not know who rendered them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.fitted import HELD_OUT_EVERY
from mimica.training.pack_files import stack_packs

IGNORED = 255
"""Region of a window's pixel that is neither skin nor opening (hair, background): no loss there."""


@dataclass(frozen=True, slots=True)
class RigSamples:
    """N faces. Canonical coordinates and depths in centimetres (see `networks.portrait_rigger`).

    Attributes:
        face_image: (N, 192, 192, 3) uint8 tight face crop; face_canonical: (N, 96, 96, 3) float16;
            face_depth: (N, 96, 96) float16 towards the viewer from the head's origin; face: (N, 96, 96) uint8 0/1.
        mouth_image: (N, 72, 96, 3) uint8 window; mouth_canonical: (N, 72, 96, 3) float16; mouth_region:
            (N, 72, 96) uint8, index in `REGIONS` or `IGNORED`.
        eye_image, eye_canonical, eye_region: (N, 2, 48, 72, …): left, then right mirrored (its x negated).
        wide_image: (N, 128, 128, 3) uint8 portrait crop; wide_matte: (N, 128, 128) uint8 0..255.
        expression: (N, 52) float32. identity: (N,) int32.
    """

    face_image: NDArray[np.uint8]
    face_canonical: NDArray[np.float16]
    face_depth: NDArray[np.float16]
    face: NDArray[np.uint8]
    mouth_image: NDArray[np.uint8]
    mouth_canonical: NDArray[np.float16]
    mouth_region: NDArray[np.uint8]
    eye_image: NDArray[np.uint8]
    eye_canonical: NDArray[np.float16]
    eye_region: NDArray[np.uint8]
    wide_image: NDArray[np.uint8]
    wide_matte: NDArray[np.uint8]
    expression: NDArray[np.float32]
    identity: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.identity)

    def held_out(self) -> NDArray[np.bool_]:
        """(N,) True for the identities kept for validation."""
        return self.identity % HELD_OUT_EVERY == 0


def load_rig_packs(folder: Path) -> RigSamples:
    """Every pack below `folder`, concatenated in name order.

    Raises:
        FileNotFoundError: the folder holds no pack.
        InputError: one is damaged or of another kind.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no rig packs (*.npz); make some with `mimica synthesize --kind rig`")
    return RigSamples(**stack_packs(paths, [field.name for field in fields(RigSamples)]))
