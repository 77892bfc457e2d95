"""Revocations: consent taken back, signed by the person and handed over, or noted here on their word.

A receipt counts as revoked as soon as a file of its name lies in `home`/revoked, whatever that file holds: damage must
not bring consent back. A revocation that was handed over is kept under the name of the key that signed it too, and only
counts against receipts of that key: nobody can take back what another person gave. This module does not know what was
agreed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mimica.errors import MalformedReceipt
from mimica.safety.home import home, write_private
from mimica.safety.keys import PublicKey, SigningKey, trusted_keys
from mimica.safety.signed_statement import read_unverified, sign_statement, verify_statement

TYPE: Final = "consent-revocation+jws"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Consent taken back. receipt: its identifier. revoked_at: UTC, ISO 8601. key: thumbprint of who signed."""

    receipt: str
    revoked_at: str
    key: str


def sign_revocation(receipt: str, key: SigningKey, now: datetime | None = None) -> str:
    """The signed revocation of the receipt with this identifier, one line of ASCII, to hand over."""
    moment = (datetime.now(UTC) if now is None else now).astimezone(UTC).isoformat(timespec="seconds")
    payload = {
        "@context": {"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/"},
        "@type": "dpv:ConsentRecord",
        "dct:identifier": receipt,
        "dct:modified": moment,
        "dpv:hasConsentStatus": "dpv:ConsentWithdrawn",
    }
    return sign_statement(payload, TYPE, key)


def is_revocation(token: bytes) -> bool:
    """Whether a token calls itself a revocation."""
    try:
        read_unverified(token, TYPE, "revocation")
    except MalformedReceipt:
        return False
    return True


def verify_revocation(
    token: bytes, *, keys: Mapping[str, PublicKey] | None = None, label: str = "revocation"
) -> Revocation:
    """A revocation that a trusted key signed.

    Raises:
        MalformedReceipt, ForbiddenAlgorithm, UnknownGrantor, TamperedReceipt.
    """
    said = verify_statement(token, TYPE, trusted_keys() if keys is None else keys, label)
    receipt: Any = said.payload.get("dct:identifier")
    moment: Any = said.payload.get("dct:modified")
    withdrawn = said.payload.get("dpv:hasConsentStatus") == "dpv:ConsentWithdrawn"
    if not (withdrawn and isinstance(moment, str) and isinstance(receipt, str) and _named(receipt)):
        raise MalformedReceipt(f"{label}: does not name the receipt that it revokes; ask for the file again")
    return Revocation(receipt, moment, said.kid)


def revoke(receipt: str, key: str | None = None, evidence: str = "") -> Path:
    """Hold a receipt for revoked on this machine from now on; gives the file that says so.

    receipt: its identifier. key: thumbprint of the key that signed the revocation; None when the person told it
    another way, which counts whoever signed the receipt. evidence: the signed revocation. Raises OutputError when it
    cannot be written.
    """
    path = _file(receipt, key)
    if not path.exists():
        noted = {"receipt": receipt, "noted_at": datetime.now(UTC).isoformat(timespec="seconds"), "evidence": evidence}
        write_private(path, (json.dumps(noted) + "\n").encode(), replace=True)
    return path


def is_revoked(receipt: str, key: str) -> bool:
    """Whether the receipt with this identifier, signed by `key`, was revoked, as far as this machine knows."""
    return not _named(receipt) or _file(receipt, None).exists() or _file(receipt, key).exists()


def _named(receipt: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", receipt) is not None


def _file(receipt: str, key: str | None) -> Path:
    return home() / "revoked" / (receipt if key is None else f"{receipt}.{key}")
