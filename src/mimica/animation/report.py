"""What an animation tells while it runs and when it is done.

This module does not know how frames are made; it only names the numbers, so that the command line can show them
without importing anything heavy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from mimica.safety.job import Release


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is.

    done: frames finished. total: frames expected, or None when the driver does not say.
    fps: frames finished per second of wall clock, averaged since the stage began; 0 before the first frame.
    stage: what is being done, one or two words ("preparing", "animating", "writing").
    """

    done: int
    total: int | None
    fps: float
    stage: str

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the present speed, or None while that cannot be told."""
        if self.total is None or self.fps <= 0.0:
            return None
        return max(self.total - self.done, 0) / self.fps


ProgressCallback: TypeAlias = Callable[[Progress], None]


class Stage:
    """Counts the frames of one stage, by the wall clock, and tells whoever asked."""

    def __init__(self, name: str, total: int | None, progress: ProgressCallback | None = None) -> None:
        self._state, self._progress = Progress(0, total, 0.0, name), progress
        self._started = time.monotonic()

    @property
    def fps(self) -> float:
        return self._state.fps

    def tell(self, done: int) -> None:
        seconds = max(time.monotonic() - self._started, 1e-6)
        self._state = replace(self._state, done=done, fps=done / seconds)
        if self._progress is not None:
            self._progress(self._state)


@dataclass(frozen=True, slots=True)
class AnimationReport:
    """What was made.

    out: the video. frames: frames written. fps: frames made per second of wall clock. seconds: wall clock of the
    whole job. size: (width, height) of the video in pixels. rate: the driver's nominal frame rate, None when its
    timestamps are irregular. audio: the driver's sound is in the output. notes: everything a person should know and
    did not ask (tone mapping, lost faces, …). consent: the basis on record. release: mark, manifest and ledger row.
    """

    out: Path
    frames: int
    fps: float
    seconds: float
    size: tuple[int, int]
    rate: Fraction | None
    audio: bool
    notes: tuple[str, ...] = field(default=())
    consent: str = ""
    release: Release | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report in types that JSON knows; the rate is text such as "30000/1001", so nothing is rounded."""
        return {
            "out": str(self.out),
            "frames": self.frames,
            "fps": round(self.fps, 3),
            "seconds": round(self.seconds, 3),
            "size": list(self.size),
            "rate": None if self.rate is None else f"{self.rate.numerator}/{self.rate.denominator}",
            "audio": self.audio,
            "notes": list(self.notes),
            "consent": self.consent,
            "release": None if self.release is None else asdict(self.release),
        }
