"""The right to train: whether every item of a data set has a source, a licence and a consent that allow training.

A data set of the data engine is a folder with `ledger.jsonl`: one JSON object for each item (or for each portrait in a
pack), with `portrait`, `source`, `licence` and `consent`. This module does not know pictures, nor whether a statement
in the ledger is true; it proves that one was made for every item, that receipts still hold, and that nothing lies in
the data which the ledger does not name.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from mimica.errors import ConsentError, InputError, MimicaError, WrongPurpose
from mimica.safety.consent import read_receipt_file
from mimica.safety.perceptual_hash import portrait_print
from mimica.safety.receipts import verify_receipt

LICENCES: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "MIT", "PDDL-1.0", "public domain"}
)
"""SPDX names under which training and shipping weights are allowed; share-alike, NC and ND licences are not here."""

CONSENTS: Final = ("fictional", "licensed", "receipt")
"""On whose word a portrait may be trained on: it shows nobody; its licence and the adult it shows permit training; or
a signed receipt that says training yes, kept in the ledger as "receipt:" and its sha256."""


@dataclass(frozen=True, slots=True)
class Offender:
    """One item without the right to train. item: its key, or portrait and pack. problem: what is missing."""

    item: str
    problem: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found. items, portraits: how many the ledger names. licences: items by licence. offenders: in order."""

    items: int
    portraits: int
    licences: Mapping[str, int]
    offenders: tuple[Offender, ...]


def training_consent(basis: str, photo: Path, image: NDArray[np.uint8]) -> str:
    """What the ledger keeps as consent for `photo`, whose pixels are `image` (H, W, 3) uint8 RGB.

    For basis "receipt" the file of the photo's name that ends in .jws is verified: it must be about this portrait and
    say training yes. Raises ConsentError when it does not, or for an unknown basis.
    """
    if basis != "receipt":
        if basis and basis not in CONSENTS:
            raise ConsentError(
                f"photo {photo}: {basis!r} is no consent to training; choose one of {', '.join(CONSENTS)}"
            )
        return basis
    path = photo.with_suffix(".jws")
    label = f"receipt {path}"
    receipt = verify_receipt(read_receipt_file(path), label=label)
    receipt.require_portrait(portrait_print(photo, image), label)
    if not receipt.terms.training:
        raise WrongPurpose(f"{label}: does not allow training; ask for one that does, or leave the photo out")
    return f"receipt:{receipt.sha256}"


def audit(folder: Path, receipts: Path | None = None) -> Audit:
    """Check every row of a data set's ledger, and that no item of its shards lacks a row.

    receipts: a folder of receipts (*.jws) that rows with consent "receipt:…" must be among, and that must hold today.
    Raises InputError when there is no ledger, it is damaged, or a shard cannot be read.
    """
    rows = read_ledger(folder)
    holding = _holding(receipts)
    offenders: list[Offender] = []
    licences: dict[str, int] = {}
    for row in rows:
        item = item_name(row)
        licence = str(row.get("licence", ""))
        licences[licence] = licences.get(licence, 0) + 1
        offenders += [Offender(item, problem) for problem in _problems(row, holding)]
        if row.get("towards") is not None:
            rights = cast("dict[str, Any]", row.get("towards_rights") or {})
            offenders += [
                Offender(item, f"morphed towards {row['towards']}: {problem}")
                for problem in _problems({"portrait": row["towards"], **rights}, holding)
            ]
    offenders += [Offender(name, "is in the data but not in the ledger") for name in _unnamed(folder, rows)]
    portraits = {str(row["portrait"]) for row in rows if row.get("portrait")}
    return Audit(len(rows), len(portraits), licences, tuple(offenders))


def read_ledger(folder: Path) -> list[dict[str, Any]]:
    """The rows of a data set's ledger. Raises InputError when there is none or it is damaged."""
    path = folder / "ledger.jsonl"
    try:
        rows: list[Any] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError as error:
        raise InputError(
            f"{folder}: has no ledger.jsonl, so nothing shows the right to train; render it again"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the ledger cannot be read ({error}); render the data again") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: the ledger is empty or holds something else than rows; render the data again")
    return rows


def shard_paths(folder: Path) -> list[Path]:
    """The files that hold a data set's items: tar shards, or packs in npz; a folder of weights has none."""
    if (folder / "weights.json").exists():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in (".tar", ".npz"))


def item_name(row: Mapping[str, Any]) -> str:
    """What a row is called in messages: its key, else its portrait and where that lies."""
    place = f" in {row['pack']}" if row.get("pack") else ""
    return str(row.get("key") or f"portrait {row.get('portrait')}{place}")


def item_of(member: str) -> str:
    """The key of the item that a file in a tar shard belongs to: its name up to the first dot."""
    return Path(member).name.partition(".")[0]


def _problems(row: Mapping[str, Any], holding: frozenset[str] | None) -> Iterator[str]:
    if not row.get("portrait"):
        yield "names no portrait"
    if not row.get("source"):
        yield "has no source"
    licence, consent = row.get("licence"), str(row.get("consent", ""))
    if not licence:
        yield "has no licence"
    elif licence not in LICENCES:
        yield f"licence {licence} does not allow training and shipping weights"
    kind, _, sha256 = consent.partition(":")
    if not consent:
        yield "has no consent"
    elif kind not in CONSENTS or (kind == "receipt") != bool(sha256):
        yield f"consent {consent!r} is none"
    elif kind == "receipt" and (holding is None or sha256 not in holding):
        yield "its receipt is not at hand, or does not hold any more"


def _holding(receipts: Path | None) -> frozenset[str] | None:
    """sha256 of the receipts that hold today and allow training."""
    if receipts is None:
        return None
    found: set[str] = set()
    for path in sorted(receipts.glob("*.jws")):
        try:
            receipt = verify_receipt(read_receipt_file(path), label=f"receipt {path}")
        except MimicaError:
            continue
        if receipt.terms.training:
            found.add(receipt.sha256)
    return frozenset(found)


def _unnamed(folder: Path, rows: list[dict[str, Any]]) -> Iterator[str]:
    keys = {str(row.get("key")) for row in rows}
    packs = {str(row.get("pack")) for row in rows}
    for path in shard_paths(folder):
        if path.suffix == ".npz":
            if path.name not in packs:
                yield path.name
            continue
        try:
            with tarfile.open(path) as archive:
                members = {item_of(name) for name in archive.getnames()}
        except (OSError, tarfile.TarError) as error:
            raise InputError(f"{path}: the shard cannot be read ({error}); render it again") from error
        yield from sorted(members - keys)
