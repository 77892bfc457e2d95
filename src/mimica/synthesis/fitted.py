"""A fitted portrait: one photo's crop, its person matte and the head that was fitted to it, as stored on disk.

This module does not know how the fit was found (``fit``) nor how it is rendered (``portrait``, ``scene``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mimica.errors import InputError
from mimica.synthesis.camera import matrix_to_euler

FloatArray = NDArray[np.float32]

HELD_OUT_EVERY = 8
"""Portraits whose number is a multiple of this are never trained on, by any network."""


def portrait_number(key: str) -> int:
    """The number of a portrait: its name where that is one ("0042" → 42), else a checksum of it; below 2³¹."""
    number = int(key) if key.isascii() and key.isdigit() else crc32(key.encode())
    return number & 0x7FFF_FFFF


def is_held_out(key: str) -> bool:
    """Whether the portrait belongs to the share that no training sees."""
    return portrait_number(key) % HELD_OUT_EVERY == 0


@dataclass(frozen=True)
class FittedPortrait:
    """Everything the data engine keeps of a photo.

    Attributes:
        key: name of the portrait, unique in its collection.
        image: (512, 512, 3) uint8 RGB crop.
        landmarks: (478, 3) float32 MediaPipe landmarks, px of the crop.
        matte: (512, 512) uint8 how much of each pixel is the person.
        shape: (V, 3) float32 cm, the person's rig without expression, residual included.
        expression: (K,) float32 rig coefficients of the photo.
        rotation, translation: (3, 3), (3,) float32 head to camera, cm.
        eyes: (2, 8) float32 left, right: centre xyz, radius, gaze axis xyz, iris radius; head frame, cm.
        crop: (x0, y0, side) of the crop in the photo, px.
        source, licence, consent: where the photo is from, under which terms, and on whose word it may be trained on
            (see `safety.training_rights`); empty when nobody said.
    """

    key: str
    image: NDArray[np.uint8]
    landmarks: FloatArray
    matte: NDArray[np.uint8]
    shape: FloatArray
    expression: FloatArray
    rotation: FloatArray
    translation: FloatArray
    eyes: FloatArray
    crop: tuple[float, float, float] = (0.0, 0.0, 512.0)
    source: str = ""
    licence: str = ""
    consent: str = ""

    @property
    def rights(self) -> dict[str, str]:
        """What a data set's ledger says of every item that shows this portrait."""
        return {"source": self.source, "licence": self.licence, "consent": self.consent}

    @property
    def angles_deg(self) -> NDArray[np.float64]:
        """(yaw, pitch, roll) of the head in the photo."""
        return matrix_to_euler(self.rotation)

    @property
    def face_box(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) of the 468 face landmarks, px of the crop."""
        low, high = self.landmarks[:468, :2].min(0), self.landmarks[:468, :2].max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def save(self, path: Path | str) -> None:
        """Write one npz without pickles."""
        np.savez(path, **{entry.name: np.asarray(getattr(self, entry.name)) for entry in fields(self)})

    @classmethod
    def load(cls, path: Path | str) -> FittedPortrait:
        """Read what `save` wrote. Raises InputError when the file is not one."""
        try:
            with np.load(path, allow_pickle=False) as data:
                values = {entry.name: data[entry.name] for entry in fields(cls) if entry.name != "consent"}
                values["consent"] = data.get("consent", np.array(""))  # older files do not say
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"{path}: not a fitted portrait ({error}); fit the photo again") from error
        values |= {name: str(values[name]) for name in ("key", "source", "licence", "consent")}
        values["crop"] = tuple(float(value) for value in values["crop"])
        return cls(**values)


def rights_of(path: Path) -> dict[str, str]:
    """`FittedPortrait.rights` of a file, without reading its pictures."""
    with np.load(path, allow_pickle=False) as data:
        return {name: str(data[name]) if name in data else "" for name in ("source", "licence", "consent")}
