"""How much a file from a stranger may cost: pixels, length, frames, time and memory.

Every limit has a default and an environment variable; an unknown or unreadable setting is an error, never ignored. This
module does not enforce anything: ``image``, ``video_reader`` and ``sentry`` do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from mimica.errors import UsageError

PREFIX = "MIMICA_LIMIT_"
"""Environment variables are this and the limit's name in capitals: ``MIMICA_LIMIT_VIDEO_S=7200``."""


def _limit(default: float, meaning: str) -> float:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single photo or video may take; every value is a positive number."""

    photo_pixels: float = _limit(180_000_000, "pixels of a photo (540 MB as RGB)")
    frame_pixels: float = _limit(100_000_000, "pixels of a video frame (8K has 33 million)")
    video_s: float = _limit(21_600, "seconds that a video may last or claim to last (6 hours)")
    video_frames: float = _limit(1_300_000, "frames of a video (6 hours at 60 a second)")
    stall_s: float = _limit(30, "seconds that a video may be read without one frame coming out")
    sentry_s: float = _limit(10, "seconds that the sentry process may look at one file")
    sentry_bytes: float = _limit(3_000_000_000, "bytes of address space of the sentry process (Linux)")

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"the limit {each.name} is {value}; it must be a number above zero")


def variable(name: str) -> str:
    """The environment variable that sets the limit ``name``."""
    return PREFIX + name.upper()


def read_limits(environment: Mapping[str, str] | None = None) -> Limits:
    """The limits that hold here: the defaults, changed by the environment (``os.environ`` when None).

    Raises ``UsageError`` for a variable that starts like a limit but is none, and for what is no positive number.
    """
    environment = os.environ if environment is None else environment
    names = {variable(each.name): each.name for each in fields(Limits)}
    given: dict[str, float] = {}
    for key in sorted(environment):
        if not key.startswith(PREFIX):
            continue
        if key not in names:
            raise UsageError(f"{key} is no limit; use one of {', '.join(names)}")
        try:
            given[names[key]] = float(environment[key])
        except ValueError as error:
            raise UsageError(f"{key}={environment[key]!r} is not a number; write it as 7200 or 1.5e9") from error
    return Limits(**given)
