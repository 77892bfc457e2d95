"""Consent: on whose word a face is animated, asked before anything is computed and written into what comes out.

A basis is an assertion by the person who runs Mimica, not a proof. This module checks that one was made and that a
receipt, where one is needed, is a readable file, whose sha256 goes on record. It does not know whether the
assertion is true and does not check the receipt's signature.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mimica.errors import ConsentError

DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a picture of which a part was made by a trained model (IPTC NewsCodes, digital source type)."""

MAX_RECEIPT_BYTES: Final = 1 << 20


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
            "The adult in the photo agreed to this use in writing; --receipt FILE is that agreement.",
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


@dataclass(frozen=True, slots=True)
class Consent:
    """Consent on record: the basis, and the receipt's sha256 (64 hex digits) when there is a receipt."""

    basis: str
    receipt_sha256: str | None = None

    def metadata(self, version: str) -> dict[str, str]:
        """What every output carries in its container: that it is AI-generated, by what, and on whose word.

        version: of Mimica. Returns the tags `comment` and `description`, which MP4, MOV, MKV, PNG and JPEG know;
        one line of ASCII each, so that no container or player garbles them.
        """
        record = f"consent={self.basis}"
        if self.receipt_sha256 is not None:
            record += f"; receipt-sha256={self.receipt_sha256}"
        return {
            "comment": f"AI-generated; DigitalSourceType={DIGITAL_SOURCE_TYPE}; software=Mimica {version}; {record}",
            "description": f"AI-generated: a photo animated by Mimica {version} with the motion of another video.",
        }


def require_consent(basis: str | None, receipt: Path | str | None = None) -> Consent:
    """The consent to put on record. Call it first: nothing is computed without one.

    basis: a name in `BASES`. receipt: path of the written agreement, where the basis asks for one.
    Raises ConsentError when the basis is missing or unknown, or when the receipt is missing, unreadable or misplaced.
    """
    names = ", ".join(BASES)
    if basis is None or not basis.strip():
        raise ConsentError(
            f"no basis of consent was given, so nothing was computed; choose one with --consent: {names}"
        )
    if basis not in BASES:
        raise ConsentError(f"{basis!r} is not a basis of consent; choose one of: {names}")
    rule = BASES[basis].receipt
    if receipt is None:
        if rule == "required":
            raise ConsentError("consent 'receipt' needs the written agreement as a file; add --receipt FILE")
        return Consent(basis)
    if rule == "refused":
        raise ConsentError(f"consent {basis!r} takes no receipt; leave out --receipt or choose --consent receipt")
    return Consent(basis, _receipt_sha256(Path(receipt)))


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


def _receipt_sha256(path: Path) -> str:
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            raise ConsentError(f"receipt {path}: {problem}; give the file that holds the written agreement")
        with path.open("rb") as file:
            content = file.read(MAX_RECEIPT_BYTES + 1)
    except OSError as error:
        raise ConsentError(f"receipt {path}: cannot be read ({error.strerror}); give a readable file") from error
    if not content:
        raise ConsentError(f"receipt {path}: is empty; give the file that holds the written agreement")
    if len(content) > MAX_RECEIPT_BYTES:
        raise ConsentError(f"receipt {path}: is larger than 1 MiB; give the agreement itself, not a scan of a book")
    return hashlib.sha256(content).hexdigest()
