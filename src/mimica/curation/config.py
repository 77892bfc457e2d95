"""What a corpus shall be: inert, typed, closed to unknown keys. docs/howto/curate.md says how the bounds were set.

This module does not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from mimica.errors import UsageError


@dataclass(frozen=True, slots=True)
class CurationConfig:
    """Settings of one corpus; everything in it follows from them, the sources and their ledger.

    Attributes:
        size: side of the clips, px, even.
        crf: H.264 quality, 0 to 51.
        samples_per_s: frames a second that are looked at; every frame is kept.
        shortest_s, longest_s: bounds of a clip; longer takes are cut at `longest_s`.
        face_px: least median height of the face in the film.
        sharpness: least median of `measures.sharpness`.
        darkest, brightest: bounds of the face's median luma, 0..255.
        clipped: largest share of the face's pixels that are black or white out.
        seen: least share of samples in which the face is found.
        disagreement: largest 0.9 quantile of `measures.disagreement`: above, something covers the face.
        motion: least `Measures.motion`; below, nobody acts.
        yaw_deg: largest median turn of the head.
        face_share: bounds of the face's height as a share of the film's height.
        overlay: largest `measures.OverlayDetector.share`.
        same_bits: perceptual hashes of the same picture differ by at most so many of 256 bits.
        clips_per_subject: more are left out.
        cell_factor: no cell of motion holds more than this times the median cell.
        clips_per_shard: clips in one tar.
        seed: decides which clips stay where there are too many.
    """

    size: int = 256
    crf: int = 18
    samples_per_s: float = 8.0
    shortest_s: float = 2.0
    longest_s: float = 10.0
    face_px: float = 64.0
    sharpness: float = 0.010
    darkest: float = 35.0
    brightest: float = 225.0
    clipped: float = 0.35
    seen: float = 0.9
    disagreement: float = 0.16
    motion: float = 0.02
    yaw_deg: float = 50.0
    face_share: tuple[float, float] = (0.10, 0.95)
    overlay: float = 0.02
    same_bits: int = 14
    clips_per_subject: int = 200
    cell_factor: float = 4.0
    clips_per_shard: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        checks = {
            "size must be even and lie in 64..2048": self.size % 2 == 0 and 64 <= self.size <= 2048,
            "crf must lie in 0..51": 0 <= self.crf <= 51,
            "samples_per_s must lie in 1..120": 1 <= self.samples_per_s <= 120,
            "shortest_s must be positive and at most longest_s": 0 < self.shortest_s <= self.longest_s <= 600,
            "same_bits must lie in 0..40": 0 <= self.same_bits <= 40,
            "clips_per_subject must be at least 1": self.clips_per_subject >= 1,
            "clips_per_shard must be at least 1": self.clips_per_shard >= 1,
            "cell_factor must be at least 1": self.cell_factor >= 1,
            "seed must not be negative": self.seed >= 0,
        }  # fmt: skip
        for rule, holds in checks.items():
            if not holds:
                raise UsageError(f"curation: {rule}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> CurationConfig:
        """Settings from parsed JSON or TOML. Raises UsageError for an unknown key or a value of another type."""
        known = {field.name: getattr(cls(), field.name) for field in fields(cls)}
        chosen: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise UsageError(f"curation: unknown key {name!r}; known are {', '.join(sorted(known))}")
            if isinstance(known[name], tuple) and isinstance(value, list | tuple) and len(value) == 2:
                chosen[name] = (float(value[0]), float(value[1]))
            elif isinstance(value, bool) or not isinstance(value, int if isinstance(known[name], int) else int | float):
                raise UsageError(f"curation: {name} wants a value such as {known[name]!r}, got {value!r}")
            else:
                chosen[name] = value
        return cls(**chosen)

    def to_mapping(self) -> dict[str, Any]:
        return asdict(self)
