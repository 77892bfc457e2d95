"""The ledger: a row for every animation, in SQLite, hash-chained, appended durably before anything is made visible.

    ledger = Ledger.open()
    started = ledger.start(JobFacts(consent, weights, inputs, settings))  # gives the mark id
    ...                                                                   # render into a temporary file, mark, sign
    ledger.finish(started, output_sha256)                                 # then rename the file into place

Killed between any two of these, the ledger is whole, and no visible file lacks its row. Write-ahead log with
synchronous=FULL: a returned append is on disk. Many processes may append at once. The ledger must lie on a local disk:
SQLite's write-ahead log does not work over network file systems. This module does not know what a row means.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, TextIO

from mimica.errors import LedgerError, OutputError
from mimica.safety.home import home, private_folder
from mimica.safety.ledger_rows import GENESIS, JobFacts, LedgerJob, LedgerRow, LedgerState, check_chain, row_hash
from mimica.safety.write_ahead import use_write_ahead_log

__all__ = ["MARK_IDS", "JobFacts", "Ledger", "LedgerJob", "LedgerRow", "LedgerState", "ledger_path"]

MARK_IDS: Final = 1 << 16
"""How many ids the invisible mark can tell apart."""

SCHEMA_VERSION: Final = 1
BUSY_S: Final = 30.0
"""How long an append waits for another process's, seconds."""

_SCHEMA: Final = """
CREATE TABLE rows (
    number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
    mark_id INTEGER GENERATED ALWAYS AS (json_extract(body, '$.mark_id')) STORED,
    job TEXT GENERATED ALWAYS AS (json_extract(body, '$.job')) STORED,
    output_sha256 TEXT GENERATED ALWAYS AS (json_extract(body, '$.output_sha256')) STORED
) STRICT;
CREATE INDEX rows_by_mark ON rows (mark_id, number);
CREATE INDEX rows_by_job ON rows (job);
CREATE INDEX rows_by_output ON rows (output_sha256);
CREATE TRIGGER rows_stay BEFORE UPDATE ON rows BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END;
CREATE TRIGGER rows_remain BEFORE DELETE ON rows BEGIN SELECT RAISE(ABORT, 'rows are never deleted'); END;
"""


def ledger_path() -> Path:
    """Where the ledger lies: ledger.sqlite3 in `home`."""
    return home() / "ledger.sqlite3"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """An open ledger; a context manager. One instance belongs to one thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Callable[[], datetime]) -> None:
        self.path = path
        self._connection = connection
        self._clock = clock

    @classmethod
    def open(cls, path: Path | None = None, *, create: bool = True, clock: Callable[[], datetime] = _utc_now) -> Ledger:
        """Open the ledger at `path`, `ledger_path()` when None, and make it on first use (mode 600).

        create: make it when it is missing. clock: gives the time with a zone.

        Raises:
            LedgerError: it is missing and `create` is false, cannot be opened, or is not a ledger of this version.
        """
        path = ledger_path() if path is None else path
        try:
            if not path.exists():
                if not create:
                    raise LedgerError(f"ledger {path}: there is none yet; it is made with the first animation")
                private_folder(path.parent)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        except (OSError, sqlite3.Error, OutputError) as error:
            raise _failure(path, error) from error
        ledger = cls(path, connection, clock)
        try:
            ledger._prepare()
        except BaseException:
            connection.close()
            raise
        return ledger

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def start(self, facts: JobFacts) -> LedgerRow:
        """Append the row "started" of a new job with a mark id of its own, in one transaction.

        An id is drawn at random from those never given out. When all 65,536 are used, the id whose last job is the
        oldest is given again, the row's note says so, and `find` then tells several candidate jobs for that id.

        Raises:
            LedgerError: the ledger cannot be written (disk full, no permission, damaged); nothing was appended.
        """
        with self._transaction():
            mark_id, reused = self._free_mark_id()
            note = "all mark ids are used: this one is shared with earlier jobs" if reused else ""
            job, consent = secrets.token_hex(16), facts.consent.as_dict()
            return self._append(
                LedgerRow("started", job, mark_id, consent, facts.weights, facts.inputs, facts.settings, note=note)
            )

    def finish(self, started: LedgerRow, output_sha256: str) -> LedgerRow:
        """Append the row "finished" of a job; call it before the file gets its name. Raises LedgerError."""
        return self.append(LedgerRow("finished", started.job, started.mark_id, output_sha256=output_sha256))

    def fail(self, started: LedgerRow, reason: str) -> LedgerRow:
        """Append the row "failed" of a job; reason: one line. Raises LedgerError."""
        return self.append(LedgerRow("failed", started.job, started.mark_id, reason=reason[:500]))

    def append(self, row: LedgerRow) -> LedgerRow:
        """Append any row; gives it back with time, version, number and hashes. Raises LedgerError as `start`."""
        with self._transaction():
            return self._append(row)

    def newest_time(self) -> datetime | None:
        """When the newest row was written, None in an empty ledger. Raises LedgerError when it cannot be read."""
        try:
            last = self._last()
        except sqlite3.Error as error:
            raise _failure(self.path, error) from error
        return None if last is None else datetime.fromisoformat(last.time)

    def rows(self) -> Iterator[LedgerRow]:
        """All rows, oldest first. Raises LedgerError when one cannot be read."""
        for _, body, previous, hash in self._stored():
            try:
                yield LedgerRow.parse(body, previous, hash)
            except ValueError as error:
                raise LedgerError(
                    f"ledger {self.path}: a row is damaged ({error}); see: mimica ledger verify"
                ) from error

    def jobs(self) -> Iterator[LedgerJob]:
        """All jobs, oldest first. Raises LedgerError when a row cannot be read."""
        jobs: dict[str, LedgerJob] = {}
        for row in self.rows():
            known = jobs.get(row.job)
            jobs[row.job] = LedgerJob(row) if known is None else LedgerJob(known.started, row)
        yield from jobs.values()

    def find(
        self, *, mark_id: int | None = None, output_sha256: str | None = None, job: str | None = None
    ) -> list[LedgerJob]:
        """Jobs that a mark id, an output's sha256 or a job's id (or its beginning) names, newest first.

        Several jobs for one mark id are all candidates: the mark cannot tell them apart.
        """
        clauses = {"mark_id": mark_id, "output_sha256": output_sha256}
        wanted = {name: value for name, value in clauses.items() if value is not None}
        conditions = [f"{name} = ?" for name in wanted]
        values: list[str | int] = list(wanted.values())
        if job is not None:
            conditions.append("substr(job, 1, ?) = ?")
            values += [len(job), job]
        if not conditions:
            raise ValueError("find wants a mark id, an output's sha256 or a job's id")
        query = f"SELECT DISTINCT job FROM rows WHERE {' AND '.join(conditions)}"
        try:
            names = [str(name) for (name,) in self._connection.execute(query, values)]
            found = [self._job(name) for name in names]
        except (sqlite3.Error, ValueError) as error:
            raise _failure(self.path, error) from error
        return sorted(found, key=lambda job: -job.started.number)

    def verify(self) -> LedgerState:
        """Check every row's hash and place, and that the newest rows were not cut off. Never raises for damage."""
        try:
            with self._transaction("DEFERRED"):  # one view of it, whoever appends meanwhile
                state = check_chain(self._stored())
                written = self._written()
                damage = [str(line) for (line,) in self._connection.execute("PRAGMA quick_check")]
        except LedgerError as error:
            return LedgerState(0, GENESIS, (f"the file is damaged ({error})",))
        problems = list(state.problems)
        if written != state.rows:
            problems.append(f"{written} rows were written but {state.rows} are there: the newest were cut off")
        problems += [f"SQLite: {line}" for line in damage if line != "ok"]
        return replace(state, problems=tuple(problems))

    def export(self, file: TextIO) -> int:
        """Write all rows as JSON Lines, oldest first; gives their number. Raises LedgerError when one is damaged."""
        count = 0
        for row in self.rows():
            file.write(json.dumps(row.as_dict(), sort_keys=True) + "\n")
            count += 1
        return count

    def _prepare(self) -> None:
        try:
            execute = self._connection.execute
            version = execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise LedgerError(
                    f"ledger {self.path}: is of version {version}; install the newer Mimica that wrote it"
                )
            if version == 0:
                use_write_ahead_log(self._connection, BUSY_S)
            execute("PRAGMA synchronous = FULL")
            if version == 0:
                with self._transaction():
                    if execute("PRAGMA user_version").fetchone()[0] == 0:  # another process may have been first
                        for statement in _SCHEMA.split(";\n")[:-1]:
                            execute(statement)
                        execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except sqlite3.Error as error:
            raise _failure(self.path, error) from error

    @contextmanager
    def _transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Generator[None]:
        try:
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _failure(self.path, error) from error

    def _append(self, row: LedgerRow) -> LedgerRow:
        from mimica import __version__

        last = self._last()
        now = self._clock().astimezone(UTC)
        note = row.note
        if last is not None and now < datetime.fromisoformat(last.time):
            note = "; ".join(filter(None, (note, f"the clock had gone back from {last.time}")))
        number, previous = (1, GENESIS) if last is None else (last.number + 1, last.hash)
        whole = replace(
            row, version=__version__, time=now.isoformat(timespec="microseconds"), note=note, number=number,
            previous=previous,
        )  # fmt: skip
        whole = replace(whole, hash=row_hash(previous, whole.body))
        self._connection.execute(
            "INSERT INTO rows (number, body, previous, hash) VALUES (?, ?, ?, ?)",
            (whole.number, whole.body, whole.previous, whole.hash),
        )
        return whole

    def _last(self) -> LedgerRow | None:
        """The newest row, None in an empty ledger. Raises LedgerError when it was changed or is not the newest."""
        stored = self._connection.execute(
            "SELECT number, body, previous, hash FROM rows ORDER BY number DESC LIMIT 1"
        ).fetchone()
        number = 0 if stored is None else int(stored[0])
        try:
            if self._written() != number:
                raise ValueError(f"rows after row {number} were cut off")
            if stored is None:
                return None
            _, body, previous, hash = stored
            if row_hash(previous, body) != hash:
                raise ValueError(f"row {number} was changed")
            return LedgerRow.parse(body, previous, hash)
        except ValueError as error:
            raise LedgerError(
                f"ledger {self.path}: {error}; keep the file as evidence, move it away, and a new one is begun"
            ) from error

    def _written(self) -> int:
        """How many rows were ever written, as SQLite's own counter says."""
        counted = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'rows'").fetchone()
        return 0 if counted is None else int(counted[0])

    def _free_mark_id(self) -> tuple[int, bool]:
        """(an id, whether earlier jobs have it too)."""
        for _ in range(16):  # while few are used, a draw is quicker than a list of all
            drawn = secrets.randbelow(MARK_IDS)
            if self._connection.execute("SELECT 1 FROM rows WHERE mark_id = ? LIMIT 1", (drawn,)).fetchone() is None:
                return drawn, False
        last_use = dict(self._connection.execute("SELECT mark_id, max(number) FROM rows GROUP BY mark_id"))
        free = [number for number in range(MARK_IDS) if number not in last_use]
        if free:
            return secrets.choice(free), False
        return min(last_use, key=lambda number: last_use[number]), True

    def _stored(self) -> Iterator[tuple[int, str, str, str]]:
        try:
            with closing(
                self._connection.execute("SELECT number, body, previous, hash FROM rows ORDER BY number")
            ) as all:
                yield from all
        except sqlite3.Error as error:
            raise _failure(self.path, error) from error

    def _job(self, name: str) -> LedgerJob:
        rows = [
            LedgerRow.parse(*stored)
            for stored in self._connection.execute(
                "SELECT body, previous, hash FROM rows WHERE job = ? ORDER BY number", (name,)
            )
        ]
        return LedgerJob(rows[0], rows[-1] if len(rows) > 1 else None)


def _failure(path: Path, error: BaseException) -> LedgerError:
    """Why the ledger cannot be used, in one line with the remedy."""
    cause = " ".join(str(error).split()) or type(error).__name__
    if "full" in cause or "disk I/O" in cause or "File too large" in cause:
        remedy = "free some space, or move it with MIMICA_HOME"
    elif "readonly" in cause or "unable to open" in cause or "ermission" in cause:
        remedy = "make its folder yours to write, or move it with MIMICA_HOME"
    elif "locked" in cause:
        remedy = "another program holds it; try again"
    else:
        remedy = "check it with: mimica ledger verify"
    return LedgerError(f"ledger {path}: cannot be used ({cause}); {remedy}")
