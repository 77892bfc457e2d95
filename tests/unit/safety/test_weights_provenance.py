"""Every file that ships beside the code says where it comes from: no network without provenance, no ledger in vain."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import mimica
from mimica.runtime.weights import read_registry
from mimica.safety.forgetting import affected_weights
from mimica.safety.training_rights import LICENCES, audit

WEIGHTS = Path(mimica.__file__).parent / "weights"
BOOKKEEPING = {"__init__.py", "weights.json", "provenance.json"}


@pytest.fixture(scope="module")
def provenance() -> dict[str, Any]:
    return json.loads((WEIGHTS / "provenance.json").read_text(encoding="utf-8"))


def test_every_network_has_its_provenance_and_nothing_else_has(provenance: dict[str, Any]) -> None:
    assert sorted(provenance["networks"]) == sorted(read_registry())


def test_every_file_is_accounted_for(provenance: dict[str, Any]) -> None:
    networks = {entry.file for entry in read_registry().values()}
    ledgers = {name for names in provenance["networks"].values() for name in names}
    accounted = BOOKKEEPING | networks | ledgers | set(provenance["files"])
    found = {path.name for path in WEIGHTS.iterdir() if path.is_file()}
    assert found == accounted


def test_every_registered_file_is_the_one_that_was_exported() -> None:
    for entry in read_registry().values():
        content = (WEIGHTS / entry.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.bytes, entry.sha256), entry.name
        assert entry.licence in LICENCES
        assert entry.trained_on


def test_a_network_that_names_portraits_has_a_ledger_and_the_others_none(provenance: dict[str, Any]) -> None:
    for entry in read_registry().values():
        assert ("portraits" in entry.trained_on) == bool(provenance["networks"][entry.name]), entry.trained_on


def test_the_ledgers_allow_training() -> None:
    assert audit(WEIGHTS).offenders == ()


def test_other_files_come_from_somewhere_and_are_licensed(provenance: dict[str, Any]) -> None:
    for name, told in provenance["files"].items():
        assert told["source"], name
        assert told["licence"] in LICENCES


def test_a_network_without_provenance_is_named_as_unknown(tmp_path: Path) -> None:
    for name in ("weights.json", "ledger.jsonl"):
        (tmp_path / name).write_bytes((WEIGHTS / name).read_bytes())
    told = json.loads((WEIGHTS / "provenance.json").read_text(encoding="utf-8"))
    del told["networks"]["motion_encoder"]
    (tmp_path / "provenance.json").write_text(json.dumps(told))
    trained, _, unknown = affected_weights("0001", tmp_path)
    assert unknown == ("motion_encoder",)
    assert "motion_encoder" not in trained
