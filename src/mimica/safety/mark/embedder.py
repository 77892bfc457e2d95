"""Write the mark: `Marker`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Marker:
    """Writes one id into pictures, invisibly; stateless between frames, so any frame alone can be marked and read.

    mark_id: 0..65535. Raises UsageError when it is outside. Same frame and id in, same pixels out.
    """

    def __init__(self, mark_id: int) -> None:
        self.mark_id = mark_id

    def mark(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """frame: (H, W, 3) uint8 RGB, 64 px or more a side. Returns a marked copy of the same shape.

        Raises UsageError when the array is of another shape, type or size.
        """
        raise NotImplementedError
