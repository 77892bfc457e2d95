"""What lies behind the lips of every head: socket, gums and teeth as one small mesh. Values only.

The shipped mesh is cut from ICT-FaceKit Light (MIT) by `python -m mimica.synthesis.mouth_interior`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

JAW_NAMES = ("jawOpen", "jawLeft", "jawRight", "jawForward")
"""The expression directions that carry the lower teeth."""
SOCKET, GUMS, UPPER_TEETH, LOWER_TEETH = range(4)
LIPS_MEET_CM = -3.345
"""Height at which the lips of the neutral head meet in their middle: landmarks 61..63 and 65..67."""


@dataclass(frozen=True, slots=True, eq=False)
class Interior:
    """N vertices in the neutral head's frame, cm.

    Attributes:
        points: (N, 3). jaw: (4, N, 3) their displacement by each direction of `JAW_NAMES` at full strength.
        triangles: (M, 3) int32. albedo: (N, 3) 0..1 RGB, darker towards the throat. part: (N,) SOCKET..LOWER_TEETH.
        lips: (12, 3) the neutral lips' outline (landmarks 48..59), by which the mesh is hung into a face.
    """

    points: FloatArray
    jaw: FloatArray
    triangles: NDArray[np.int32]
    albedo: FloatArray
    part: NDArray[np.uint8]
    lips: FloatArray

    def save(self, path: Path) -> None:
        """Write an npz; half precision is a tenth of a millimetre here."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        halves = {
            name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in arrays.items()
        }
        np.savez_compressed(path, allow_pickle=False, **halves)

    @classmethod
    def load(cls, path: Path) -> Interior:
        """Read what `save` wrote. Raises OSError, KeyError or ValueError when it is not that."""
        with np.load(path, allow_pickle=False) as pack:
            arrays = {field.name: pack[field.name] for field in fields(cls)}
        return cls(**{
            name: value.astype(np.float32) if value.dtype == np.float16 else value for name, value in arrays.items()
        })  # fmt: skip
