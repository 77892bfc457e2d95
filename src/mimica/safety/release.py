"""Release: the only way from pixels to a finished video or picture, or to frames for a program.

Every frame passes the gate (sampled), the label and the invisible mark; every file is signed and on record before it
takes its name. The writers of ``media`` are used here and nowhere else in Mimica; tests/architecture/test_release.py
proves it. This module does not know how frames are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from mimica import __version__
from mimica.errors import GateError, MimicaError, OutputError, UsageError
from mimica.media.audio import Sound
from mimica.media.chunks import Chunked
from mimica.media.image_writer import save_image
from mimica.media.video_writer import VideoWriter
from mimica.safety.film_preview import PreviewCallback, Previews
from mimica.safety.gate import SECONDS_BETWEEN_CHECKS, frames_to_check
from mimica.safety.job import Release, ReleaseJob, ReleaseTerms, is_unfinished
from mimica.safety.label import Label, labelled
from mimica.safety.mark import Marker
from mimica.safety.tags import image_tags, video_tags
from mimica.safety.unfinished_run import UnfinishedRun, run_facts

Image = NDArray[np.uint8]

VIDEO_SUFFIXES: Final = (".mp4", ".m4v", ".mov")
"""Containers that have a place for a C2PA manifest; Matroska and WebM have none."""
ENCODER_THREADS: Final = 4
"""The same on every machine: another number gives other bytes, and a run may go on elsewhere."""


class FrameRelease:
    """Gate, label and mark for the frames of one clip, given in order, and its rows in the ledger.

    Use it in a ``with`` block: leaving it by an exception puts the job on record as failed. terms: see `ReleaseTerms`.
    frames, seconds: length of the clip, which decide what the gate looks at.
    """

    def __init__(
        self, terms: ReleaseTerms, frames: int, seconds: float, kind: str = "frames", job: str | None = None
    ) -> None:
        """job: an unfinished one to go on with; `go_on` then says from where."""
        self._label = Label(terms.label)
        self._gate, self._checked = terms.gate, frames_to_check(max(frames, 1), seconds)
        self._announced = max(frames, 1)
        self._last_check: Fraction | None = None
        self._count = 0
        self.job = ReleaseJob(terms, kind, job)
        self._marker = Marker(self.job.mark_id)

    def state(self) -> dict[str, Any]:
        """What `go_on` needs, in types that JSON knows."""
        return {"label": self._label.state(), "last_check": None if self._last_check is None else str(self._last_check)}

    def go_on(self, count: int, state: Mapping[str, Any]) -> None:
        """Treat the next frame as the one after `count`, when `state` was asked for."""
        self._count = count
        self._label.go_on(state["label"])
        self._last_check = None if state["last_check"] is None else Fraction(state["last_check"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.job.fail(error)
        else:
            self.job.hand_over()

    def frame(self, image: Image, time: Fraction) -> Image:
        """`image` (H, W, 3) uint8 RGB at `time` seconds, as it may leave. Raises GateError when it may not."""
        late = self._count >= self._announced  # longer than announced: then the times decide
        overdue = self._last_check is None or time - self._last_check >= SECONDS_BETWEEN_CHECKS
        if self._count in self._checked or (late and overdue):
            self._gate.check_frames([image])
            self._last_check = time
        self._count += 1
        return self._marker.mark(self._label.draw(image, time))


class VideoRelease:
    """Writes one released video; use it in a ``with`` block, then read `release`.

    out: .mp4, .m4v or .mov. size: (width, height). terms: see `ReleaseTerms`. frames, seconds: length of the clip.
    preview: is shown small pictures while it is written (see `Previews`). resume: None keeps nothing; else finished
    pieces are kept (see `UnfinishedRun`), and True goes on with those of a run that was killed: then `frames_done` of
    the frames are there, and `write` wants the one after them. The rest is as for `media.VideoWriter`. The
    file appears only when every frame is marked, and it is signed, read back and on record.

    Raises UsageError for an ending without a place for a manifest, GateError, OutputError, LedgerError, and what
    `media.VideoWriter` raises.
    """

    def __init__(
        self, out: Path, size: tuple[int, int], terms: ReleaseTerms, *, frames: int, seconds: float,
        time_base: Fraction | None = None, rate: Fraction | None = None, crf: int = 16,
        audio_from: Path | Sound | None = None, preview: PreviewCallback | None = None, resume: bool | None = None,
    ) -> None:  # fmt: skip
        if out.suffix.lower() not in VIDEO_SUFFIXES:
            raise UsageError(f"output {out}: only {', '.join(VIDEO_SUFFIXES)} have a place for a manifest; use one")
        self.release: Release | None = None
        self._out = out
        facts = run_facts(
            terms,
            size=size,
            frames=frames,
            seconds=float(seconds),
            time_base=time_base,
            rate=rate,
            crf=crf,
            sound=audio_from,
        )
        self._run = None if resume is None else UnfinishedRun(out)
        waiting = self._run.job(facts) if self._run is not None and resume else None
        if waiting is not None and not is_unfinished(waiting):
            waiting = None
        self._goes_on, self._facts = waiting is not None, facts
        self._frames = FrameRelease(terms, frames, seconds, "video", waiting)
        job = self._frames.job
        self._previews = None if preview is None else Previews(preview, terms.gate, job.mark_id)
        try:
            pieces = None if self._run is None else self._run.pieces
            self._writer = VideoWriter(
                out, size, time_base=time_base, rate=rate, crf=crf, audio_from=audio_from, threads=ENCODER_THREADS,
                metadata=video_tags(terms.consent, __version__, job.started.job), seal=self._seal,
                chunks=Chunked(pieces, self._frames.state),
            )  # fmt: skip
        except BaseException as error:
            job.fail(error)
            raise

    @property
    def frames_done(self) -> int:
        """How many frames are in the file already: those of the run that goes on."""
        return self._writer.frames_written

    @property
    def coded_size(self) -> tuple[int, int]:
        """(width, height) of the file's pictures in pixels; see `VideoWriter.coded_size`."""
        return self._writer.coded_size

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the file; complete after the block."""
        return (*self._writer.notes, *(self.release.notes if self.release else ()))

    def __enter__(self) -> Self:
        try:
            self._writer.__enter__()
            if self._run is not None and not self._goes_on:
                self._run.begin(self._facts, self._frames.job.started.job)
            if self._goes_on and (state := self._writer.resume()):
                self._frames.go_on(self._writer.frames_written, state)
        except BaseException as error:
            with suppress(MimicaError):
                self._writer.__exit__(type(error), error, None)
            self._frames.job.fail(error)
            self._put_away(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.__exit__(kind, error, trace)
        except BaseException as failure:
            self._frames.job.fail(failure)
            self._put_away(failure)
            raise
        if error is not None:
            self._frames.job.fail(error)
        self._put_away(error)

    def _put_away(self, error: BaseException | None) -> None:
        """Remove the working folder of a finished run, of one that may not go on, and of one without a piece."""
        run = self._run
        if run is not None and (error is None or isinstance(error, GateError) or not run.holds_pieces):
            with suppress(OutputError):
                run.discard()

    def write(self, image: Image, time: Fraction, duration: Fraction | None = None) -> None:
        """Append a frame, (H, W, 3) uint8 RGB at `time` seconds, as `media.VideoWriter.write`."""
        self._writer.write(self._frames.frame(image, time), time, duration)
        if self._previews is not None:
            self._previews.offer(image)

    def _seal(self, unfinished: Path) -> None:
        self.release = self._frames.job.seal(unfinished, self._out)


def release_image(out: Path, image: Image, terms: ReleaseTerms) -> Release:
    """Write one released picture, (H, W, 3) uint8 sRGB: gated, labelled, marked, signed and on record.

    out: .png, .jpg or .webp. Raises GateError, UsageError, OutputError, LedgerError; nothing is left then.
    """
    job = ReleaseJob(terms, "image")
    released: list[Release] = []
    try:
        terms.gate.check_photo(image, "the picture")
        finished = Marker(job.mark_id).mark(labelled(image))
        save_image(
            out, finished, image_tags(terms.consent, __version__, job.started.job),
            seal=lambda unfinished: released.append(job.seal(unfinished, out)),
        )  # fmt: skip
    except BaseException as error:
        job.fail(error)
        raise
    return released[0]
