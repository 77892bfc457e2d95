"""Whom weights have seen: a ledger beside them, so that `mimica data forget` can name the networks that know a person.

It follows from the ledger of the data, and from that of the run that this one went on from. Where either says nothing,
nothing is claimed: such weights count as unknown. This module does not know networks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mimica.errors import OutputError
from mimica.safety.training_rights import read_ledger
from mimica.synthesis.fitted import is_held_out

PROVENANCE, LEDGER = "provenance.json", "ledger.jsonl"
COLUMNS = ("portrait", "source", "licence", "consent")

People = dict[str, dict[str, str]]
"""Rows of such a ledger by portrait: its rights, and `split`: "train" or "held out"."""


def people_of(data: Path | None) -> People | None:
    """Everybody in a folder of training data, also those whose shape was mixed in; None where no ledger tells.

    Raises InputError when the ledger is damaged.
    """
    if data is None or not (data / LEDGER).exists():
        return None
    rows: list[Mapping[str, Any]] = []
    for row in read_ledger(data):
        rows.append(row)
        if row.get("towards") is not None:
            rows.append({"portrait": row["towards"], **(row.get("towards_rights") or {})})
    return merged({name: str(row.get(name, "")) for name in COLUMNS} | {"split": _split(row)} for row in rows)


def people_before(weights: Path, network: str) -> People | None:
    """Everybody whom a network in a folder of weights has seen; None where nothing tells."""
    try:
        names = json.loads((weights / PROVENANCE).read_text(encoding="utf-8"))["networks"][network]
        lines = [line for name in names for line in (weights / name).read_text(encoding="utf-8").splitlines()]
        return merged(json.loads(line) for line in lines)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def merged(rows: Iterable[Mapping[str, Any]]) -> People:
    """One row a portrait; whoever was trained on once was trained on."""
    found: People = {}
    for row in rows:
        name = str(row["portrait"])
        if name not in found or row.get("split") != "held out":
            found[name] = {key: str(value) for key, value in row.items()}
    return dict(sorted(found.items()))


def seen(data: Path | None, before: Path | None, network: str) -> People | None:
    """Whom a network has seen that was trained on `data`; None where that is not known.

    before: the folder of weights with the network of that name that the training went on from.
    """
    people = people_of(data)
    earlier = {} if before is None else people_before(before, network)
    return None if people is None or earlier is None else merged([*earlier.values(), *people.values()])


def put_people(weights: Path, network: str, people: People) -> None:
    """Write down in a folder of weights whom a network has seen. Raises OutputError."""
    ledger = f"ledger-{network}.jsonl"
    path = weights / PROVENANCE
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"networks": {}}
        _put(weights / ledger, _lines(people))
        known["networks"][network] = [ledger]
        _put(path, json.dumps(known, indent=2, sort_keys=True) + "\n")
        if not any(LEDGER in names for names in known["networks"].values()):  # else it says what others have seen
            everybody = [people_before(weights, name) or {} for name in known["networks"]]
            _put(weights / LEDGER, _lines(merged(row for some in everybody for row in some.values())))
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(
            f"{weights}: cannot write whom {network} has seen ({error}); mend it and export again"
        ) from error


def _split(row: Mapping[str, Any]) -> str:
    return "held out" if is_held_out(str(row.get("portrait"))) else "train"


def _lines(people: People) -> str:
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in people.values())


def _put(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
