"""Consent: on whose word a face is animated, asked before anything is computed and written into what comes out.

A basis is an assertion by the person who runs Mimica, not a proof. Only "receipt" is checked: a signed agreement, bound
to the portrait, the driver and the use (``receipts``). This module does not know whether an assertion is true.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mimica.errors import ConsentError, ExpiredReceipt, MalformedReceipt, ReceiptError, WrongDriver, WrongPortrait

if TYPE_CHECKING:
    from mimica.safety.perceptual_hash import PortraitPrint

DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a picture of which a part was made by a trained model (IPTC NewsCodes, digital source type)."""

MAX_RECEIPT_BYTES: Final = 1 << 20
CLOCK_TOLERANCE: Final = timedelta(days=1)
"""How far the clock may be behind the ledger's newest row when a receipt is judged."""


@dataclass(frozen=True, slots=True)
class Basis:
    """One ground on which a face may be animated: its name on the command line and what choosing it asserts."""

    name: str
    asserts: str
    receipt: str = "refused"
    """Whether a receipt file is "required", "optional" or "refused"."""


BASES: Final[dict[str, Basis]] = {
    basis.name: basis
    for basis in (
        Basis("self", "The photo shows me, I am an adult, and I want it animated."),
        Basis(
            "receipt",
            "The adult in the photo agreed to this use; --receipt FILE is their signed agreement.",
            receipt="required",
        ),
        Basis(
            "fictional", "The photo shows nobody: a drawn, rendered or generated face that resembles no real person."
        ),
        Basis(
            "historical", "The person in the photo is long dead, the photo is free to use, and nobody is misled by it."
        ),
        Basis(
            "licensed",
            "The photo's licence and the adult it shows permit this use; --receipt FILE may hold it.",
            receipt="optional",
        ),
    )
}

PURPOSES: Final[dict[str, str]] = {
    "personal": "shown to people whom I know, not published",
    "publication": "published, without being paid for it",
    "commercial": "advertised with, sold, or published for pay",
    "research": "studied and measured, not published as a film",
}
"""What an animation may be for; a receipt names those that it allows."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """Consent on record, as `require_consent` gives it: the one thing without which nothing is written.

    Attributes:
        basis: a name in `BASES`.
        stated_at: UTC date and time to the second, ISO 8601, when the basis was stated here.
        asserts: what choosing the basis asserts, in words.
        purpose: what this animation is for, a name in `PURPOSES`.
        receipt_hash: sha256 of the receipt or of the licence document, 64 hex digits; None without one.
        receipt_verified: whether that file is a signed receipt that was checked, rather than a document put on record.
        subject: who agreed, as the receipt names them; None without a verified receipt.
        grantor_key: thumbprint (RFC 7638) of the key that signed the receipt; None without one.
        purposes: all uses that the receipt allows; without one just `purpose`.
        training: whether the receipt allows training on the portrait; without one no.
        expires_at: end of the receipt's time, ISO 8601; None without one.
        face: number of the face that this is about, when several of the portrait perform; else None.
        others: the records of the other faces that perform.
    """

    basis: str
    stated_at: str
    asserts: str
    purpose: str = "personal"
    receipt_hash: str | None = None
    receipt_verified: bool = False
    subject: str | None = None
    grantor_key: str | None = None
    purposes: tuple[str, ...] = ("personal",)
    training: bool = False
    expires_at: str | None = None
    face: int | None = None
    others: tuple[ConsentRecord, ...] = ()

    @property
    def told(self) -> str:
        """The basis in a word; of several faces each different one, joined by "+"."""
        return "+".join(dict.fromkeys(record.basis for record in (self, *self.others)))

    def as_dict(self) -> dict[str, Any]:
        """The record in types that JSON knows, without `subject`: what reads it never forgets a name.

        With several faces the whole begins with `told` and lists each face's record under "faces".
        """
        left_out = {"subject", "others"} if self.face is not None else {"subject", "others", "face"}
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in left_out}
        values["purposes"] = list(self.purposes)
        if not self.others:
            return values
        faces = [replace(record, others=()).as_dict() for record in (self, *self.others)]
        return values | {"basis": self.told, "faces": faces}

    def metadata(self, version: str) -> dict[str, str]:
        """What every output carries in its container: that it is AI-generated, by what, and on whose word.

        version: of Mimica. Returns the tags `comment` and `description`, which MP4, MOV, MKV, PNG and JPEG know;
        one line of ASCII each, so that no container or player garbles them. Nobody is named.
        """
        record = f"consent={self.told}"
        receipts = [one.receipt_hash for one in (self, *self.others) if one.receipt_hash is not None]
        if receipts:
            record += f"; receipt-sha256={','.join(receipts)}"
        return {
            "comment": f"AI-generated; DigitalSourceType={DIGITAL_SOURCE_TYPE}; software=Mimica {version}; {record}",
            "description": f"AI-generated: a photo animated by Mimica {version} with the motion of another video.",
        }


def check_basis(basis: str | None, receipt: Path | str | None = None, purpose: str = "personal") -> str:
    """Refuse early what can be refused before the photo is opened; gives the basis back.

    This is not consent: `require_consent` is. Raises ConsentError when the basis is missing or unknown, the receipt
    missing, unreadable or misplaced, or the purpose unknown.
    """
    names = ", ".join(BASES)
    if basis is None or not basis.strip():
        raise ConsentError(
            f"no basis of consent was given, so nothing was computed; choose one with --consent: {names}"
        )
    if basis not in BASES:
        raise ConsentError(f"{basis!r} is not a basis of consent; choose one of: {names}")
    if purpose not in PURPOSES:
        raise ConsentError(f"{purpose!r} is not a purpose; choose one of: {', '.join(PURPOSES)}")
    rule = BASES[basis].receipt
    if receipt is None:
        if rule == "required":
            raise ConsentError("consent 'receipt' needs the signed agreement as a file; add --receipt FILE")
    elif rule == "refused":
        raise ConsentError(f"consent {basis!r} takes no receipt; leave out --receipt or choose --consent receipt")
    else:
        read_receipt_file(Path(receipt))
    return basis


def require_consent(
    basis: str | None,
    receipt: Path | str | None = None,
    *,
    portrait: PortraitPrint | None = None,
    driver_sha256: str | None = None,
    purpose: str = "personal",
    now: datetime | None = None,
) -> ConsentRecord:
    """The consent to put on record. Call it before anything is computed.

    Args:
        basis: a name in `BASES`.
        receipt: path of the signed receipt for basis "receipt", or of the licence for basis "licensed".
        portrait: fingerprints of the photo (`perceptual_hash.portrait_print`); a signed receipt is bound to it.
        driver_sha256: of the driving video's file, 64 hex digits; a receipt may allow some only.
        purpose: what the animation is for, a name in `PURPOSES`.
        now: the time to judge by, with a zone; the clock's when None.

    Raises:
        ConsentError: no basis, an unknown one, or a receipt missing, unreadable or misplaced.
        ReceiptError: the receipt does not hold; its kinds (MalformedReceipt, ForbiddenAlgorithm, TamperedReceipt,
            UnknownGrantor, ExpiredReceipt, RevokedReceipt, WrongPortrait, WrongDriver, WrongPurpose) say why.
    """
    basis = check_basis(basis, receipt, purpose)
    now = now or datetime.now(UTC)
    stated_at = now.astimezone(UTC).isoformat(timespec="seconds")
    record = ConsentRecord(basis, stated_at, BASES[basis].asserts, purpose, purposes=(purpose,))
    if receipt is None:
        return record
    return _with_receipt(record, Path(receipt), portrait, driver_sha256, now)


def _with_receipt(
    record: ConsentRecord, path: Path, portrait: PortraitPrint | None, driver_sha256: str | None, now: datetime
) -> ConsentRecord:
    from mimica.safety.receipts import looks_signed, verify_receipt

    content = read_receipt_file(path)
    if record.basis != "receipt":
        if looks_signed(content):
            raise MalformedReceipt(f"receipt {path}: is a signed receipt; use it with --consent receipt")
        return replace(record, receipt_hash=hashlib.sha256(content).hexdigest())
    receipt = verify_receipt(content, label=f"receipt {path}", now=now)
    _require_running_clock(path, now)
    if portrait is None:
        raise WrongPortrait(f"receipt {path}: no portrait was given to compare it with; give the photo's fingerprints")
    if driver_sha256 is None:
        raise WrongDriver(f"receipt {path}: no driving video was given to compare it with; give its sha256")
    receipt.require_fit(portrait, driver_sha256, record.purpose, label=f"receipt {path}")
    return replace(
        record, receipt_hash=receipt.sha256, receipt_verified=True, subject=receipt.terms.subject,
        grantor_key=receipt.key, purposes=receipt.terms.purposes, training=receipt.terms.training,
        expires_at=receipt.terms.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _require_running_clock(path: Path, now: datetime) -> None:
    """A clock that was set back would revive what has expired: the ledger knows a time that has been."""
    from mimica.safety.ledger import Ledger, ledger_path

    if not ledger_path().exists():
        return
    with Ledger.open(create=False) as ledger:
        newest = ledger.newest_time()
    if newest is not None and now < newest - CLOCK_TOLERANCE:
        raise ExpiredReceipt(
            f"receipt {path}: this machine's clock has gone back behind the ledger's newest row "
            f"({newest.isoformat(timespec='seconds')}), so whether the receipt has expired is unknown; set the clock"
        )


def explanation() -> str:
    """What each basis asserts, one screen of plain text for a person who gave none."""
    lines = [
        "Mimica animates a face only when you say on whose word. What you choose is written into the video.",
        "",
        *(f"  --consent {basis.name:<11} {basis.asserts}" for basis in BASES.values()),
        "",
        "Never animate a person who did not agree, a child, or anyone in an intimate or humiliating scene.",
    ]
    return "\n".join(lines)


def read_receipt_file(path: Path) -> bytes:
    """The bytes of a receipt. Raises ReceiptError when there is none to read, or far too much."""
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            raise ReceiptError(f"receipt {path}: {problem}; give the file that holds the agreement")
        with path.open("rb") as file:
            content = file.read(MAX_RECEIPT_BYTES + 1)
    except OSError as error:
        raise ReceiptError(f"receipt {path}: cannot be read ({error.strerror}); give a readable file") from error
    if not content:
        raise ReceiptError(f"receipt {path}: is empty; give the file that holds the agreement")
    if len(content) > MAX_RECEIPT_BYTES:
        raise ReceiptError(f"receipt {path}: is larger than 1 MiB; give the agreement itself, not a scan of a book")
    return content
