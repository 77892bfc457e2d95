"""Read the mark: `read_mark`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mimica.safety.mark.reading import MarkReading


def read_mark(frames: Iterable[NDArray[np.uint8]]) -> MarkReading:
    """Look for a mark in the frames of one clip (some tens of sampled frames are plenty), or in one picture.

    frames: each (H, W, 3) uint8 RGB; all of one clip, so that one geometry holds; frames of another size than the
    first are skipped. Never raises on odd pictures: no frames, tiny, grey, black ones read as not found.
    """
    raise NotImplementedError
