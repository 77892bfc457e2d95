"""The table of a batch: photo × driver pairs with settings named as the flags of `mimica animate`.

Everything that can be refused is refused before the first job runs. This module does not know how a job is made.
"""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mimica.animation.batch_columns import SEVERAL, check_columns, read_settings
from mimica.animation.request import VIDEO_SUFFIXES
from mimica.errors import UnreadableMediaError, UsageError

MOST_JOBS = 100_000


@dataclass(frozen=True, slots=True)
class Job:
    """One animation of a batch. row: where it stands in the table, from 1. settings: keyword arguments of `animate`."""

    row: int
    photo: Path
    driving: Path
    out: Path
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def drivers(self) -> Mapping[int, Path]:
        """Driving videos of single faces, by number."""
        return self.settings.get("drivers", {})

    @property
    def receipts(self) -> Mapping[int, Path]:
        """Written agreements by the number of their face; 0: of all."""
        given = self.settings.get("receipt")
        files = given if isinstance(given, Mapping) else {} if given is None else {0: given}
        return {number: Path(file) for number, file in files.items()}

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every file that the job reads."""
        return (self.photo, self.driving, *self.drivers.values(), *self.receipts.values())


def read_jobs(table: Path, folder: Path | None = None, defaults: Mapping[str, str] | None = None) -> list[Job]:
    """The jobs of a table, CSV with a header or JSON lines, globs spread out: every photo with every driver.

    Paths in the table are relative to the table; outputs lie in `folder`, or beside the table when None, and are called
    photo-driver.mp4 where the column `out` is missing. `defaults` are settings of rows that do not say.

    Raises:
        UsageError: an unknown column, a value that is wrong, no job, or two jobs with one output; names the row.
        ConsentError: a row without a basis of consent.
        UnreadableMediaError: the table cannot be read, or a glob finds nothing.
    """
    base = table.parent
    target = base if folder is None else folder
    jobs: list[Job] = []
    for number, values in enumerate(_rows(table), start=1):
        told = f"{table}, job {number}"
        check_columns(values, told)
        settings = read_settings({**(defaults or {}), **values}, told, base)
        photos = _files(values.get("photo", ""), base, f"{told}, photo")
        drivers = _files(values.get("driving", ""), base, f"{told}, driving")
        pairs = [(photo, driving) for photo in photos for driving in drivers]
        if "out" in values and len(pairs) > 1:
            raise UsageError(f"{told}: one out for {len(pairs)} pairs; leave out empty, and each gets its own name")
        for photo, driving in pairs:
            out = target / values.get("out", f"{photo.stem}-{driving.stem}.mp4")
            _check_name(out, target, told)
            jobs.append(Job(number, photo, driving, out, settings))
            if len(jobs) > MOST_JOBS:
                raise UsageError(f"{table}: more than {MOST_JOBS} jobs; split the table")
    if not jobs:
        raise UsageError(f"{table}: there is no job in it; write one photo and one driving video a row")
    _check_outputs(table, jobs)
    return jobs


def _check_name(out: Path, folder: Path, told: str) -> None:
    if not out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{told}: the output {out} leaves the folder {folder}; choose the folder with --out")
    if out.suffix.lower() not in VIDEO_SUFFIXES:
        raise UsageError(f"{told}: the output {out} must end in one of {', '.join(VIDEO_SUFFIXES)}")


def _check_outputs(table: Path, jobs: list[Job]) -> None:
    seen: dict[Path, Job] = {}
    sources = {path.resolve() for job in jobs for path in job.inputs}
    for job in jobs:
        where = job.out.resolve()
        if where in seen:
            raise UsageError(
                f"{table}, jobs {seen[where].row} and {job.row}: both would be written to {job.out}; give them names "
                f"in a column out"
            )
        if where in sources:
            raise UsageError(f"{table}, job {job.row}: the output {job.out} is also an input; give it another name")
        seen[where] = job


def _rows(table: Path) -> Iterator[dict[str, str]]:
    """Each row's columns that are not empty, as text."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UnreadableMediaError(f"table {table}: there is no such file; check the path") from error
    except OSError as error:
        raise UnreadableMediaError(
            f"table {table}: cannot be read ({error.strerror}); give a CSV or JSON lines file"
        ) from error
    except ValueError as error:
        raise UnreadableMediaError(f"table {table}: is no UTF-8 text; save it as CSV or JSON lines in UTF-8") from error
    if table.suffix.lower() == ".csv":
        for row in csv.DictReader(text.splitlines()):
            if None in row:
                raise UsageError(f"{table}: a row has more values than there are columns; quote values with commas")
            yield {_name(key): value.strip() for key, value in row.items() if value and value.strip()}
        return
    if table.suffix.lower() != ".jsonl":
        raise UsageError(f"table {table}: the name must end in .csv or .jsonl")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{table}, line {number}: is no JSON ({error}); write one object a line") from error
        if not isinstance(row, dict):
            raise UsageError(f"{table}, line {number}: is no JSON object; write one object a line")
        yield {_name(key): _as_text(value) for key, value in row.items() if value is not None}


def _name(key: str) -> str:
    """A column's name; ping-pong and ping_pong are the same."""
    return key.strip().replace("-", "_")


def _as_text(value: object) -> str:
    """A JSON value as it would stand in a cell: {"2": "b.mp4"} and ["2=b.mp4"] are 2=b.mp4."""
    if isinstance(value, dict):
        return SEVERAL.join(f"{key}={part}" for key, part in cast("dict[str, object]", value).items())
    if isinstance(value, list):
        return SEVERAL.join(map(str, cast("list[object]", value)))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _files(pattern: str, base: Path, told: str) -> list[Path]:
    """The files of a path or glob; a path that exists is never taken for a glob."""
    if not pattern:
        raise UsageError(f"{told}: is missing; write a path or a pattern such as faces/*.jpg")
    if (base / pattern).exists() or not glob.has_magic(pattern):
        return [base / pattern]
    found = sorted(Path(name) for name in glob.glob(str(base / pattern), recursive=True) if Path(name).is_file())  # noqa: PTH207 absolute patterns too
    if not found:
        raise UnreadableMediaError(f"{told}: the pattern {pattern} finds no file; check it, and the folder {base}")
    return found
