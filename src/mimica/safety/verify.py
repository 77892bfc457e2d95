"""Verify: what each layer of provenance says of a file, each by itself, without any connection.

A layer never vouches for another: the manifest may be gone and the mark still there, or the words be forged. This
module does not decide whether a file is *true*; an unmarked file may still be made by a machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mimica.errors import LedgerError, UnreadableMediaError
from mimica.media.image import load_photo
from mimica.media.image_writer import read_metadata
from mimica.media.video_reader import open_video
from mimica.media.video_sampler import sample_frames
from mimica.safety.admission import signing_folder
from mimica.safety.filetype import file_type
from mimica.safety.ledger import Ledger, LedgerJob
from mimica.safety.manifest_reader import ManifestReading, read_manifest
from mimica.safety.mark import MarkReading, read_mark
from mimica.safety.perceptual_hash import file_sha256
from mimica.safety.signer import local_anchors
from mimica.safety.tags import TagReading, read_tags

HOLDING = ("valid", "trusted")


@dataclass(frozen=True, slots=True)
class Record:
    """A job of the ledger that a layer points to.

    found_by: which layers did: "mark", "manifest", "file" (this very file, byte for byte), "tags".
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

    @property
    def marked(self) -> bool:
        """Whether a layer that proves something says so: the mark, or a manifest that holds. Words alone do not."""
        return self.mark.found or (self.manifest.state in HOLDING and self.manifest.generated)

    def as_dict(self) -> dict[str, Any]:
        """Everything in types that JSON knows."""
        return {
            "file": str(self.path), "kind": self.kind, "sha256": self.sha256, "marked": self.marked,
            "manifest": asdict(self.manifest) | {"ours": self.manifest.ours}, "mark": asdict(self.mark),
            "registry": None if self.registry is None else [record.as_dict() for record in self.registry],
            "tags": asdict(self.tags), "notes": list(self.notes),
        }  # fmt: skip


def verify(path: Path | str, *, anchors: Path | str | None = None) -> Verification:
    """Look for every layer in an image or a video, ours or a stranger's.

    anchors: PEM file of authorities to trust besides this machine's own.

    Raises:
        UnreadableMediaError: the file or `anchors` cannot be read, or it is neither image nor video.
    """
    path = Path(path)
    kind = file_type(path).kind
    manifest = read_manifest(path, _anchors(anchors))
    notes: list[str] = []
    if kind == "image":
        mark = read_mark([load_photo(path).image])
        tags = _image_tags(path)
    else:
        kind = "video"
        mark = read_mark(sample_frames(path))
        with open_video(path) as video:
            tags = read_tags(video.info.metadata)
    sha256 = file_sha256(path)
    registry = _registry(manifest, mark, tags, sha256, notes)
    if manifest.mark_id is not None and mark.found and mark.mark_id != manifest.mark_id:
        notes.append(
            f"the manifest names mark {manifest.mark_id}, the pixels hold {mark.mark_id}: one was put there later"
        )
    return Verification(path, kind, sha256, manifest, mark, registry, tags, tuple(notes))


def _anchors(path: Path | str | None) -> str | None:
    parts = [local_anchors(signing_folder())]
    if path is not None:
        try:
            parts.append(Path(path).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise UnreadableMediaError(f"anchors {path}: cannot be read; give a file of PEM certificates") from error
    return "\n".join(part for part in parts if part) or None


def _image_tags(path: Path) -> TagReading:
    try:
        return read_tags(read_metadata(path))
    except Exception:  # noqa: BLE001 Pillow raises anything on damaged metadata; the pixels were read all the same
        return TagReading(False)


def _registry(
    manifest: ManifestReading, mark: MarkReading, tags: TagReading, sha256: str, notes: list[str]
) -> tuple[Record, ...] | None:
    claims: list[tuple[str, Iterable[LedgerJob]]] = []
    try:
        with Ledger.open(create=False) as ledger:
            claims.append(("file", ledger.find(output_sha256=sha256)))
            named = manifest.statement.get("job") if manifest.statement and manifest.state in HOLDING else None
            if isinstance(named, str) and named:
                claims.append(("manifest", ledger.find(job=named)))
            if mark.found and mark.mark_id is not None:
                claims.append(("mark", ledger.find(mark_id=mark.mark_id)))
            if tags.job:
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
