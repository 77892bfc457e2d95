"""Preview release: pictures for a person's eyes while sliders move, one job on record for all of them.

Each is labelled and marked with that job's id; the gate looks at the first and then at one a second. They carry no
manifest: a picture that is to be kept goes through ``release.release_image``. This module does not know edits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.safety.job import ReleaseJob, ReleaseTerms
from mimica.safety.label import labelled
from mimica.safety.mark import Marker

PreviewFormat = Literal["jpg", "webp"]

QUALITY: Final = 88
SECONDS_BETWEEN_CHECKS: Final = 1.0


class PreviewRelease:
    """Releases previews of one portrait; use it in a ``with`` block, or `close` it."""

    def __init__(self, terms: ReleaseTerms, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises LedgerError when the job cannot be put on record."""
        self._gate, self._clock = terms.gate, clock
        self._job = ReleaseJob(terms, "previews")
        self._marker = Marker(self._job.mark_id)
        self._next_check = -float("inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    def encoded(self, image: NDArray[np.uint8], form: PreviewFormat = "jpg") -> bytes:
        """`image` (H, W, 3) uint8 RGB as a labelled and marked picture file. Raises GateError when it may not leave."""
        now = self._clock()
        if now >= self._next_check:
            self._gate.check_frames([image], "the preview")
            self._next_check = now + SECONDS_BETWEEN_CHECKS
        finished = self._marker.mark(labelled(image))
        flag = cv2.IMWRITE_JPEG_QUALITY if form == "jpg" else cv2.IMWRITE_WEBP_QUALITY
        _, data = cv2.imencode(f".{form}", cv2.cvtColor(finished, cv2.COLOR_RGB2BGR), [flag, QUALITY])
        return data.tobytes()

    def close(self, error: BaseException | None = None) -> None:
        """Put on record that the previews are over, or failed."""
        if error is None:
            self._job.hand_over()
        else:
            self._job.fail(error)
