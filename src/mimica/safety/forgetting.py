"""Forgetting: take a person out of a data set, and say which weights have seen them.

A shard is rewritten without the person's items and takes its old name when it is complete; the ledger shrinks last, so
a run that was cut can be run again. Weights cannot forget: they are listed, to be trained again or withdrawn. This
module does not know pictures.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mimica.errors import InputError, OutputError
from mimica.safety.training_rights import item_of, read_ledger

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done.

    items: ledger rows removed. rewritten, deleted: names of files. trained, measured: names of networks that were
    trained on the person, or only measured on them. unknown: networks that do not say on whom.
    """

    items: int
    rewritten: tuple[str, ...]
    deleted: tuple[str, ...]
    trained: tuple[str, ...]
    measured: tuple[str, ...]
    unknown: tuple[str, ...]


def forget(folder: Path, subject: str, weights: Path) -> Forgotten:
    """Remove the portrait `subject` from the data set in `folder`, also where another was morphed towards it.

    weights: the folder of weights to look through. A pack in which samples of several people cannot be told apart is
    deleted whole. The name goes on `forgotten.jsonl`, so that whoever renders again can leave it out (`--exclude`).

    Raises:
        InputError: no ledger, a folder of weights, or neither the data set nor the weights know the subject.
        OutputError: a file cannot be rewritten.
    """
    if (folder / "weights.json").exists():
        raise InputError(f"{folder}: holds weights, and weights cannot forget; give the data set they were trained on")
    rows = read_ledger(folder)
    gone = [row for row in rows if subject in (row.get("portrait"), row.get("towards"))]
    affected = affected_weights(subject, weights)
    if not gone and not (affected[0] or affected[1]):
        raise InputError(f"{folder}: no portrait is called {subject!r}; see the `portrait` of its ledger.jsonl")
    try:
        rewritten, deleted, dropped = _clean(folder, rows, gone, subject)
    except (OSError, ValueError, tarfile.TarError) as error:
        raise OutputError(
            f"{folder}: cannot be rewritten ({error}); free the disk or mend it, and run it again"
        ) from error
    return Forgotten(dropped, tuple(rewritten), tuple(deleted), *affected)


def affected_weights(subject: str, weights: Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(trained, measured, unknown): names of the networks in a folder of weights by what they saw of a portrait.

    Raises InputError when the folder holds no weights.
    """
    try:
        networks: list[str] = sorted(json.loads((weights / "weights.json").read_text(encoding="utf-8"))["networks"])
        listed = weights / "provenance.json"
        ledgers: dict[str, list[str]] = (
            json.loads(listed.read_text(encoding="utf-8"))["networks"] if listed.exists() else {}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{weights}: is no folder of weights ({error}); give one with weights.json") from error
    trained: list[str] = []
    measured: list[str] = []
    for network in networks:
        for name in ledgers.get(network, []):
            splits = [row.get("split") for row in _ledger(weights / name) if row.get("portrait") == subject]
            if any(split != "held out" for split in splits):
                trained.append(network)
            elif splits:
                measured.append(network)
    return tuple(trained), tuple(measured), tuple(name for name in networks if name not in ledgers)


def _clean(
    folder: Path, rows: list[dict[str, Any]], gone: list[dict[str, Any]], subject: str
) -> tuple[list[str], list[str], int]:
    """(rewritten files, deleted files, rows dropped)."""
    rewritten: list[str] = []
    deleted: list[str] = []
    lost_packs: set[str] = set()
    for name in sorted({str(row.get("shard") or row.get("pack")) for row in gone}):
        path = folder / Path(name).name
        if not path.exists():
            continue
        if path.suffix == ".tar" and all(_shows(row, subject) for row in rows if row.get("shard") == name):
            deleted += _without_shard(path)
            continue
        if path.suffix == ".tar":
            _without_items(path, {str(row.get("key")) for row in gone})
        elif not _without_samples(path, [row for row in rows if row.get("pack") == name], subject):
            path.unlink()
            lost_packs.add(name)
            deleted.append(path.name)
            continue
        rewritten.append(path.name)
    deleted += _without_portrait(folder, subject)
    kept = [row for row in rows if not _shows(row, subject) and row.get("pack") not in lost_packs]
    for path in sorted(folder.glob("*.jsonl")):
        if path.name not in ("ledger.jsonl", "forgotten.jsonl"):
            own = [row for row in _ledger(path) if not _shows(row, subject) and row.get("pack") not in lost_packs]
            _replace(path, _lines(own))
    if (folder / ".work").is_dir():  # what a curation that goes on would look up
        shutil.rmtree(folder / ".work")
    for name in ("dataset.json", "packs.json"):
        _without_name(folder / name, subject)
    told = {"portrait": subject, "at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": len(rows) - len(kept)}
    with (folder / "forgotten.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
    _replace(folder / "ledger.jsonl", _lines(kept))
    return rewritten, deleted, len(rows) - len(kept)


def _shows(row: Row, subject: str) -> bool:
    return subject in (row.get("portrait"), row.get("towards"))


def _without_shard(path: Path) -> list[str]:
    """Delete a shard that shows nobody else, with the ledger and index of its name; gives the names of what went."""
    deleted: list[str] = []
    for ending in (".parquet", ".sha256", ".jsonl", ".lost.jsonl", ".tar"):
        file = path.with_suffix(ending)
        if file.exists():
            file.unlink()
            deleted.append(file.name)
    return deleted


def _without_items(path: Path, keys: set[str]) -> None:
    """Rewrite a tar shard without the files of some items."""
    content = io.BytesIO()
    with tarfile.open(path) as source, tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as target:
        for member in source:
            if item_of(member.name) not in keys:
                target.addfile(member, source.extractfile(member))
    _replace(path, content.getvalue())


def _without_samples(path: Path, rows: list[dict[str, Any]], subject: str) -> bool:
    """Rewrite a pack without some portraits' samples, which lie in the order of its rows; False when they do not."""
    counts = [int(row.get("samples", 0)) for row in rows]
    with np.load(path, allow_pickle=False) as pack:
        arrays = {name: pack[name] for name in pack.files}
    if min(counts) < 1 or any(array.shape[:1] != (sum(counts),) for array in arrays.values()):
        return False
    keep = np.repeat([not _shows(row, subject) for row in rows], counts)
    if not keep.any():
        return False
    content = io.BytesIO()
    np.savez(content, **{name: array[keep] for name, array in arrays.items()})
    _replace(path, content.getvalue())
    return True


def _without_portrait(folder: Path, subject: str) -> list[str]:
    """Delete the fitted portrait that the data were rendered from; gives the names of what went."""
    deleted: list[str] = []
    for home in (folder, folder.parent):
        path = home / "prepared" / "fitted" / f"{subject}.npz"
        if Path(subject).name == subject and path.is_file():
            path.unlink()
            deleted.append(path.relative_to(home).as_posix())
    return deleted


def _without_name(path: Path, subject: str) -> None:
    """Take a name off the settings' list of portraits; rendering on with the old list is then refused."""
    if path.is_file():
        settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        settings["portraits"] = [name for name in settings.get("portraits", []) if name != subject]
        _replace(path, (json.dumps(settings, indent=1, sort_keys=True) + "\n").encode())


def _ledger(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the ledger cannot be read ({error}); mend or restore it") from error


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
