"""Take: what is filmed. A photo whose faces perform, each its driver; frames come in order, from any one on.

Frames of a take are not released: no consent was asked, and they carry no mark. ``animate`` and `Animator.frames` are
the ways out. This module does not know files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mimica.animation.driver import Driver
from mimica.animation.prepare import Portrait
from mimica.animation.retarget import RetargetOptions, retarget

Image = NDArray[np.uint8]
Framing = Literal["photo", "crop"]


class Take(Protocol):
    """Frames to be released, in order: frame i belongs to `times[i]` and lasts `durations[i]`, in seconds."""

    @property
    def times(self) -> tuple[Fraction, ...]: ...

    @property
    def durations(self) -> tuple[Fraction | None, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def unreleased_frames(self, start: int = 0) -> Iterator[Image]:
        """Frames `start`, `start` + 1, …, each (H, W, 3) uint8 RGB and the same wherever the iteration began."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Role:
    """One face of the photo and who plays it."""

    portrait: Portrait
    driver: Driver
    options: RetargetOptions = field(default_factory=RetargetOptions)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoTake:
    """A photo that performs.

    framing: "photo" gives the whole photo, "crop" a square around the head.
    """

    role: Role
    framing: Framing = "photo"

    @property
    def times(self) -> tuple[Fraction, ...]:
        return self.role.driver.times

    @property
    def durations(self) -> tuple[Fraction | None, ...]:
        return self.role.driver.durations

    @property
    def notes(self) -> tuple[str, ...]:
        return self.role.driver.notes

    def unreleased_frames(self, start: int = 0) -> Iterator[Image]:
        """See `Take`."""
        role = self.role
        for index in range(start, len(role.driver)):
            rest = role.driver.rest_at(index)
            motion = retarget(role.driver.track, index, rest, role.portrait.subject, role.options)
            renderer = role.portrait.renderer
            yield renderer.render_patch(motion) if self.framing == "crop" else renderer.render(motion)
