"""Agreements: on whose word each face of a portrait performs, when several do.

One basis may hold for all, or each face has its own; a receipt is one person's, so each face has its own there too, and
"self" can be said of one face only. This module does not know faces, only their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mimica.errors import ConsentError, UsageError
from mimica.safety.consent import ConsentRecord, check_basis, read_receipt_file, require_consent

if TYPE_CHECKING:
    from mimica.safety.perceptual_hash import PortraitPrint

EVERY_FACE: Final = 0
"""In place of a face's number: every face that has nothing of its own."""

Consent = str | Mapping[int, str] | None
"""A basis for every face, or one for each by its number; None states none, which is refused."""

ReceiptFiles = Path | str | Mapping[int, Path | str] | None
"""A receipt for the one face, or for each by its number."""


@dataclass(frozen=True, slots=True)
class Agreements:
    """What was stated. basis, receipt: for every face that has none of its own. bases, receipts: by a face's number."""

    basis: str | None = None
    receipt: Path | None = None
    bases: Mapping[int, str] = field(default_factory=dict[int, str])
    receipts: Mapping[int, Path] = field(default_factory=dict[int, Path])

    @classmethod
    def of(cls, consent: Consent, receipt: ReceiptFiles = None) -> Agreements:
        """From what a caller gave; see `Consent` and `ReceiptFiles`."""
        bases = dict(consent) if isinstance(consent, Mapping) else {EVERY_FACE: consent or ""}
        files = receipt if isinstance(receipt, Mapping) else {} if receipt is None else {EVERY_FACE: receipt}
        receipts = {number: Path(file) for number, file in files.items()}
        return cls(bases.pop(EVERY_FACE, None) or None, receipts.pop(EVERY_FACE, None), bases, receipts)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every receipt that was named."""
        return (*(() if self.receipt is None else (self.receipt,)), *self.receipts.values())

    def of_face(self, number: int) -> tuple[str | None, Path | None]:
        """(basis, receipt) of one face. A receipt of its own implies the basis "receipt"."""
        receipt = self.receipts.get(number)
        basis = self.bases.get(number) or ("receipt" if receipt and self.basis != "licensed" else self.basis)
        common = self.receipt if basis == self.basis else None
        return basis, receipt or common

    def check(self, purpose: str) -> None:
        """Refuse early what can be refused before the photo is opened; see `check_basis`. Raises ConsentError."""
        numbers = sorted({*self.bases, *self.receipts})
        if self.basis is not None or not numbers:
            own = self.basis == "receipt" and self.receipt is None and bool(self.receipts)
            if not own:  # each face must then have its own, which `require` sees
                check_basis(self.basis, self.receipt, purpose)
        for number in numbers:
            check_basis(*self.of_face(number), purpose)

    def verify(self, purpose: str) -> None:
        """Check what a receipt says of itself, before anything is loaded: who signed it, until when, for what use.

        Whether it is about this picture and this driver is for `require`. Raises ConsentError and ReceiptError.
        """
        from mimica.safety.receipts import verify_receipt

        self.check(purpose)
        for number in sorted({EVERY_FACE, *self.bases, *self.receipts}):
            basis, file = (self.basis, self.receipt) if number == EVERY_FACE else self.of_face(number)
            if basis == "receipt" and file is not None:
                label = f"receipt {file}"
                verify_receipt(read_receipt_file(file), label=label).require_purpose(purpose, label)

    def require(self, drivers: Mapping[int, str], portrait: PortraitPrint, purpose: str) -> ConsentRecord:
        """The consent to put on record for faces that perform; see `require_consent`.

        drivers: sha256 of the driving video of each face, by number. The record is the first face's; `others` are the
        rest. Raises ConsentError and ReceiptError as `require_consent`, UsageError for a face that does not perform.
        """
        numbers = sorted(drivers)
        for number in sorted({*self.bases, *self.receipts}):
            if number not in drivers:
                raise UsageError(f"face {number}: consent was given for it, but it does not perform; see --face")
        records: list[ConsentRecord] = []
        for number in numbers:
            basis, receipt = self.of_face(number)
            if basis is None:
                raise ConsentError(f"face {number}: no basis of consent was given; give one: --consent {number}=BASIS")
            record = require_consent(
                basis, receipt, portrait=portrait, driver_sha256=drivers[number], purpose=purpose
            )  # fmt: skip
            records.append(record if len(numbers) == 1 else replace(record, face=number))
        _one_person_each(records)
        return replace(records[0], others=tuple(records[1:])) if len(records) > 1 else records[0]


def parse_consent(text: str | None) -> Consent:
    """A basis, or bases by face such as "fictional,2=receipt", from the command line. Raises UsageError."""
    if text is None or "=" not in text:
        return text
    bases: dict[int, str] = {}
    for part in text.split(","):
        head, equals, tail = part.strip().partition("=")
        number = _number(head, f"--consent {text!r}") if equals else EVERY_FACE
        if number in bases:
            raise UsageError(f"--consent {text!r}: face {number or 'every'} is named twice; give each one basis")
        bases[number] = tail if equals else head
    return bases


def parse_receipts(texts: Iterable[str]) -> ReceiptFiles:
    """Receipts such as "anna.jws" or "2=anna.jws" from the command line. Raises UsageError."""
    files: dict[int, Path] = {}
    for text in texts:
        head, equals, tail = text.partition("=")
        own = equals and head.isascii() and head.isdigit()
        number = _number(head, f"--receipt {text!r}") if own else EVERY_FACE
        if number in files:
            raise UsageError(f"--receipt {text}: is a second one; several faces need numbers: --receipt 2={text}")
        files[number] = Path(tail if own else text)
    return files.get(EVERY_FACE) if set(files) <= {EVERY_FACE} else files


def _number(text: str, label: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise UsageError(f"{label}: {text!r} is not the number of a face; they count from 1, see mimica faces")
    return int(text)


def _one_person_each(records: Iterable[ConsentRecord]) -> None:
    selves: list[int | None] = []
    agreed: dict[str, int | None] = {}
    for record in records:
        if record.basis == "self":
            selves.append(record.face)
        if record.receipt_verified and record.receipt_hash:
            if record.receipt_hash in agreed:
                raise ConsentError(
                    f"faces {agreed[record.receipt_hash]} and {record.face}: one receipt is one person's word; give "
                    f"each face its own: --receipt {record.face}=FILE"
                )
            agreed[record.receipt_hash] = record.face
    if len(selves) > 1:
        raise ConsentError(
            f"faces {', '.join(map(str, selves))}: consent 'self' can be said of one face only; give the others their "
            f"own: --consent {selves[0]}=self,{selves[1]}=BASIS"
        )
