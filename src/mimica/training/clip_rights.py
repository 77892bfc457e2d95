"""The right to train on a curated corpus: every clip has a row in its ledger that allows it, or nothing is trained.

`mimica curate` refused clips without rights when it made the corpus; this looks again when it is used: rows may have
been lost, receipts taken back, people forgotten. This module does not know what is trained.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimica.errors import ConsentError, InputError
from mimica.safety.training_rights import audit, read_ledger

RECEIPTS_FOLDER = "receipts"
"""Below a corpus: the receipts (*.jws) of the people whose rows say "receipt:…"."""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip that may be trained on. sha256: of its video. seconds: its length."""

    key: str
    subject: str
    sha256: str
    seconds: float
    frames: int


def permitted_clips(corpus: Path) -> dict[str, ClipRow]:
    """Every clip of a corpus by key.

    Raises:
        ConsentError: one has no right to be trained on; none of them is.
        InputError: the corpus has no ledger, it is damaged, or a shard cannot be read.
    """
    receipts = corpus / RECEIPTS_FOLDER
    found = audit(corpus, receipts if receipts.is_dir() else None)
    if found.offenders:
        first = found.offenders[0]
        raise ConsentError(
            f"{corpus}: {first.item} {first.problem} ({len(found.offenders)} problems in all), so nothing is trained; "
            "see mimica data audit, and take out or mend what it names"
        )
    rows = read_ledger(corpus)
    gone = _forgotten(corpus) & {str(row.get("portrait")) for row in rows}
    if gone:
        raise ConsentError(
            f"{corpus}: still holds {len(gone)} people who were to be forgotten; run mimica data forget for each"
        )
    try:
        return {str(row["key"]): _clip(row) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{corpus}: its ledger is not one of mimica curate ({error}); curate it again") from error


def check_video(video: bytes, row: ClipRow) -> bytes:
    """The clip's video. Raises InputError when it is not the one that its row is about."""
    if hashlib.sha256(video).hexdigest() != row.sha256:
        raise InputError(f"clip {row.key}: is not the video that its ledger row is about; curate it again")
    return video


def _clip(row: dict[str, Any]) -> ClipRow:
    return ClipRow(
        str(row["key"]), str(row["portrait"]), str(row["sha256"]), float(row["seconds"]), int(row["frames"])
    )  # fmt: skip


def _forgotten(corpus: Path) -> set[str]:
    path = corpus / "forgotten.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return {str(json.loads(line)["portrait"]) for line in lines}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}), so nobody knows who must stay out; restore it") from error
