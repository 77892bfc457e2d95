"""Receipts: an adult's signed agreement that their portrait may be animated, bound to picture, driver, use and time.

The payload follows ISO/IEC TS 27560:2023 (consent records and receipts) in the terms of W3C's Data Privacy Vocabulary,
as its guide to that standard lays them out (https://w3id.org/dpv/guides/consent-27560). A receipt proves that the
holder of a trusted key agreed to exactly this; whether that holder is the person in the picture is what trusting the
key means. This module does not know who asks for an animation.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mimica.errors import (
    ConsentError,
    ExpiredReceipt,
    MalformedReceipt,
    RevokedReceipt,
    WrongDriver,
    WrongPortrait,
    WrongPurpose,
)
from mimica.safety.consent import PURPOSES
from mimica.safety.keys import PublicKey, SigningKey, trusted_keys
from mimica.safety.perceptual_hash import PortraitPrint
from mimica.safety.plain_text import is_plain
from mimica.safety.signed_statement import read_unverified, sign_statement, verify_statement

TYPE: Final = "consent-receipt+jws"
MAX_DAYS: Final = 1825
"""Longest time that a receipt may hold: five years. Consent is not for ever."""

CLOCK_SKEW: Final = timedelta(minutes=5)
ADULT: Final = "I am the person in this portrait, I am 18 or older, and I agree freely."
WITHDRAWAL: Final = "I can take this back at any time: mimica consent revoke, or by telling the controller."

_CONTEXT: Final = {"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/", "schema": "https://schema.org/"}
_PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-record"
_PURPOSE_TERMS: Final = {
    "personal": "dpv:NonCommercialPurpose",
    "publication": "dpv:NonCommercialPurpose",
    "commercial": "dpv:CommercialPurpose",
    "research": "dpv:ResearchAndDevelopment",
}


@dataclass(frozen=True, slots=True)
class ReceiptTerms:
    """What a person agrees to.

    Attributes:
        subject: the person, as they call themselves.
        controller: who may use the portrait, as they call themselves.
        portrait: fingerprints of the picture.
        purposes: names in `consent.PURPOSES`, at least one.
        drivers: sha256 of the driving videos that are allowed; empty allows any.
        training: whether networks may be trained on the portrait.
        issued_at, expires_at: with a zone, at most `MAX_DAYS` apart.
        identifier: 32 hexadecimal digits; what a revocation names.
    """

    subject: str
    controller: str
    portrait: PortraitPrint
    purposes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    drivers: tuple[str, ...] = ()
    training: bool = False
    identifier: str = ""

    def __post_init__(self) -> None:
        if not (self.subject.strip() and self.controller.strip()):
            raise MalformedReceipt("receipt: must name the person and who may use the photo; give --subject and --to")
        if not (is_plain(self.subject) and is_plain(self.controller)):
            raise MalformedReceipt("receipt: a name holds characters that cannot be printed; leave them out")
        if max(len(self.subject), len(self.controller)) > 200:
            raise MalformedReceipt("receipt: names are longer than 200 characters; shorten them")
        if (
            not self.purposes
            or not set(self.purposes) <= set(PURPOSES)
            or len(set(self.purposes)) != len(self.purposes)
        ):
            raise MalformedReceipt(f"receipt: purposes must be some of {', '.join(PURPOSES)}, each once")
        prints = (self.portrait.sha256, self.portrait.phash, *self.drivers)
        if not all(re.fullmatch(r"[0-9a-f]{64}", value) for value in prints):
            raise MalformedReceipt(
                "receipt: fingerprints must be 64 lower-case hexadecimal digits; give the files themselves"
            )
        if self.issued_at.tzinfo is None or self.expires_at.tzinfo is None:
            raise MalformedReceipt("receipt: times must have a zone")
        if not timedelta(0) < self.expires_at - self.issued_at <= timedelta(days=MAX_DAYS):
            raise MalformedReceipt(f"receipt: must end after it begins and within {MAX_DAYS} days; give other --days")
        if not re.fullmatch(r"(?:[0-9a-f]{32})?", self.identifier):
            raise MalformedReceipt("receipt: its identifier must be 32 hexadecimal digits")

    def as_payload(self) -> dict[str, Any]:
        """The terms as a consent receipt in JSON-LD."""
        portrait = {
            "@type": "schema:ImageObject", "schema:sha256": self.portrait.sha256, "perceptualHash": self.portrait.phash,
        }  # fmt: skip
        process = {
            "@type": "dpv:Process", "dpv:hasProcessing": "dpv:Transform", "dpv:hasPersonalData": portrait,
            "dpv:hasPurpose": [{"@type": _PURPOSE_TERMS[name], "schema:name": name} for name in self.purposes],
            "allowedDrivers": list(self.drivers), "training": self.training,
        }  # fmt: skip
        record = {
            "@type": "dpv:ConsentRecord", "dct:identifier": self.identifier,
            "dpv:hasDataSubject": {"@type": "dpv:Adult", "schema:name": self.subject, "attests": ADULT},
            "dpv:hasDataController": {"schema:name": self.controller},
            "dpv:hasLegalBasis": "dpv:ExplicitlyExpressedConsent", "dpv:hasConsentStatus": "dpv:ConsentGiven",
            "dct:valid": {"start": _iso(self.issued_at), "end": _iso(self.expires_at)},
            "dpv:hasProcess": process,
            "dpv:hasConsentManagement": {"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": WITHDRAWAL},
        }  # fmt: skip
        return {
            "@context": _CONTEXT, "@type": "dpv:ConsentReceipt", "dct:conformsTo": _PROFILE,
            "dct:created": _iso(self.issued_at), "dpv:hasRecordOfActivity": record,
        }  # fmt: skip

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], label: str) -> ReceiptTerms:
        """Inverse of `as_payload`; anything else than what that writes is refused. Raises MalformedReceipt."""
        try:
            record = payload["dpv:hasRecordOfActivity"]
            process = record["dpv:hasProcess"]
            portrait = process["dpv:hasPersonalData"]
            terms = cls(
                subject=record["dpv:hasDataSubject"]["schema:name"],
                controller=record["dpv:hasDataController"]["schema:name"],
                portrait=PortraitPrint(portrait["schema:sha256"], portrait["perceptualHash"]),
                purposes=tuple(purpose["schema:name"] for purpose in process["dpv:hasPurpose"]),
                issued_at=datetime.fromisoformat(record["dct:valid"]["start"]),
                expires_at=datetime.fromisoformat(record["dct:valid"]["end"]),
                drivers=tuple(process["allowedDrivers"]),
                training=process["training"],
                identifier=record["dct:identifier"],
            )
            if not terms.identifier or type(process["training"]) is not bool or terms.as_payload() != payload:
                raise ValueError("it says more, less or other things than a receipt does")
        except (KeyError, TypeError, ValueError, AttributeError, ConsentError) as error:
            raise MalformedReceipt(
                f"{label}: is not a receipt of consent that this Mimica knows ({error}); ask for a new one"
            ) from error
        return terms


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was verified. terms: what was agreed. key: thumbprint of who signed. sha256: of the token."""

    terms: ReceiptTerms
    key: str
    sha256: str

    def require_fit(self, portrait: PortraitPrint, driver_sha256: str, purpose: str, label: str = "receipt") -> None:
        """Check that the agreement covers this portrait, this driver and this use.

        Raises:
            WrongPortrait, WrongDriver, WrongPurpose: it does not.
        """
        self.require_portrait(portrait, label)
        self.require_driver(driver_sha256, label)
        self.require_purpose(purpose, label)

    def require_portrait(self, portrait: PortraitPrint, label: str = "receipt") -> None:
        """Raises WrongPortrait when the agreement is about another picture."""
        if not self.terms.portrait.same_picture(portrait):
            raise WrongPortrait(f"{label}: is about another picture; use the photo that it was given for, uncropped")

    def require_driver(self, driver_sha256: str, label: str = "receipt") -> None:
        """Raises WrongDriver when the agreement names driving videos and this is none of them."""
        if self.terms.drivers and driver_sha256 not in self.terms.drivers:
            raise WrongDriver(
                f"{label}: allows {len(self.terms.drivers)} driving video(s), and this is none of them; use one of "
                "those, or ask for a receipt that allows this one"
            )

    def require_purpose(self, purpose: str, label: str = "receipt") -> None:
        """Raises WrongPurpose when the agreement does not allow this use."""
        if purpose not in self.terms.purposes:
            raise WrongPurpose(
                f"{label}: allows {', '.join(self.terms.purposes)}, not {purpose}; ask for a receipt that allows it"
            )


def sign_receipt(terms: ReceiptTerms, key: SigningKey) -> str:
    """The signed receipt, one line of ASCII; it gets a new identifier unless the terms have one."""
    return sign_statement(replace(terms, identifier=terms.identifier or secrets.token_hex(16)).as_payload(), TYPE, key)


def looks_signed(content: bytes) -> bool:
    """Whether a file is in the form of a signed statement, good or bad."""
    return re.fullmatch(rb"\s*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\s*", content) is not None


def token_of(content: bytes) -> bytes:
    """A file's token: one line break at the end, as editors and mail leave it, is not part of it."""
    return content.removesuffix(b"\n").removesuffix(b"\r") if content.endswith(b"\n") else content


def show_receipt(content: bytes, label: str = "receipt") -> tuple[ReceiptTerms, str]:
    """(what a receipt says, thumbprint of the key it names): not verified, so only to look at.

    Raises MalformedReceipt or ForbiddenAlgorithm when it is not in the form of a receipt.
    """
    said = read_unverified(token_of(content), TYPE, label)
    return ReceiptTerms.from_payload(said.payload, label), said.kid


def verify_receipt(
    content: bytes,
    *,
    keys: Mapping[str, PublicKey] | None = None,
    now: datetime | None = None,
    label: str = "receipt",
) -> Receipt:
    """A receipt that is signed by a trusted key, in time and not revoked; `Receipt.require_fit` checks what it covers.

    Args:
        content: of the file.
        keys: to trust, by thumbprint; those of this machine when None.
        now: the time to judge by, with a zone; the clock's when None.

    Raises:
        MalformedReceipt, ForbiddenAlgorithm, UnknownGrantor, TamperedReceipt, ExpiredReceipt, RevokedReceipt.
    """
    from mimica.safety.revocation import is_revoked

    token = token_of(content)
    said = verify_statement(token, TYPE, trusted_keys() if keys is None else keys, label)
    terms = ReceiptTerms.from_payload(said.payload, label)
    now = datetime.now(UTC) if now is None else now
    if now < terms.issued_at - CLOCK_SKEW:
        raise ExpiredReceipt(f"{label}: holds from {_iso(terms.issued_at)} only; check this machine's clock")
    if now >= terms.expires_at:
        raise ExpiredReceipt(f"{label}: expired at {_iso(terms.expires_at)}; ask the person for a new one")
    if is_revoked(terms.identifier, said.kid):
        raise RevokedReceipt(f"{label}: was revoked, the person took it back; do not animate this portrait")
    return Receipt(terms, said.kid, hashlib.sha256(token).hexdigest())


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
