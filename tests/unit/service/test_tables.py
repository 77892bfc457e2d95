from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from sqlalchemy import inspect

from mimica.service.tables import open_database


def opened(url: str, start: Barrier) -> list[str]:
    start.wait()
    engine = open_database(url)
    try:
        return sorted(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_several_programs_may_make_the_tables_in_one_moment(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for turn in range(5):
            start, url = Barrier(4), f"sqlite:///{tmp_path / str(turn)}.sqlite3"
            assert list(pool.map(lambda _: opened(url, start), range(4))) == [["jobs", "sessions"]] * 4  # noqa: B023
