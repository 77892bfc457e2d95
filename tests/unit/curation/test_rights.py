"""Who may be used at all: every row that lacks something is refused, in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mimica.curation.records import Refusal, Source
from mimica.curation.rights import SourceLedger, TakeFingerprint, films_below
from mimica.errors import InputError, UsageError
from mimica.safety.keys import generate_key, trust
from mimica.safety.perceptual_hash import PortraitPrint, file_sha256
from mimica.safety.receipts import ReceiptTerms, sign_receipt

GOOD = {"file": "a.mp4", "subject": "Ann", "source": "her", "licence": "CC0-1.0", "consent": "licensed", "adult": True}


def answer(folder: Path, changes: dict[str, object], opted_out: frozenset[str] = frozenset()) -> Source | Refusal:
    film = folder / "a.mp4"
    film.write_bytes(b"film")
    row = {name: value for name, value in (GOOD | changes).items() if value is not None}
    (folder / "ledger.jsonl").write_text(json.dumps(row) + "\n\n")
    ledger = SourceLedger(folder / "ledger.jsonl")
    return ledger.refuse(film, opted_out) or ledger.admit(film, TakeFingerprint()(str(film)).sha256)


def test_a_good_row_admits(tmp_path: Path) -> None:
    source = answer(tmp_path, {})
    assert isinstance(source, Source)
    assert (source.rights.subject, source.rights.consent, source.sha256) == (
        "Ann",
        "licensed",
        file_sha256(tmp_path / "a.mp4"),
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subject": " "}, "names no subject"),
        ({"adult": False}, "minor"),
        ({"adult": None}, "does not say that the subject is an adult"),
        ({"adult": "yes"}, "does not say that the subject is an adult"),
        ({"opted_out": True}, "opted out"),
        ({"licence": None}, "no licence"),
        ({"licence": "CC-BY-NC-4.0"}, "CC-BY-NC-4.0"),
        ({"consent": None}, "no consent"),
        ({"consent": "self"}, "is none"),
        ({"source": ""}, "no source"),
        ({"sha256": "0" * 64}, "sha256 differs"),
        ({"consent": "receipt"}, "receipt"),
        ({"consent": "receipt", "receipt": "gone.jws"}, "gone.jws"),
    ],
)
def test_what_lacks_something_is_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    refusal = answer(tmp_path, changes)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason


def test_opt_outs_are_honoured(tmp_path: Path) -> None:
    assert isinstance(answer(tmp_path, {}, frozenset({"Ann"})), Refusal)


@pytest.mark.parametrize(
    ("training", "film", "reason"),
    [(True, b"film", ""), (False, b"film", "training"), (True, b"other", "name this film")],
)
def test_a_receipt_must_allow_training_on_this_film(tmp_path: Path, training: bool, film: bytes, reason: str) -> None:
    (tmp_path / "named").write_bytes(film)
    key = generate_key("Ann", tmp_path / "key.json")
    trust(key.public)
    now = datetime.now(UTC)
    terms = ReceiptTerms(
        "Ann", "us", PortraitPrint("1" * 64, "2" * 64), ("research",), now, now + timedelta(days=9),
        drivers=(file_sha256(tmp_path / "named"),), training=training,
    )  # fmt: skip
    (tmp_path / "ann.jws").write_text(sign_receipt(terms, key))
    found = answer(tmp_path, {"consent": "receipt", "receipt": "ann.jws"})
    if reason:
        assert isinstance(found, Refusal)
        assert reason in found.reason
    else:
        assert isinstance(found, Source)
        assert found.rights.consent.startswith("receipt:")


def test_a_ledger_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text("".join(json.dumps(GOOD | {"subject": name}) + "\n" for name in ("Ann", "Bea")))
    with pytest.raises(InputError, match="row 2"):
        SourceLedger(ledger)
    ledger.write_text('{"file": "a.mp4", "licens": "MIT"}\n')
    with pytest.raises(InputError, match="unknown key 'licens'"):
        SourceLedger(ledger)


def test_films_are_found_in_folders_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.mp4", "deep/a.MOV", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in films_below([tmp_path, tmp_path / "b.mp4"])] == ["b.mp4", "a.MOV"]
    with pytest.raises(UsageError, match="no film"):
        films_below([tmp_path / "notes.txt"][:0])
