"""Previews: small pictures of an animation while it is made, for whoever waits; each gated, labelled and marked.

They leave only through the release, which has the job on record and its id in their mark. They carry no manifest. This
module does not know who looks at them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.media.image import shrunk
from mimica.safety.gate import Gate
from mimica.safety.label import labelled
from mimica.safety.mark import Marker

PREVIEW_SIDE: Final = 384
"""Pixels of a preview's longer side; the mark is still read from it after JPEG at `PREVIEW_QUALITY`."""
PREVIEW_QUALITY: Final = 82
SECONDS_BETWEEN: Final = 1.0

PreviewCallback = Callable[[bytes], None]
"""Is given a JPEG file."""


class Previews:
    """Shows a frame to `tell` once in a while: the first one, then at most one a second of wall clock."""

    def __init__(
        self, tell: PreviewCallback, gate: Gate, mark_id: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._gate, self._clock = tell, gate, clock
        self._marker = Marker(mark_id)
        self._next = 0.0

    def offer(self, image: NDArray[np.uint8]) -> None:
        """Look at a frame, (H, W, 3) uint8 RGB. Raises GateError when it may not leave, and what `tell` raises."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + SECONDS_BETWEEN
        small = shrunk(image, PREVIEW_SIDE)
        self._gate.check_frames([small])
        finished = self._marker.mark(labelled(small))
        done, jpeg = cv2.imencode(
            ".jpg", cv2.cvtColor(finished, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY]
        )
        if done:
            self._tell(jpeg.tobytes())
