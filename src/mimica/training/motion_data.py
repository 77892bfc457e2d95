"""Motion samples: tight face crops with everything a MotionEncoder must read from them.

A pack is one ``.npz`` (no pickles) with the arrays of `MotionSamples`. This module does not know who rendered them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.fitted import HELD_OUT_EVERY
from mimica.training.pack_files import stack_packs


@dataclass(frozen=True, slots=True)
class MotionSamples:
    """N labelled face crops.

    Attributes:
        image: (N, S, S, 3) uint8 RGB tight face crops.
        expression: (N, 52) float32, order of `core.motion.EXPRESSION_NAMES`.
        rotation: (N, 3, 3) float32 head → camera (x right, y up, towards the viewer +z).
        placement: (N, 3) float32: head origin x, y in crop units, log of crop widths per centimetre.
        gaze_deg: (N, 4) float32: yaw, pitch of the left eye, then of the right, in the head's frame.
        landmarks: (N, 70, 2) float32 in crop units.
        identity: (N,) int32 number of the portrait (`synthesis.fitted.portrait_number`).
        trust: (N,) float32: 1 for rendered truth; less for fitted labels of untouched photographs.
    """

    image: NDArray[np.uint8]
    expression: NDArray[np.float32]
    rotation: NDArray[np.float32]
    placement: NDArray[np.float32]
    gaze_deg: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    identity: NDArray[np.int32]
    trust: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.image)

    def rows(self, selection: NDArray[np.bool_] | NDArray[np.intp]) -> MotionSamples:
        """The selected samples."""
        return MotionSamples(*(getattr(self, field.name)[selection] for field in fields(self)))

    def held_out(self) -> NDArray[np.bool_]:
        """(N,) True for the identities kept for validation."""
        return self.identity % HELD_OUT_EVERY == 0


def load_packs(folder: Path) -> MotionSamples:
    """Every pack below `folder`, concatenated in name order.

    Raises:
        FileNotFoundError: the folder holds no pack.
        InputError: one is damaged or of another kind.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no motion packs (*.npz); make some with `mimica synthesize --kind motion`")
    return MotionSamples(**stack_packs(paths, [field.name for field in fields(MotionSamples)]))
