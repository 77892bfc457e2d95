"""What reading the mark answers: found or not, which id, how sure, and how the picture was changed since.

This module does not know how a mark is written or found.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a marked picture lies in the picture that was read, against the same picture never scaled, cut or turned.

    `scale_x`, `scale_y`: size of the mark relative to the picture's short side (1 = whole picture; 1.25 = a crop
    that keeps 80 %; 0.5 = bars around, or half of a montage). `rotation_deg`: clockwise in the picture.
    `mirrored`: left and right were exchanged.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    rotation_deg: float = 0.0
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class MarkReading:
    """The answer of `read_mark`.

    `found`: the evidence passes the shipped threshold. `mark_id`: 0..65535 when found, else None.
    `confidence`: 0..1; 0.5 is the threshold, 1 a mark read without any damage. `frames`: pictures that were read.
    `geometry`: how the marked picture lies in what was read, when found, else None.
    """

    found: bool
    mark_id: int | None
    confidence: float
    frames: int
    geometry: Geometry | None = None
