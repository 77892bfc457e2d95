"""One job on record: begun in the ledger with an id for its mark, ended there when its file is signed, or has failed.

The order makes the promise: a row "started" before the first frame; temporary file → signed copy → fsync → read back
and judged → row "finished" with its sha256; only then does the file take its name. Killed anywhere, no file without
manifest and row becomes visible. This module does not know pixels or codecs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimica import __version__
from mimica.errors import ConsentError, LedgerError, MimicaError, OutputError, UsageError
from mimica.media.unfinished_file import output_error
from mimica.safety.consent import ConsentRecord
from mimica.safety.filetype import file_type
from mimica.safety.gate import Gate
from mimica.safety.ledger import JobFacts, Ledger, LedgerRow
from mimica.safety.manifest import Source, Statement, one_line, sign_file
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.perceptual_hash import file_sha256
from mimica.safety.signer import ProvenanceSigner


@dataclass(frozen=True, slots=True, eq=False)
class ReleaseTerms:
    """What must be at hand before anything may leave: on whose word, who signs, what refuses, made from what.

    weights: name → sha256 of the networks. settings: how it is made, in types that JSON knows. label: see `Label`.
    Raises ConsentError or UsageError when one of the first three is not the real thing.
    """

    consent: ConsentRecord
    signer: ProvenanceSigner
    gate: Gate
    sources: tuple[Source, ...] = ()
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    label: str = "start"

    def __post_init__(self) -> None:
        # types are checked by people's tools, not by Python: a None here must not become an output
        if not isinstance(self.consent, ConsentRecord):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConsentError("a release needs the record that require_consent gives; call it first")
        if not isinstance(self.signer, ProvenanceSigner):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError("a release needs a ProvenanceSigner; make one with ProvenanceSigner.local")
        if not isinstance(self.gate, Gate):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError("a release needs the Gate; load it with Gate.load")


@dataclass(frozen=True, slots=True)
class Release:
    """What is on record of a released file.

    job: the ledger's name of it. mark_id: what its invisible mark holds. manifest: "valid", or "trusted" when this
    machine trusts the signer. ledger_row: number of the row "finished". sha256: of the file. notes: what a person
    should know.
    """

    job: str
    mark_id: int
    manifest: str
    ledger_row: int
    sha256: str
    notes: tuple[str, ...] = ()


class ReleaseJob:
    """A job that has begun: its row "started" is in the ledger. Raises LedgerError when it cannot be."""

    def __init__(self, terms: ReleaseTerms, kind: str, job: str | None = None) -> None:
        """kind: video, image or frames. job: an unfinished one to go on with; LedgerError when it is not on record."""
        self.terms = terms
        if job is not None:
            self.started = _unfinished(job)
            return
        inputs = {source.role: source.sha256 for source in terms.sources}
        facts = JobFacts(terms.consent, terms.weights, inputs, {"kind": kind, **terms.settings})
        with Ledger.open() as ledger:
            self.started: LedgerRow = ledger.start(facts)

    @property
    def mark_id(self) -> int:
        return self.started.mark_id

    @property
    def statement(self) -> Statement:
        """What the manifest says."""
        terms, consent = self.terms, self.terms.consent
        everybody = (consent, *consent.others) if consent.others else ()
        return Statement(
            job=self.started.job, mark_id=self.mark_id, basis=consent.told, version=__version__,
            receipt_sha256=consent.receipt_hash, sources=terms.sources, weights=terms.weights,
            ledger_row=self.started.hash,
            faces=tuple((record.face or 0, record.basis, record.receipt_hash) for record in everybody),
        )  # fmt: skip

    def seal(self, unfinished: Path, target: Path) -> Release:
        """Sign the complete file in place, read it back, and put it on record.

        target: the name it is to take, for messages. Raises OutputError or LedgerError, and the file must then not
        appear.
        """
        mime = file_type(unfinished).mime
        if mime is None:
            raise UsageError(f"{target}: this format has no place for a manifest; use mp4, mov, png, jpg or webp")
        signed = unfinished.with_name(f"{unfinished.name.removesuffix('.part')}.signed.part")
        try:
            self._require_same_inputs(target)
            notes = sign_file(unfinished, signed, mime, self.statement, self.terms.signer)
            with signed.open("rb+") as file:
                os.fsync(file.fileno())
            state = self._checked(signed, target)
            sha256 = file_sha256(signed)
            with Ledger.open() as ledger:
                row = ledger.finish(self.started, sha256)
            signed.replace(unfinished)
        except OSError as error:
            raise output_error(target, error) from error
        finally:
            with suppress(OSError):
                signed.unlink(missing_ok=True)
        return Release(self.started.job, self.mark_id, state, row.number, sha256, notes)

    def _require_same_inputs(self, target: Path) -> None:
        """What was agreed to and put on record must be what was read."""
        for source in self.terms.sources:
            if source.path is not None and file_sha256(source.path) != source.sha256:
                raise OutputError(
                    f"{target} was not written: {source.path} was changed while it was animated; leave inputs alone "
                    "until the work is done"
                )

    def _checked(self, signed: Path, target: Path) -> str:
        reading = read_manifest(signed)
        if reading.state not in ("valid", "trusted"):
            why = "; ".join(reading.problems) or reading.state
            raise OutputError(
                f"{target} was not written: its new manifest does not hold ({why}); check the clock and "
                f"{self.terms.signer.name}"
            )
        if reading.statement != self.statement.assertion() or reading.mark_id != self.mark_id:
            raise OutputError(f"{target} was not written: its new manifest does not say what was signed; try again")
        return reading.state

    def hand_over(self) -> None:
        """Put on record that all frames were handed to a program, which made no file here."""
        row = LedgerRow("finished", self.started.job, self.mark_id, note="frames were handed to a program")
        with Ledger.open() as ledger:
            ledger.append(row)

    def fail(self, error: BaseException) -> None:
        """Put on record that the job failed; silent when that cannot be written, since the first error matters more."""
        if isinstance(error, MimicaError):
            reason = one_line(error)
        elif isinstance(error, GeneratorExit):
            reason = "the program stopped asking for frames"
        else:
            reason = type(error).__name__
        with suppress(LedgerError), Ledger.open() as ledger:
            ledger.fail(self.started, reason)


def is_unfinished(job: str) -> bool:
    """Whether the ledger knows the job and no file of it. Raises LedgerError."""
    with Ledger.open() as ledger:
        return any(found.started.job == job and found.state != "finished" for found in ledger.find(job=job))


def _unfinished(job: str) -> LedgerRow:
    with Ledger.open() as ledger:
        for found in ledger.find(job=job):
            if found.started.job == job and found.state != "finished":
                return found.started
        raise LedgerError(f"ledger {ledger.path}: has no unfinished job {job[:80]}; run without --resume to begin anew")
