from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from mimica.safety.write_ahead import use_write_ahead_log


def switch(path: Path, start: Barrier) -> str:
    with closing(sqlite3.connect(path, timeout=30.0, isolation_level=None)) as connection:
        start.wait()
        use_write_ahead_log(connection, 30.0)
        connection.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER)")
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_many_may_open_a_new_file_in_one_moment(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for turn in range(40):
            start = Barrier(8)
            assert list(pool.map(lambda _: switch(tmp_path / f"{turn}.sqlite3", start), range(8))) == ["wal"] * 8  # noqa: B023


def test_a_file_held_for_too_long_is_told(tmp_path: Path) -> None:
    path = tmp_path / "held.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder, closing(sqlite3.connect(path)) as late:
        holder.execute("CREATE TABLE rows (number INTEGER)")
        holder.execute("BEGIN EXCLUSIVE")
        late.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_write_ahead_log(late, 0.05)


def test_what_is_no_matter_of_waiting_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite3"
    path.write_text("no database " * 100)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError, match="not a database"):
        use_write_ahead_log(connection, 30.0)
