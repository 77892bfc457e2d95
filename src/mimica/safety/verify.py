"""Verify: what each layer of provenance says of a file, each by itself, without any connection.

A layer never vouches for another: the manifest may be gone and the mark still there, or the words be forged. This
module does not decide whether a file is *true*; an unmarked file may still be made by a machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from mimica.errors import LedgerError, UsageError
from mimica.media.image import load_photo
from mimica.media.image_writer import read_metadata
from mimica.media.video_reader import open_video
from mimica.media.video_sampler import sample_frames
from mimica.safety.admission import signing_folder
from mimica.safety.filetype import file_type
from mimica.safety.ledger import Ledger, LedgerJob
from mimica.safety.manifest_reader import ManifestReading, read_manifest
from mimica.safety.mark import MarkReading, engine, read_mark
from mimica.safety.mark.engines import Engine
from mimica.safety.perceptual_hash import file_sha256
from mimica.safety.signer import local_anchors
from mimica.safety.tags import TagReading, read_tags

HOLDING = ("valid", "trusted")
_JOB = re.compile("[0-9a-f]{32}")
"""A whole name of a job: the ledger would find every job by its beginning."""


@dataclass(frozen=True, slots=True)
class Record:
    """A job of the ledger that a layer points to.

    found_by: which layers did: "mark" (or another mark's name), "manifest", "file" (this very file, byte for byte),
    "tags".
    """

    job: LedgerJob
    found_by: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        started = self.job.started
        return {
            "job": started.job, "found_by": list(self.found_by), "time": started.time, "state": self.job.state,
            "mark_id": self.job.mark_id, "consent": dict(started.consent), "inputs": dict(started.inputs),
            "output_sha256": self.job.output_sha256, "version": started.version,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found in one file. kind: image or video. notes: what limits the answer, or does not fit together.

    other_marks: readings of marks that were asked for besides Mimica's own, by name.
    registry: jobs of this machine's ledger, the best found first; None when there is no ledger that can be read.
    """

    path: Path
    kind: Literal["image", "video"]
    sha256: str
    manifest: ManifestReading
    mark: MarkReading
    registry: tuple[Record, ...] | None
    tags: TagReading
    notes: tuple[str, ...] = ()
    other_marks: Mapping[str, MarkReading] = field(default_factory=dict[str, MarkReading])

    @property
    def marked(self) -> bool:
        """Whether a layer that proves something says so: a mark, or a manifest that holds. Words alone do not."""
        found = self.mark.found or any(reading.found for reading in self.other_marks.values())
        return found or (self.manifest.state in HOLDING and self.manifest.generated)

    def as_dict(self) -> dict[str, Any]:
        """Everything in types that JSON knows."""
        return {
            "file": str(self.path), "kind": self.kind, "sha256": self.sha256, "marked": self.marked,
            "manifest": asdict(self.manifest) | {"ours": self.manifest.ours}, "mark": asdict(self.mark),
            "registry": None if self.registry is None else [record.as_dict() for record in self.registry],
            "tags": asdict(self.tags), "notes": list(self.notes),
            "other_marks": {name: asdict(reading) for name, reading in self.other_marks.items()},
        }  # fmt: skip


def verify(path: Path | str, *, anchors: Path | str | None = None, marks: Sequence[str] = ()) -> Verification:
    """Look for every layer in an image or a video, ours or a stranger's.

    anchors: PEM file of authorities to trust besides this machine's own. marks: names of further marks to look for, as
    `safety.mark.engine` knows them; one that fails on this file is told in a note.

    Raises:
        UnreadableMediaError: the file cannot be read, or it is neither image nor video.
        UsageError: `anchors` holds no certificates, or a mark in `marks` is not installed.
    """
    engines = {name: engine(name) for name in marks}
    path = Path(path)
    kind = file_type(path).kind
    manifest = read_manifest(path, _anchors(anchors))
    notes: list[str] = []
    if kind == "image":
        frames = [load_photo(path).image]
        tags = _image_tags(path)
    else:
        kind = "video"
        frames = sample_frames(path)
        with open_video(path) as video:
            tags = read_tags(video.info.metadata)
    mark = read_mark(frames)
    others = {name: _read_other(name, reader, frames, notes) for name, reader in engines.items()}
    sha256 = file_sha256(path)
    registry = _registry(manifest, {"mark": mark, **others}, tags, sha256, notes)
    if manifest.mark_id is not None and mark.found and mark.mark_id != manifest.mark_id:
        notes.append(
            f"the manifest names mark {manifest.mark_id}, the pixels hold {mark.mark_id}: one was put there later"
        )
    return Verification(path, kind, sha256, manifest, mark, registry, tags, tuple(notes), others)


def _read_other(name: str, reader: Engine, frames: list[NDArray[np.uint8]], notes: list[str]) -> MarkReading:
    """Another mark's reading; a stranger's code that fails, or answers something else, found nothing."""
    nothing = MarkReading(found=False, mark_id=None, confidence=0.0, frames=0)
    try:
        reading = cast(object, reader.read_mark(list(frames)))  # its type is a promise
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 whatever a plug-in raises, the other layers are told
        notes.append(
            f"the mark {name!r} could not be read ({' '.join(str(error).split())[:200] or type(error).__name__})"
        )
        return nothing
    if not isinstance(reading, MarkReading) or type(reading.mark_id) not in (int, type(None)):
        notes.append(f"the mark {name!r} could not be read (it answered no reading)")
        return nothing
    return reading


def _anchors(path: Path | str | None) -> str | None:
    parts = [local_anchors(signing_folder())]
    if path is not None:
        from cryptography.x509 import load_pem_x509_certificates

        try:
            given = Path(path).read_bytes()
            load_pem_x509_certificates(given)
            parts.append(given.decode("ascii"))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds no certificate that can be read"
            raise UsageError(f"anchors {path}: cannot be used ({reason}); give a file of PEM certificates") from error
    return "\n".join(part for part in parts if part) or None


def _image_tags(path: Path) -> TagReading:
    try:
        return read_tags(read_metadata(path))
    except Exception:  # noqa: BLE001 Pillow raises anything on damaged metadata; the pixels were read all the same
        return TagReading(False)


def _registry(
    manifest: ManifestReading, marks: Mapping[str, MarkReading], tags: TagReading, sha256: str, notes: list[str]
) -> tuple[Record, ...] | None:
    claims: list[tuple[str, Iterable[LedgerJob]]] = []
    try:
        with Ledger.open(create=False) as ledger:
            claims.append(("file", ledger.find(output_sha256=sha256)))
            named = manifest.statement.get("job") if manifest.statement and manifest.state in HOLDING else None
            if isinstance(named, str) and _JOB.fullmatch(named):
                claims.append(("manifest", ledger.find(job=named)))
            for name, mark in marks.items():
                if mark.found and mark.mark_id is not None:
                    claims.append((name, ledger.find(mark_id=mark.mark_id)))
            if tags.job and _JOB.fullmatch(tags.job):
                claims.append(("tags", ledger.find(job=tags.job)))
    except LedgerError as error:
        notes.append(str(error))
        return None
    found: dict[str, tuple[LedgerJob, list[str]]] = {}
    for layer, jobs in claims:
        for job in jobs:
            found.setdefault(job.started.job, (job, []))[1].append(layer)
    records = [Record(job, tuple(layers)) for job, layers in found.values()]
    if len(records) > 1:
        notes.append(f"{len(records)} jobs of the ledger are candidates: the layers do not all name the same one")
    return tuple(sorted(records, key=lambda record: -len(record.found_by)))
