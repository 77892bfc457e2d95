"""SQLite's write-ahead log, switched on by many programs at once.

SQLite's own waiting (`busy_timeout`) does not cover this switch: two programs that open a new file in the same
moment would wait for each other, so one of them is told "database is locked" at once and must ask again.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Final

__all__ = ["use_write_ahead_log"]

PAUSE_S: Final = 0.01


def use_write_ahead_log(connection: sqlite3.Connection, wait_s: float) -> None:
    """Switch a file to the write-ahead log; it stays so.

    Raises sqlite3.OperationalError when others still hold the file after `wait_s` seconds, or it cannot be written.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() >= until:
                raise
        time.sleep(PAUSE_S)
