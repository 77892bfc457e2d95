"""Shards: pieces of a data set that are each a pure function of the settings and their number.

They can be made in any order and by several processes; one that is there is not made again, so a run that was cut goes
on where it stopped. Each comes with a ledger that says whose faces are in it. This module does not know what a shard
holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from mimica.errors import OutputError
from mimica.media.unfinished_file import output_error

Report = Callable[[int, int], None]
"""Called with the number of shards that are done and of all."""


class Shard(Protocol):
    """What is written to `path`, and to `ledger` just before it; picklable."""

    @property
    def path(self) -> Path: ...

    @property
    def ledger(self) -> Path: ...


ShardT = TypeVar("ShardT", bound=Shard)


@dataclass(frozen=True)
class Summary:
    """What was written: `shards` with `items` images of `portraits` people in all, and the `ledger` of them all."""

    shards: tuple[Path, ...]
    items: int
    portraits: int
    ledger: Path


def claim(path: Path, settings: Mapping[str, Any]) -> None:
    """Write down the settings of a folder's data. Raises OutputError when it holds data made with others."""
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise OutputError(
                f"{path.parent}: holds a data set made with other settings; choose another folder or delete it"
            )
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise output_error(path, error) from error


def write_missing(
    shards: Sequence[ShardT], write: Callable[[ShardT], object], *, workers: int = 1, report: Report | None = None
) -> None:
    """Call `write` (a module's function) for every shard that is not there yet, in `workers` processes."""
    waiting = [shard for shard in shards if not (shard.path.exists() and shard.ledger.exists())]
    done = len(shards) - len(waiting)
    tell = report or (lambda finished, total: None)
    tell(done, len(shards))
    if workers <= 1 or len(waiting) <= 1:
        for finished, shard in enumerate(waiting, done + 1):
            write(shard)
            tell(finished, len(shards))
        return
    with ProcessPoolExecutor(workers) as pool:
        try:
            for finished, _ in enumerate(pool.map(write, waiting), done + 1):
                tell(finished, len(shards))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # or it would go on with all that is waiting
            raise


@contextmanager
def unfinished(shard: Shard) -> Iterator[tuple[BinaryIO, list[dict[str, Any]]]]:
    """A file for the shard's content and a list for its ledger's rows; both appear only when the block ends well.

    Raises:
        OutputError: the disk is full, or whatever else forbids writing.
    """
    temporary = shard.path.with_name(f"{shard.path.name}.part")
    rows: list[dict[str, Any]] = []
    try:
        with temporary.open("wb") as file:
            yield file, rows
        shard.ledger.write_text(ledger_lines(rows), encoding="utf-8")
        temporary.replace(shard.path)
    except OSError as error:
        raise output_error(shard.path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def ledger_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """The text of a ledger: one JSON object a line."""
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)


def gather(shards: Sequence[Shard], ledger: Path) -> Summary:
    """Join the ledgers of finished shards into one. A row counts for its `samples`, or for one image."""
    text = "".join(shard.ledger.read_text(encoding="utf-8") for shard in shards)
    ledger.write_text(text, encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    people = {row["portrait"] for row in rows}
    return Summary(
        tuple(shard.path for shard in shards), sum(row.get("samples", 1) for row in rows), len(people), ledger
    )  # fmt: skip
