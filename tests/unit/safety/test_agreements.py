from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mimica.errors import ConsentError, MalformedReceipt, UsageError, WrongDriver, WrongPurpose
from mimica.safety.agreements import Agreements, parse_consent, parse_receipts
from mimica.safety.perceptual_hash import PortraitPrint

PORTRAIT = PortraitPrint("a1" * 32, "b2" * 32)
TWO = {1: "c3" * 32, 2: "d4" * 32}


def test_one_face_is_on_record_as_ever() -> None:
    record = Agreements.of("self").require({3: TWO[1]}, PORTRAIT, "personal")
    assert (record.basis, record.told, record.face, record.others) == ("self", "self", None, ())
    assert "faces" not in record.as_dict()
    assert "face" not in record.as_dict()


def test_the_same_basis_for_all_is_on_record_for_each() -> None:
    record = Agreements.of("historical").require(TWO, PORTRAIT, "personal")
    assert record.told == "historical"
    assert [entry["face"] for entry in record.as_dict()["faces"]] == [1, 2]
    assert {entry["basis"] for entry in record.as_dict()["faces"]} == {"historical"}


def test_self_can_be_said_of_one_face_only() -> None:
    with pytest.raises(ConsentError, match="faces 1, 2: consent 'self' can be said of one face only"):
        Agreements.of("self").require(TWO, PORTRAIT, "personal")
    record = Agreements.of({1: "self", 2: "fictional"}).require(TWO, PORTRAIT, "personal")
    assert record.told == "self+fictional"
    assert "consent=self+fictional" in record.metadata("1")["comment"]


def test_every_face_needs_a_basis_and_none_is_given_in_vain() -> None:
    with pytest.raises(ConsentError, match="face 2: no basis"):
        Agreements.of({1: "self"}).require(TWO, PORTRAIT, "personal")
    with pytest.raises(UsageError, match="face 3: consent was given for it"):
        Agreements.of({0: "fictional", 3: "self"}).require(TWO, PORTRAIT, "personal")
    with pytest.raises(ConsentError, match="nothing was computed"):
        Agreements.of(None).check("personal")


def test_a_receipt_of_its_own(alice: Any) -> None:
    covered = alice.covered
    drivers = {1: TWO[1], 2: covered["driver_sha256"]}
    receipt = alice.grant()
    stated = Agreements.of("fictional", {2: receipt})
    stated.check("personal")
    record = stated.require(drivers, covered["portrait"], "personal")
    assert (record.basis, record.receipt_hash) == ("fictional", None)
    assert (record.others[0].basis, record.others[0].receipt_verified) == ("receipt", True)
    assert record.others[0].receipt_hash is not None
    assert record.others[0].receipt_hash in record.metadata("1")["comment"]


def test_one_receipt_is_not_two_peoples_word(alice: Any) -> None:
    receipt = alice.grant()
    with pytest.raises(ConsentError, match="one receipt is one person's word"):
        Agreements.of("receipt", receipt).require(TWO, alice.covered["portrait"], "personal")


def test_a_receipt_is_held_against_the_driver_of_its_own_face(alice: Any) -> None:
    receipt = alice.grant(drivers=("e5" * 32,))
    with pytest.raises(WrongDriver):
        Agreements.of("fictional", {2: receipt}).require(TWO, alice.covered["portrait"], "personal")
    allowed = {1: TWO[1], 2: "e5" * 32}
    assert Agreements.of("fictional", {2: receipt}).require(allowed, alice.covered["portrait"], "personal")


def test_from_the_command_line() -> None:
    assert parse_consent("self") == "self"
    assert parse_consent(None) is None
    assert parse_consent("fictional, 2=receipt") == {0: "fictional", 2: "receipt"}
    assert parse_receipts([]) is None
    assert parse_receipts(["a.jws"]) == Path("a.jws")
    assert parse_receipts(["2=a=b.jws", "c.jws"]) == {2: Path("a=b.jws"), 0: Path("c.jws")}
    for wrong in ("x=self", "0=self", "2=self,2=fictional", "self,fictional,1=self"):
        with pytest.raises(UsageError, match="--consent"):
            parse_consent(wrong)
    for wrong in (["a", "b"], ["1=a", "1=b"], ["0=a"]):
        with pytest.raises(UsageError, match="--receipt"):
            parse_receipts(wrong)


def test_files_are_known_so_that_none_is_overwritten() -> None:
    stated = Agreements.of("receipt", {0: "a.jws", 2: "b.jws"})
    assert stated.files == (Path("a.jws"), Path("b.jws"))


def test_a_receipt_that_cannot_hold_is_refused_before_anything_is_loaded(alice: Any, tmp_path: Path) -> None:
    forged = tmp_path / "forged.jws"
    forged.write_text("x")
    with pytest.raises(MalformedReceipt):
        Agreements.of({0: "fictional"}, {2: forged}).verify("personal")
    with pytest.raises(WrongPurpose):
        Agreements.of("receipt", alice.grant()).verify("commercial")
    Agreements.of("licensed", forged).verify("commercial")  # a licence is a document, not a receipt
