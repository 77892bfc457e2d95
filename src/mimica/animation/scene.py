"""Scene: a portrait before it performs, its faces found and chosen, none of it rigged yet.

What admission has to see of it is here, so that nothing is computed for a face before somebody agreed. This module does
not know consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.animation.cast import FaceChoice, Part, choose_faces
from mimica.animation.driver import Driver
from mimica.animation.networks import Networks
from mimica.animation.prepare import prepare
from mimica.animation.retarget import RetargetOptions
from mimica.animation.take import Framing, PhotoTake, Role
from mimica.core.records import Face

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PhotoScene:
    """A photo with the faces that will perform. faces: all that were found, the performing ones among them."""

    photo: Image
    faces: tuple[Face, ...]
    parts: tuple[Part, ...]
    label: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, photo: Image, networks: Networks, face: FaceChoice, label: str, also: Mapping[int, object] | None = None
    ) -> PhotoScene:
        """Find and choose the faces of `photo` (H, W, 3) uint8 RGB. also: numbers that perform whatever the choice.

        Raises:
            NoFaceError, FaceChoiceError: see `choose_faces`.
        """
        found = networks.finder.find(photo)
        parts, notes = choose_faces(found, face, label, also or ())
        return cls(photo, tuple(found), parts, label, notes)

    def take(
        self, drivers: Mapping[int, Driver], networks: Networks, options: RetargetOptions, framing: Framing
    ) -> PhotoTake:
        """Rig every face that performs. drivers: of each, by number, all on one clock. Raises NoFaceError."""
        roles = [
            Role(
                prepare(self.photo, part.face, networks, self.label, self.faces), drivers[part.number], options
            )
            for part in self.parts
        ]  # fmt: skip
        return PhotoTake(tuple(roles), framing)
