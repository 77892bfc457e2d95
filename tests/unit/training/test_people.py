"""Weights name whom they have seen; where that is not known, they say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mimica.errors import InputError
from mimica.safety.forgetting import affected_weights
from mimica.training.people import people_before, people_of, put_people, seen

RIGHTS = {"source": "rendered", "licence": "MIT", "consent": "fictional"}


def data(folder: Path, *rows: dict[str, object]) -> Path:
    folder.mkdir()
    (folder / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def weights(folder: Path, *networks: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "weights.json").write_text(json.dumps({"networks": {name: {} for name in networks}}))
    return folder


def test_everybody_in_the_data_is_named_once(tmp_path: Path) -> None:
    mixed = {"portrait": "2", **RIGHTS, "towards": "3", "towards_rights": RIGHTS | {"licence": "CC0-1.0"}}
    people = people_of(data(tmp_path / "d", {"portrait": "1", **RIGHTS}, {"portrait": "8", **RIGHTS}, mixed, mixed))
    assert people is not None
    assert {name: row["split"] for name, row in people.items()} == {
        "1": "train", "2": "train", "3": "train", "8": "held out",
    }  # fmt: skip
    assert people["3"]["licence"] == "CC0-1.0"
    assert people_of(None) is None
    assert people_of(tmp_path) is None
    (tmp_path / "ledger.jsonl").write_text("no ledger")
    with pytest.raises(InputError):
        people_of(tmp_path)


def test_a_run_that_goes_on_has_seen_both(tmp_path: Path) -> None:
    first = data(tmp_path / "first", {"portrait": "1", **RIGHTS}, {"portrait": "8", **RIGHTS})
    second = data(tmp_path / "second", {"portrait": "2", **RIGHTS})
    before, after = weights(tmp_path / "before", "eye", "nose"), weights(tmp_path / "after", "eye")
    assert seen(second, before, "eye") is None  # what was before is not known
    told = seen(first, None, "eye")
    assert told is not None
    put_people(before, "eye", told)
    assert people_before(before, "eye") == told
    assert affected_weights("1", before) == (("eye",), (), ("nose",))
    assert affected_weights("8", before) == ((), ("eye",), ("nose",))
    both = seen(second, before, "eye")
    assert both is not None
    put_people(after, "eye", both)
    assert [affected_weights(name, after)[0] for name in ("1", "2", "8")] == [("eye",), ("eye",), ()]
    assert [json.loads(line)["portrait"] for line in (after / "ledger.jsonl").read_text().splitlines()] == [
        "1",
        "2",
        "8",
    ]


def test_what_other_networks_have_seen_stays_what_it_was(tmp_path: Path) -> None:
    folder = weights(tmp_path / "w", "eye", "nose")
    (folder / "provenance.json").write_text(json.dumps({"files": {}, "networks": {"nose": ["ledger.jsonl"]}}))
    old = json.dumps({"portrait": "5", **RIGHTS, "split": "train"}) + "\n"
    (folder / "ledger.jsonl").write_text(old)
    told = seen(data(tmp_path / "d", {"portrait": "1", **RIGHTS}), None, "eye")
    assert told is not None
    put_people(folder, "eye", told)
    assert (folder / "ledger.jsonl").read_text() == old
    assert affected_weights("1", folder)[0] == ("eye",)
    assert affected_weights("5", folder)[0] == ("nose",)
