"""Film: a take goes through the release into a finished video, frame by frame."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mimica.animation.report import ProgressCallback, Stage
from mimica.animation.take import Take
from mimica.media.audio import Sound
from mimica.safety.film_preview import PreviewCallback
from mimica.safety.job import Release, ReleaseTerms
from mimica.safety.release import VideoRelease


@dataclass(frozen=True, slots=True)
class Film:
    """A finished video: size (width, height) in pixels, as the file has it; fps: frames made a second of wall clock."""

    size: tuple[int, int]
    frames: int
    fps: float
    notes: tuple[str, ...]
    release: Release | None


@dataclass(frozen=True, slots=True)
class FilmFormat:
    """How a video is written; see `media.VideoWriter`."""

    time_base: Fraction | None = None
    rate: Fraction | None = None
    crf: int = 16
    audio_from: Path | Sound | None = None


def film(
    take: Take, out: Path, terms: ReleaseTerms, form: FilmFormat, progress: ProgressCallback | None = None,
    preview: PreviewCallback | None = None, resume: bool | None = None, begun: Callable[[], None] | None = None,
) -> Film:  # fmt: skip
    """Release every frame of `take` into `out`, which appears only when complete, signed and on record.

    preview: is shown small released pictures meanwhile. resume: see `VideoRelease`; pictures and sound come out the
    same, byte for byte, however often the work was cut off and gone on with. begun: called once the run's working
    folder is there, before the first frame.

    Raises:
        UsageError, GateError, OutputError, LedgerError: see `VideoRelease`.
    """
    frames = take.unreleased_frames()
    first = next(frames)
    height, width = first.shape[:2]
    stage = Stage("animating", len(take.times), progress)
    with VideoRelease(
        out, (width, height), terms, frames=len(take.times), seconds=float(take.times[-1] - take.times[0]),
        time_base=form.time_base, rate=form.rate, crf=form.crf, audio_from=form.audio_from,
        preview=preview, resume=resume,
    ) as writer:  # fmt: skip
        if begun is not None:
            begun()
        done = writer.frames_done
        frames = take.unreleased_frames(done) if done else itertools.chain([first], frames)
        moments = zip(frames, take.times[done:], take.durations[done:], strict=True)
        for count, (frame, moment, duration) in enumerate(moments, start=done + 1):
            writer.write(frame, moment, duration)
            stage.tell(count)
    return Film(writer.coded_size, len(take.times), stage.fps, (*take.notes, *writer.notes), writer.release)
