from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from mimica.errors import LedgerError
from mimica.safety import ledger as module
from mimica.safety.consent import require_consent
from mimica.safety.ledger import JobFacts, Ledger, LedgerRow, ledger_path
from mimica.safety.ledger_rows import GENESIS, check_chain, row_hash

SHA = "ab" * 32


@pytest.fixture
def facts() -> JobFacts:
    return JobFacts(
        require_consent("self"), {"face_finder": SHA}, {"photo": SHA, "driver": SHA}, {"crf": 16, "face": "größte"}
    )


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open() as opened:
        yield opened


def altered(statement: str, *values: object) -> None:
    """Change the file as somebody with another program would."""
    connection = sqlite3.connect(ledger_path())
    with connection:
        for trigger in ("rows_stay", "rows_remain"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute(statement, values)
    connection.close()


def test_a_job_is_two_rows(ledger: Ledger, facts: JobFacts) -> None:
    started = ledger.start(facts)
    assert ledger.find(mark_id=started.mark_id)[0].state == "unfinished"
    finished = ledger.finish(started, SHA)
    (job,) = ledger.find(output_sha256=SHA)
    assert (job.started, job.ended, job.state) == (started, finished, "finished")
    assert job.started.consent["basis"] == "self"
    assert job.started.inputs == {"photo": SHA, "driver": SHA}
    assert job.started.settings == {"crf": 16, "face": "größte"}
    assert (started.number, started.previous, finished.number, finished.previous) == (1, GENESIS, 2, started.hash)
    assert started.version
    assert ledger.verify().intact


def test_a_failed_job(ledger: Ledger, facts: JobFacts) -> None:
    started = ledger.start(facts)
    ledger.fail(started, "the disk was full")
    (job,) = ledger.find(job=started.job[:8])
    assert job.state == "failed"
    assert job.ended is not None
    assert job.ended.reason == "the disk was full"


def test_it_stays_after_closing(facts: JobFacts) -> None:
    with Ledger.open() as first:
        started = first.start(facts)
    with Ledger.open(create=False) as second:
        assert list(second.rows()) == [started]
        assert second.find(mark_id=started.mark_id)[0].started == started
        assert second.find(mark_id=(started.mark_id + 1) % 65536) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_only_its_owner_reads_it(ledger: Ledger, facts: JobFacts) -> None:
    ledger.start(facts)
    for path in ledger.path.parent.glob("ledger.sqlite3*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(ledger.path.parent.stat().st_mode) == 0o700


def test_a_returned_append_is_on_disk(ledger: Ledger) -> None:
    assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_there_is_none_before_the_first_job() -> None:
    with pytest.raises(LedgerError, match="there is none yet"):
        Ledger.open(create=False)
    assert not ledger_path().exists()


def test_rows_cannot_be_updated_or_deleted_by_mistake(ledger: Ledger, facts: JobFacts) -> None:
    ledger.start(facts)
    connection = sqlite3.connect(ledger.path)
    for statement in ("UPDATE rows SET body = '{}'", "DELETE FROM rows"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE rows SET body = replace(body, '\"self\"', '\"fictional\"') WHERE number = 3", "row 3 was changed"),
        ("UPDATE rows SET body = replace(body, '2', '3') WHERE number = 1", "row 1 was changed"),
        ("UPDATE rows SET hash = '00' WHERE number = 2", "row 3 does not follow"),
        ("UPDATE rows SET previous = hash WHERE number = 4", "row 4 does not follow"),
        ("DELETE FROM rows WHERE number = 3", "row 3 is missing"),
        ("DELETE FROM rows WHERE number = 1", "row 1 is missing"),
        ("DELETE FROM rows WHERE number > 4", "the newest were cut off"),
        ("UPDATE rows SET number = number + 1 WHERE number = 6", "row 6 is missing"),
        ("UPDATE rows SET body = '{}' WHERE number = 2", "row 2 cannot be read"),
    ],
)
def test_tampering_is_named(ledger: Ledger, facts: JobFacts, statement: str, words: str) -> None:
    for _ in range(3):
        ledger.finish(ledger.start(facts), SHA)
    assert ledger.verify().intact
    altered(statement)
    assert words in "; ".join(ledger.verify().problems)


def test_a_row_rewritten_with_its_own_hash_still_breaks_the_next(ledger: Ledger, facts: JobFacts) -> None:
    rows = [ledger.start(facts) for _ in range(3)]
    body = rows[1].body.replace('"self"', '"fictional"')
    altered("UPDATE rows SET body = ?, hash = ? WHERE number = 2", body, row_hash(rows[1].previous, body))
    assert ledger.verify().problems == ("row 3 does not follow the row before it",)


def test_nothing_is_appended_to_a_row_that_was_changed(ledger: Ledger, facts: JobFacts) -> None:
    ledger.start(facts)
    altered("UPDATE rows SET body = replace(body, '\"self\"', '\"fictional\"')")
    with pytest.raises(LedgerError, match=r"row 1 was changed.*keep the file as evidence"):
        ledger.start(facts)


def test_nothing_is_appended_where_rows_were_cut_off(ledger: Ledger, facts: JobFacts) -> None:
    for _ in range(3):
        ledger.start(facts)
    altered("DELETE FROM rows WHERE number = 3")
    with pytest.raises(LedgerError, match="rows after row 2 were cut off"):
        ledger.start(facts)
    altered("DELETE FROM rows")
    with pytest.raises(LedgerError, match="rows after row 0 were cut off"):
        ledger.start(facts)


def test_verifying_while_others_append_is_no_false_alarm(ledger: Ledger) -> None:
    process = subprocess.Popen([sys.executable, "-c", APPEND, "30"], stdout=subprocess.PIPE, text=True)
    states = [ledger.verify()]
    while process.poll() is None:
        states.append(ledger.verify())
    process.communicate()
    assert process.returncode == 0
    assert ledger.verify().rows == 30
    assert [state.problems for state in states if not state.intact] == []


def test_a_file_that_is_no_ledger(facts: JobFacts, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"not a database, but long enough to look like something" * 40)
    with pytest.raises(LedgerError, match=r"cannot be used \(file is not a database\)"):
        Ledger.open(path)
    with Ledger.open() as good:
        good.start(facts)
    connection = sqlite3.connect(ledger_path())
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerError, match="version 99"):
        Ledger.open()


def test_bytes_damaged_on_disk_are_found(facts: JobFacts) -> None:
    with Ledger.open() as ledger:
        for _ in range(40):
            ledger.start(facts)
    content = bytearray(ledger_path().read_bytes())
    middle = content.find(b'"basis":"self"', len(content) // 2)
    content[middle + 10] ^= 1
    ledger_path().write_bytes(content)
    with Ledger.open() as ledger:
        assert not ledger.verify().intact


def test_a_clock_that_goes_back_is_noted_not_fatal(facts: JobFacts) -> None:
    times = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)])
    with Ledger.open(clock=lambda: next(times)) as ledger:
        first = ledger.start(facts)
        second = ledger.finish(first, SHA)
        third = ledger.start(facts)
        state = ledger.verify()
    assert "the clock had gone back from 2026-01-02" in second.note
    assert first.note == third.note == ""
    assert state.intact
    assert state.notes == ("row 2: the clock had gone back to 2026-01-01T00:00:00.000000+00:00",)


def test_mark_ids_are_unique_until_they_run_out(
    ledger: Ledger, facts: JobFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MARK_IDS", 6)
    rows = [ledger.start(facts) for _ in range(6)]
    assert sorted(row.mark_id for row in rows) == list(range(6))
    ledger.finish(rows[0], SHA)  # the oldest job has been heard of lately: its id is given again last
    again = ledger.start(facts)
    assert again.mark_id == rows[1].mark_id
    assert "shared with earlier jobs" in again.note
    candidates = ledger.find(mark_id=again.mark_id)
    assert [job.started.job for job in candidates] == [again.job, rows[1].job]


def test_export_is_json_lines_that_check(ledger: Ledger, facts: JobFacts) -> None:
    ledger.finish(ledger.start(facts), SHA)
    file = StringIO()
    assert ledger.export(file) == 2
    rows = [json.loads(line) for line in file.getvalue().splitlines()]
    parsed = [
        LedgerRow(**{name: value for name, value in row.items() if name not in ("previous", "hash")}) for row in rows
    ]
    stored = [(p.number, p.body, r["previous"], r["hash"]) for p, r in zip(parsed, rows, strict=True)]
    assert check_chain(stored).intact


APPEND = """
import sys
from mimica.safety.consent import require_consent
from mimica.safety.ledger import JobFacts, Ledger
facts = JobFacts(require_consent("self"), {}, {}, {})
with Ledger.open() as ledger:
    for _ in range(int(sys.argv[1])):
        print(ledger.start(facts).mark_id, flush=True)
"""


def test_four_processes_append_at_once() -> None:
    commands = [
        subprocess.Popen([sys.executable, "-c", APPEND, "50"], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    printed = [command.communicate(timeout=500)[0].split() for command in commands]
    assert [command.returncode for command in commands] == [0] * 4
    ids = [mark for words in printed for mark in words]
    assert len(set(ids)) == len(ids) == 200
    with Ledger.open() as ledger:
        state = ledger.verify()
    assert state.intact
    assert state.rows == 200


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_killed_while_appending_the_chain_is_whole() -> None:
    kept = 0
    for delay_s in (0.0, 0.011, 0.023):
        process = subprocess.Popen([sys.executable, "-c", APPEND, "100000"], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        kept += 1 + len(process.stdout.read().splitlines())
        process.wait()
        process.stdout.close()
        with Ledger.open() as ledger:
            state = ledger.verify()
        assert state.intact, state.problems
        assert state.rows >= kept  # a row that was told is never lost
        kept = state.rows


FILL = """
import resource, sys
sys.dont_write_bytecode = True
from mimica.errors import LedgerError
from mimica.safety.consent import require_consent
from mimica.safety.ledger import JobFacts, Ledger
facts = JobFacts(require_consent("self"), {}, {}, {"padding": "x" * 4000})
with Ledger.open() as ledger:
    ledger.start(facts)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        for count in range(1000):
            ledger.start(facts)
    except LedgerError as error:
        print(count, error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
def test_a_full_disk_is_an_error_and_the_chain_is_whole(facts: JobFacts) -> None:
    """A limit of the file's size stands in for a full disk: the write fails in the middle of an append."""
    done = subprocess.run([sys.executable, "-c", FILL], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    count, _, message = done.stdout.partition(" ")
    assert "free some space" in message
    with Ledger.open() as ledger:
        state = ledger.verify()
        assert state.intact, state.problems
        assert state.rows == int(count) + 1
        ledger.start(facts)  # with space again, it goes on
        assert ledger.verify().intact


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    with pytest.raises(LedgerError, match="MIMICA_HOME"):
        Ledger.open(blocker / "ledger.sqlite3")


def test_time_between_rows_is_told_in_utc(facts: JobFacts) -> None:
    east = datetime(2026, 1, 1, 12, tzinfo=UTC).astimezone()
    with Ledger.open(clock=lambda: east + timedelta(hours=1)) as ledger:
        assert ledger.start(facts).time == "2026-01-01T13:00:00.000000+00:00"
