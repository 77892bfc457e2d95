"""What the stages hand to each other: values only, no pixels; each can be written as JSON and read again.

Times are `Fraction` seconds, written as "numerator/denominator".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Rights:
    """On whose word a film may be trained on, as the ledger of a data set keeps it.

    subject: whose face it shows. consent: "fictional", "licensed", or "receipt:" and the receipt's sha256.
    """

    subject: str
    source: str
    licence: str
    consent: str


@dataclass(frozen=True, slots=True)
class Source:
    """A film that may be used. path: where it lies. sha256: of the file; with it the film keeps its name anywhere."""

    path: str
    sha256: str
    rights: Rights

    @property
    def name(self) -> str:
        """16 hexadecimal digits, from the bytes of the file."""
        return self.sha256[:16]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that is left out. item: the file or clip. subject: "" where not known. stage, reason: in words."""

    item: str
    subject: str
    stage: str
    reason: str

    def as_row(self) -> dict[str, str]:
        """A row of the report; `portrait` is the ledger's word for the subject, by which it can be forgotten."""
        return {"item": self.item, "portrait": self.subject, "stage": self.stage, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Shot:
    """A piece of a film without a cut: start ≤ time < end; `end` None is the film's end."""

    start: Fraction
    end: Fraction | None


@dataclass(frozen=True, slots=True)
class Measures:
    """A clip in numbers.

    Attributes:
        face_px, face_share: median height of the face, in px and as a share of the film's height.
        sharpness, luma, clipped, seen, disagreement, overlay: see `CurationConfig`.
        motion: mean over the channels of expression (0..1) and of the head's angles / 45° of their standard deviation.
        angles_deg: median yaw, pitch, roll.
        angles_span_deg: width from the 5th to the 95th percentile of the same.
        gaze_deg: median yaw, pitch of both eyes' mean. gaze_span_deg: as the angles'.
        expression: 95th percentile of every channel of `EXPRESSION_NAMES`.
    """

    face_px: float
    face_share: float
    sharpness: float
    luma: float
    clipped: float
    seen: float
    disagreement: float
    overlay: float
    motion: float
    angles_deg: tuple[float, ...]
    angles_span_deg: tuple[float, ...]
    gaze_deg: tuple[float, ...]
    gaze_span_deg: tuple[float, ...]
    expression: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of a film worth keeping.

    crop: centre x, centre y, side of the square that is cut out, px of the film. frames: how many lie in
    start ≤ time < end. prints: perceptual hashes, one each half second.
    """

    key: str
    source: Source
    start: Fraction
    end: Fraction
    frames: int
    crop: tuple[float, float, float]
    measures: Measures
    prints: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return float(self.end - self.start)

    def as_mapping(self) -> dict[str, Any]:
        """The clip in types that JSON knows."""
        return asdict(self) | {"start": str(self.start), "end": str(self.end)}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `as_mapping`, also after a trip through JSON."""
        source: dict[str, Any] = values["source"]
        measures: dict[str, Any] = values["measures"]
        spread: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in measures.items()
        }
        return cls(
            values["key"], Source(source["path"], source["sha256"], Rights(**source["rights"])),
            Fraction(values["start"]), Fraction(values["end"]), values["frames"],
            (values["crop"][0], values["crop"][1], values["crop"][2]), Measures(**spread), tuple(values["prints"]),
        )  # fmt: skip


Costs = defaultdict[str, float]
"""CPU seconds and counts by stage, to be added up."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What came of one source: clips worth keeping, and what was left out. costs: CPU seconds and counts by stage."""

    source: str
    clips: tuple[Clip, ...]
    refusals: tuple[Refusal, ...]
    costs: Mapping[str, float]

    def as_mapping(self) -> dict[str, Any]:
        """The analysis in types that JSON knows."""
        return {
            "source": self.source, "clips": [clip.as_mapping() for clip in self.clips],
            "refusals": [asdict(refusal) for refusal in self.refusals], "costs": dict(self.costs),
        }  # fmt: skip

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `as_mapping`, also after a trip through JSON."""
        clips = tuple(Clip.from_mapping(clip) for clip in values["clips"])
        return cls(values["source"], clips, tuple(Refusal(**row) for row in values["refusals"]), dict(values["costs"]))
