"""Stream: pictures that leave one by one for as long as somebody looks: previews of an edit, frames of a live camera.

All of a stream are one job in the ledger, with one id in their marks: a row when it begins, one when it ends. Every
picture has the label and the mark; the gate looks at the first and then every two seconds, as in a clip. Pictures of a
stream have no manifest, for there is no file: what is kept is written by ``release``. This module does not know how
pictures are made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mimica import __version__
from mimica.media.image_writer import picture_bytes
from mimica.safety.gate import SECONDS_BETWEEN_CHECKS
from mimica.safety.job import ReleaseJob, ReleaseTerms
from mimica.safety.label import labelled
from mimica.safety.mark import Marker
from mimica.safety.tags import image_tags

Image = NDArray[np.uint8]
StreamKind = Literal["previews", "live"]
JPEG_QUALITY: Final = 90


class StreamRelease:
    """Gate, label and mark for one picture after the other; use it in a ``with`` block, or call `close` at the end.

    terms: see `ReleaseTerms`. kind: what the ledger calls it. clock: seconds that never go back.

    Raises LedgerError when the row "started" cannot be written.
    """

    def __init__(
        self, terms: ReleaseTerms, kind: StreamKind = "previews", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._terms, self._clock = terms, clock
        self._checked_s: float | None = None
        self._open = True
        self._newest: Image | None = None
        self.job = ReleaseJob(terms, kind)
        self._marker = Marker(self.job.mark_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    def close(self, error: BaseException | None = None) -> None:
        """Put the end on record, as failed when an `error` ended it. Nothing can be released after; safe twice."""
        if not self._open:
            return
        self._open = False
        if error is None:
            self.job.hand_over()
        else:
            self.job.fail(error)

    def picture(self, image: Image) -> Image:
        """`image` (H, W, 3) uint8 RGB as it may be shown.

        Raises GateError when it may not, ValueError after `close`.
        """
        if not self._open:
            raise ValueError("the stream is closed; begin another")
        now = self._clock()
        if self._checked_s is None or now - self._checked_s >= SECONDS_BETWEEN_CHECKS:
            self._terms.gate.check_photo(image, "the picture")
            self._checked_s = now
        self._newest = self._marker.mark(labelled(image))
        return self._newest

    def encoded(self, picture: Image) -> bytes:
        """The newest `picture` as the bytes of a JPEG file, tagged as AI-generated.

        Raises ValueError for other pixels than those: nothing else of this stream may leave.
        """
        if picture is not self._newest:
            raise ValueError("only the newest released picture of a stream can be encoded; give what `picture` gave")
        tags = image_tags(self._terms.consent, __version__, self.job.started.job)
        return picture_bytes(picture, ".jpg", tags, JPEG_QUALITY)

    def jpeg(self, image: Image) -> bytes:
        """`picture` and `encoded` in a row."""
        return self.encoded(self.picture(image))
