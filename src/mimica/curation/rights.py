"""Rights first: which films may be looked at, decided before any of their pixels is decoded.

A ledger is JSON lines, one object a film: `file` (relative to the ledger), `subject`, `source`, `licence`, `consent`
(fictional, licensed or receipt), `adult`, and where it applies `sha256`, `receipt` (a .jws file) and `opted_out`. This
module does not know whether a statement in the ledger is true.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimica.curation.records import Refusal, Rights, Source
from mimica.errors import InputError, MimicaError, UsageError
from mimica.safety.consent import read_receipt_file
from mimica.safety.perceptual_hash import file_sha256
from mimica.safety.receipts import verify_receipt
from mimica.safety.training_rights import CONSENTS, LICENCES

FILM_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
LEDGER_KEYS = frozenset(
    {"file", "sha256", "subject", "source", "licence", "consent", "receipt", "adult", "opted_out"}
)  # fmt: skip


def films_below(sources: Iterable[Path]) -> list[Path]:
    """Every film that `sources`, files or folders, hold, by name. Raises UsageError where there is none."""
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            found += [path for path in source.rglob("*") if path.suffix.lower() in FILM_SUFFIXES and path.is_file()]
        elif source.is_file():
            found.append(source)
        else:
            raise UsageError(f"{source}: there is no such file or folder; check the path")
    if not found:
        raise UsageError(f"no film ({', '.join(FILM_SUFFIXES)}) in what was given; give other files or folders")
    return sorted({path.resolve() for path in found})


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A film's bytes in one number; "" when they cannot be read, and then why."""

    path: str
    sha256: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class TakeFingerprint:
    """The stage: path of a film → `Fingerprint`."""

    @property
    def name(self) -> str:
        return "fingerprint"

    def __call__(self, path: str) -> Fingerprint:
        try:
            return Fingerprint(path, file_sha256(Path(path)))
        except OSError as error:
            return Fingerprint(path, "", f"cannot be read ({error.strerror})")


class SourceLedger:
    """The rows of a ledger by the film that they are about."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file cannot be read, a key is unknown, or two rows contradict each other."""
        self.path = path
        self._rows: dict[Path, Mapping[str, Any]] = {}
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}: the ledger cannot be read ({error}); give one with a row for each film"
            ) from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._add(line, number)

    def _add(self, line: str, number: int) -> None:
        told = f"{self.path}, row {number}"
        try:
            row = json.loads(line)
            film = (self.path.parent / str(row["file"])).resolve()
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{told}: is no JSON object with a `file` ({error}); mend the row") from error
        unknown = sorted(set(row) - LEDGER_KEYS)
        if unknown:
            raise InputError(f"{told}: unknown key {unknown[0]!r}; known are {', '.join(sorted(LEDGER_KEYS))}")
        if self._rows.get(film, row) != row:
            raise InputError(f"{told}: says something else of {film.name} than a row before; keep one of them")
        self._rows[film] = row

    def refuse(self, film: Path, opted_out: frozenset[str] = frozenset()) -> Refusal | None:
        """Why a film may not even be opened, or None. opted_out: subjects who said no, by name."""
        row = self._rows.get(film.resolve())
        if row is None:
            return Refusal(film.name, "", "rights", f"has no row in {self.path.name}")
        subject = str(row.get("subject") or "")
        reason = _objection(row, subject, opted_out)
        return Refusal(film.name, subject, "rights", reason) if reason else None

    def admit(self, film: Path, sha256: str) -> Source | Refusal:
        """The film of these bytes, which `refuse` let pass, with its rights; or why its row does not hold for them."""
        row = self._rows[film.resolve()]
        subject, consent = str(row["subject"]), str(row["consent"])
        if row.get("sha256", sha256) != sha256:
            return Refusal(film.name, subject, "rights", "is not the file that its row is about (sha256 differs)")
        if consent == "receipt":
            try:
                consent = self._consent_of(row, sha256)
            except (OSError, MimicaError) as error:
                return Refusal(film.name, subject, "rights", " ".join(str(error).split()))
        rights = Rights(subject, str(row["source"]), str(row["licence"]), consent)
        return Source(str(film.resolve()), sha256, rights)

    def _consent_of(self, row: Mapping[str, Any], sha256: str) -> str:
        """A receipt holds for a film that it names among its drivers, or that is its portrait's own file."""
        path = self.path.parent / str(row.get("receipt", ""))
        receipt = verify_receipt(read_receipt_file(path), label=f"receipt {path.name}")
        terms = receipt.terms
        if not terms.training:
            raise UsageError(f"receipt {path.name} does not allow training; ask for one that does")
        if sha256 not in (*terms.drivers, terms.portrait.sha256):
            raise UsageError(f"receipt {path.name} does not name this film; ask for one that does")
        return f"receipt:{receipt.sha256}"


def _objection(row: Mapping[str, Any], subject: str, opted_out: frozenset[str]) -> str:
    """Why a row gives no right to train; "" when it does."""
    if not subject.strip():
        return "its row names no subject"
    if subject in opted_out or row.get("opted_out"):
        return "the subject opted out"
    if row.get("adult") is not True:
        return "shows a minor" if row.get("adult") is False else "its row does not say that the subject is an adult"
    if not row.get("source"):
        return "its row has no source"
    licence, consent = row.get("licence"), row.get("consent")
    if licence not in LICENCES:
        return (
            f"licence {licence!r} does not allow training and shipping weights" if licence else "its row has no licence"
        )
    if consent not in CONSENTS:
        return (
            f"consent {consent!r} is none; it must be one of {', '.join(CONSENTS)}"
            if consent
            else "its row has no consent"
        )
    return ""


def read_names(path: Path) -> frozenset[str]:
    """Subjects who opted out: a name a line, # begins a comment. Raises InputError when it cannot be read."""
    try:
        lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
        return frozenset(line for line in lines if line)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the list of opt-outs cannot be read ({error}); give a text file") from error
