"""An unfinished run: the hidden folder beside an output in which finished pieces wait, so that a killed run goes on.

What is in it went through the release: gated, labelled and marked, under a job that is in the ledger. It goes on only
as the same job from the same inputs, settings and weights, and only after consent was asked again. This module does not
know pixels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

from mimica import __version__
from mimica.errors import OutputError, UsageError
from mimica.media.chunks import CHUNK_FRAMES, ChunkFolder, durable_write
from mimica.media.unfinished_file import output_error
from mimica.safety.job import ReleaseTerms

JOURNAL: Final = "run.json"
MOTION: Final = "driver-*.npz"
"""What drivers do; see `animation.kept_motion`."""
_OURS: Final = ("*.chunk", "*.part", JOURNAL, MOTION)


class UnfinishedRun:
    """The working folder of `out`, `.OUT.mimica` beside it; it need not exist."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.absolute().parent / f".{out.name[:80]}.mimica"
        self.pieces = ChunkFolder(self.folder)

    def job(self, facts: Mapping[str, Any]) -> str | None:
        """The ledger's job that waits here, None when nothing does.

        facts: what must be the same, of `run_facts`, or a part of it. Raises UsageError when something is not.
        """
        if self.folder.is_symlink():
            raise UsageError(f"{self.folder}: is a link and not a working folder; remove it")
        try:
            journal = json.loads((self.folder / JOURNAL).read_bytes())
            known, job = cast("dict[str, Any]", journal["facts"]), str(journal["job"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # killed before the first piece: nothing is lost
        changed = _differences(known, _plain(facts))
        if changed:
            raise UsageError(
                f"{self.out}: cannot go on, since this is not the same any more: {', '.join(changed)}; run it as "
                f"before, or without --resume to begin anew"
            )
        return job

    def begin(self, facts: Mapping[str, Any], job: str) -> None:
        """Make the folder for a new job; what was in it is removed. Raises OutputError."""
        self.discard()
        try:
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            raise output_error(self.folder, error) from error
        durable_write(self.folder / JOURNAL, json.dumps({"facts": dict(facts), "job": job}).encode())

    @property
    def holds_pieces(self) -> bool:
        """Whether anything would be lost with the folder."""
        return next(self.folder.glob("*.chunk"), None) is not None

    def discard(self) -> None:
        """Remove the folder; nothing of others is touched. Raises OutputError when it cannot be removed."""
        if self.folder.is_symlink() or not self.folder.exists():
            return
        for pattern in _OURS:
            for path in self.folder.glob(pattern):
                with suppress(OSError):
                    path.unlink()
        try:
            self.folder.rmdir()
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be removed ({error.strerror}); remove it by hand") from error


def terms_facts(terms: ReleaseTerms) -> dict[str, Any]:
    """What must be the same when a run goes on, as far as it is known before anything is read."""
    consent = terms.consent.as_dict()
    return {
        "mimica": __version__,
        "inputs": {source.role: source.sha256 for source in terms.sources},
        "weights": dict(terms.weights),
        "settings": dict(terms.settings),
        "label": terms.label,
        "consent": {name: consent[name] for name in ("basis", "receipt_hash", "purpose") if name in consent},
    }


def run_facts(terms: ReleaseTerms, **form: Any) -> dict[str, Any]:
    """`terms_facts`, and form: how the file is written, in types that JSON knows or that have a name as text."""
    return terms_facts(terms) | {name: str(value) for name, value in form.items()} | {"piece": CHUNK_FRAMES}


def _differences(known: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs, by name; of inputs, weights and settings which."""
    changed: list[str] = []
    for name, value in now.items():
        before = known.get(name)
        if before == value:
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            changed += _inner(name, cast("dict[str, Any]", before), cast("dict[str, Any]", value))
        else:
            changed.append(f"{name} (was {before}, is {value})")
    return changed


def _inner(name: str, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [f"{name}: {key}" for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from the journal."""
    return json.loads(json.dumps(dict(facts)))
