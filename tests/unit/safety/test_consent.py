from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mimica.errors import ConsentError
from mimica.safety.consent import BASES, DIGITAL_SOURCE_TYPE, MAX_RECEIPT_BYTES, Consent, explanation, require_consent


def test_the_five_bases() -> None:
    assert list(BASES) == ["self", "receipt", "fictional", "historical", "licensed"]


@pytest.mark.parametrize("basis", ["self", "fictional", "historical", "licensed"])
def test_a_basis_without_receipt_goes_on_record(basis: str) -> None:
    assert require_consent(basis) == Consent(basis, None)


@pytest.mark.parametrize("basis", [None, "", "  "])
def test_no_basis_is_refused_and_says_what_to_choose(basis: str | None) -> None:
    with pytest.raises(ConsentError, match=r"nothing was computed.*self, receipt, fictional, historical, licensed"):
        require_consent(basis)


@pytest.mark.parametrize("basis", ["Self", "yes", "none", "self "])
def test_an_unknown_basis_is_refused(basis: str) -> None:
    with pytest.raises(ConsentError, match="is not a basis"):
        require_consent(basis)


def test_consent_errors_exit_with_2() -> None:
    assert ConsentError.exit_code == 2


@pytest.mark.parametrize("basis", ["receipt", "licensed"])
def test_a_receipt_is_on_record_by_its_hash(basis: str, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.jws"
    receipt.write_bytes(b"I agree.")
    consent = require_consent(basis, receipt)
    assert consent.receipt_sha256 == hashlib.sha256(b"I agree.").hexdigest()
    assert consent.receipt_sha256 in consent.metadata("0.1.0")["comment"]


def test_basis_receipt_needs_a_receipt() -> None:
    with pytest.raises(ConsentError, match="--receipt FILE"):
        require_consent("receipt")


@pytest.mark.parametrize("basis", ["self", "fictional", "historical"])
def test_a_misplaced_receipt_is_refused_not_ignored(basis: str, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.txt"
    receipt.write_text("x")
    with pytest.raises(ConsentError, match="takes no receipt"):
        require_consent(basis, receipt)


def test_unusable_receipts(tmp_path: Path) -> None:
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.touch()
    large.write_bytes(b"x" * (MAX_RECEIPT_BYTES + 1))
    for path, words in [
        (tmp_path / "none", "does not exist"),
        (tmp_path, "is not a file"),
        (empty, "is empty"),
        (large, "larger than 1 MiB"),
    ]:
        with pytest.raises(ConsentError, match=words):
            require_consent("receipt", path)


def test_metadata_says_that_it_is_generated() -> None:
    tags = Consent("fictional").metadata("0.1.0")
    assert set(tags) == {"comment", "description"}
    assert all(text.startswith("AI-generated") and text.isascii() and "\n" not in text for text in tags.values())
    assert DIGITAL_SOURCE_TYPE in tags["comment"]
    assert "consent=fictional" in tags["comment"]
    assert "receipt-sha256" not in tags["comment"]


def test_the_explanation_fits_one_screen() -> None:
    lines = explanation().splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 120 for line in lines)
    assert all(f"--consent {basis}" in explanation() for basis in BASES)
