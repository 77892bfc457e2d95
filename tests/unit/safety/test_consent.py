from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mimica.errors import ConsentError, MalformedReceipt, ReceiptError, WrongDriver, WrongPortrait, WrongPurpose
from mimica.safety.consent import (
    BASES,
    DIGITAL_SOURCE_TYPE,
    MAX_RECEIPT_BYTES,
    PURPOSES,
    check_basis,
    explanation,
    require_consent,
)


def test_the_five_bases() -> None:
    assert list(BASES) == ["self", "receipt", "fictional", "historical", "licensed"]


@pytest.mark.parametrize("basis", ["self", "fictional", "historical", "licensed"])
def test_a_basis_without_receipt_goes_on_record(basis: str) -> None:
    record = require_consent(basis)
    assert (record.basis, record.asserts, record.receipt_hash) == (basis, BASES[basis].asserts, None)
    assert not record.receipt_verified
    assert not record.training
    assert datetime.fromisoformat(record.stated_at).tzinfo is not None


@pytest.mark.parametrize("check", [check_basis, require_consent])
@pytest.mark.parametrize("basis", [None, "", "  "])
def test_no_basis_is_refused_and_says_what_to_choose(check: Any, basis: str | None) -> None:
    with pytest.raises(ConsentError, match=r"nothing was computed.*self, receipt, fictional, historical, licensed"):
        check(basis)


@pytest.mark.parametrize("check", [check_basis, require_consent])
@pytest.mark.parametrize("basis", ["Self", "yes", "none", "self "])
def test_an_unknown_basis_is_refused(check: Any, basis: str) -> None:
    with pytest.raises(ConsentError, match="is not a basis"):
        check(basis)


def test_an_unknown_purpose_is_refused() -> None:
    with pytest.raises(ConsentError, match="is not a purpose; choose one of: personal"):
        require_consent("self", purpose="fun")


@pytest.mark.parametrize("check", [check_basis, require_consent])
def test_basis_receipt_needs_a_receipt(check: Any) -> None:
    with pytest.raises(ConsentError, match="--receipt FILE"):
        check("receipt")


@pytest.mark.parametrize("check", [check_basis, require_consent])
@pytest.mark.parametrize("basis", ["self", "fictional", "historical"])
def test_a_misplaced_receipt_is_refused_not_ignored(check: Any, basis: str, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.txt"
    receipt.write_text("x")
    with pytest.raises(ConsentError, match="takes no receipt"):
        check(basis, receipt)


@pytest.mark.parametrize("check", [check_basis, require_consent])
def test_unusable_receipts(check: Any, tmp_path: Path) -> None:
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
            check("receipt", path)


def test_a_licence_is_on_record_by_its_hash_and_not_called_verified(tmp_path: Path) -> None:
    licence = tmp_path / "licence.txt"
    licence.write_bytes(b"CC BY 4.0")
    record = require_consent("licensed", licence)
    assert record.receipt_hash == hashlib.sha256(b"CC BY 4.0").hexdigest()
    assert not record.receipt_verified
    assert record.subject is None


def test_a_receipt_that_covers_everything_goes_on_record(alice: Any) -> None:
    receipt = alice.grant()
    record = require_consent("receipt", receipt, **alice.covered, purpose="research")
    assert record.receipt_verified
    assert record.receipt_hash == hashlib.sha256(receipt.read_bytes()).hexdigest()
    assert (record.subject, record.purpose, record.purposes) == ("Alice", "research", ("personal", "research"))
    assert record.grantor_key == alice.key.public.thumbprint
    assert record.expires_at == alice.terms.expires_at.isoformat()


def test_what_a_receipt_does_not_cover_is_refused_by_name(alice: Any) -> None:
    other = replace(alice.portrait, sha256="d4" * 32, phash="4d" * 32)
    with pytest.raises(WrongPortrait, match="another picture"):
        require_consent("receipt", alice.grant(), **alice.covered | {"portrait": other})
    with pytest.raises(WrongPurpose, match="allows personal, research, not commercial"):
        require_consent("receipt", alice.grant(), **alice.covered, purpose="commercial")
    with pytest.raises(WrongDriver, match="allows 1 driving video"):
        require_consent("receipt", alice.grant(drivers=("e5" * 32,)), **alice.covered)
    assert require_consent("receipt", alice.grant(drivers=(alice.driver,)), **alice.covered).receipt_verified


def test_a_receipt_without_picture_or_driver_to_compare_is_no_consent(alice: Any) -> None:
    with pytest.raises(WrongPortrait, match="no portrait was given"):
        require_consent("receipt", alice.grant(), driver_sha256=alice.driver, now=alice.now)
    with pytest.raises(WrongDriver, match="no driving video was given"):
        require_consent("receipt", alice.grant(), portrait=alice.portrait, now=alice.now)


def test_a_portrait_that_was_saved_again_still_fits(alice: Any) -> None:
    saved_again = replace(alice.portrait, sha256="f6" * 32)
    assert require_consent("receipt", alice.grant(), **alice.covered | {"portrait": saved_again}).receipt_verified


def test_any_file_is_no_receipt(tmp_path: Path, alice: Any) -> None:
    note = tmp_path / "note.txt"
    note.write_text("I agree.")
    with pytest.raises(MalformedReceipt, match="not a signed statement"):
        require_consent("receipt", note, **alice.covered)


def test_a_signed_receipt_cannot_hide_behind_another_basis(alice: Any) -> None:
    with pytest.raises(ReceiptError, match="use it with --consent receipt"):
        require_consent("licensed", alice.grant(), **alice.covered)


def test_the_record_in_json_names_nobody(alice: Any) -> None:
    values = require_consent("receipt", alice.grant(), **alice.covered).as_dict()
    assert "Alice" not in str(values)
    assert values["purposes"] == ["personal", "research"]


def test_metadata_says_that_it_is_generated() -> None:
    tags = require_consent("fictional").metadata("0.1.0")
    assert set(tags) == {"comment", "description"}
    assert all(text.startswith("AI-generated") and text.isascii() and "\n" not in text for text in tags.values())
    assert DIGITAL_SOURCE_TYPE in tags["comment"]
    assert "consent=fictional" in tags["comment"]
    assert "receipt-sha256" not in tags["comment"]


def test_consent_errors_exit_with_2() -> None:
    assert ConsentError.exit_code == ReceiptError.exit_code == 2


def test_the_explanation_fits_one_screen() -> None:
    lines = explanation().splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 120 for line in lines)
    assert all(f"--consent {basis}" in explanation() for basis in BASES)
    assert "personal" in PURPOSES
