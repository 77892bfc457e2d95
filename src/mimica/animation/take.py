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
from mimica.animation.motion_field import HeadMotion
from mimica.animation.pipeline import in_order
from mimica.animation.prepare import Portrait
from mimica.animation.retarget import RetargetOptions, retarget
from mimica.core.easing import smoothstep

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

    def motion(self, index: int) -> HeadMotion:
        """What the face does in frame `index`."""
        driver = self.driver
        return retarget(driver.track, index, driver.rest_at(index), self.portrait.subject, self.options)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoTake:
    """A photo whose faces perform, all on the clock of the first one's driver.

    framing: "photo" gives the whole photo, "crop" what lies around the heads.
    """

    roles: tuple[Role, ...]
    framing: Framing = "photo"

    @property
    def times(self) -> tuple[Fraction, ...]:
        return self.roles[0].driver.times

    @property
    def durations(self) -> tuple[Fraction | None, ...]:
        return self.roles[0].driver.durations

    @property
    def notes(self) -> tuple[str, ...]:
        of_roles = (note for role in self.roles for note in (*role.portrait.notes, *role.driver.notes))
        return tuple(dict.fromkeys(of_roles))

    def unreleased_frames(self, start: int = 0) -> Iterator[Image]:
        """See `Take`."""
        yield from in_order(self._frame, range(start, len(self.times)))

    def _frame(self, index: int) -> Image:
        first, others = self.roles[0], self.roles[1:]
        if others:
            return self._together(index)
        renderer, motion = first.portrait.renderer, first.motion(index)
        return renderer.render_patch(motion) if self.framing == "crop" else renderer.render(motion)

    def _together(self, index: int) -> Image:
        """All faces of one frame in one picture, the largest, which is likely the nearest, last."""
        photo = self.roles[0].portrait.photo
        picture = photo.copy()
        by_size = sorted(self.roles, key=lambda role: role.portrait.reading.crop.side_px)
        places = [role.portrait.renderer.patch.area for role in by_size]
        for role, place in zip(by_size, places, strict=True):
            drawn = role.portrait.renderer.render_patch(role.motion(index))
            picture[place] = overlaid(photo[place], picture[place], drawn)
        if self.framing == "photo":
            return picture
        rows, columns = zip(*places, strict=True)
        return picture[
            min(part.start for part in rows) : max(part.stop for part in rows),
            min(part.start for part in columns) : max(part.stop for part in columns),
        ].copy()


BOTH_CHANGED = 12.0
"""Grey levels by which a pixel of both must differ from the photo for the later one to rule it wholly."""


def overlaid(photo: Image, before: Image, drawn: Image) -> Image:
    """`drawn` over `before`, both (H, W, 3) changed from `photo`: what one of them left alone is the other's, exactly.

    Where both changed something the later one wins, the more so the more it changed.
    """
    changed = np.abs(drawn.astype(np.int16) - photo).max(-1)
    earlier = np.abs(before.astype(np.int16) - photo).max(-1)
    only = (changed > 0) & (earlier == 0)
    result = np.where(only[..., None], drawn, before)
    rows, columns = np.nonzero((changed > 0) & (earlier > 0))
    if len(rows):
        weight = np.maximum(smoothstep(changed[rows, columns], 0, BOTH_CHANGED),
                            1 - smoothstep(earlier[rows, columns], 0, BOTH_CHANGED))[:, None]  # fmt: skip
        under, over = before[rows, columns].astype(np.float64), drawn[rows, columns]
        result[rows, columns] = (under + (over - under) * weight + 0.5).astype(np.uint8)
    return result
