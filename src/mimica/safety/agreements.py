"""Agreements: on whose word each face of a portrait performs, when several do.

One basis may hold for all, or each face has its own; a receipt is one person's, so each face has its own there too, and
"self" can be said of one face only. This module does not know faces, only their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mimica.errors import ConsentError, UsageError
from mimica.safety.consent import ConsentRecord, check_basis, require_consent
from mimica.safety.perceptual_hash import PortraitPrint

Consent = str | Mapping[int, str] | None
"""A basis for every face, or one for each numbered face; None states none, which is refused."""

ReceiptFiles = Path | str | Mapping[int, Path | str] | None
"""A receipt for the one face, or for each numbered one."""


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
        bases = dict(consent) if isinstance(consent, Mapping) else {}
        receipts = {number: Path(file) for number, file in receipt.items()} if isinstance(receipt, Mapping) else {}
        return cls(
            None if isinstance(consent, Mapping) else consent,
            None if receipt is None or isinstance(receipt, Mapping) else Path(receipt),
            bases, receipts,
        )  # fmt: skip

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
