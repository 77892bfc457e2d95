from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from mimica.cli.main import run
from mimica.safety.consent import require_consent
from mimica.safety.ledger import JobFacts, Ledger, LedgerRow, ledger_path

SHA = "ab" * 32


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LedgerRow]:
    """Two jobs: one finished, one not."""
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))
    with Ledger.open() as ledger:
        rows = [ledger.start(JobFacts(require_consent(basis))) for basis in ("self", "fictional")]
        ledger.finish(rows[0], SHA)
    return rows


def test_list_is_newest_first(started: list[LedgerRow], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == ["fictional", "self"]
    assert "unfinished" in lines[0]
    assert "finished" in lines[1]
    assert run(["ledger", "list", "--limit", "1", "--json"]) == 0
    assert [job["job"] for job in json.loads(capsys.readouterr().out)["jobs"]] == [started[1].job]


def test_show_by_mark_job_hash_or_file(
    started: list[LedgerRow], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for which in (str(started[0].mark_id), started[0].job, started[0].job[:12], SHA):
        assert run(["ledger", "show", which, "--json"]) == 0
        (job,) = json.loads(capsys.readouterr().out)["jobs"]
        assert (job["job"], job["output_sha256"]) == (started[0].job, SHA)
    assert run(["ledger", "show", SHA]) == 0
    assert '"basis": "self"' in capsys.readouterr().out
    film = tmp_path / "film.mp4"
    film.write_bytes(b"not ours")
    assert run(["ledger", "show", str(film)]) == 2
    assert "knows nothing of" in capsys.readouterr().err
    assert run(["ledger", "show", "what?"]) == 2


def test_verify(started: list[LedgerRow], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "verify", "--contains", started[1].hash]) == 0
    assert capsys.readouterr().out.startswith("intact: 3 rows, head ")
    assert run(["ledger", "verify", "--contains", SHA]) == 9
    connection = sqlite3.connect(ledger_path())
    with connection:
        connection.execute("DROP TRIGGER rows_stay")
        connection.execute("UPDATE rows SET body = replace(body, 'fictional', 'self') WHERE number = 2")
    connection.close()
    assert run(["ledger", "verify"]) == 9
    assert "row 2 was changed; keep the file as evidence" in capsys.readouterr().err
    assert run(["ledger", "verify", "--json"]) == 9
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "LedgerError"


def test_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rows.jsonl"
    assert run(["ledger", "export", "-o", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["event"] for row in rows] == ["started", "started", "finished"]
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert run(["ledger", "export", "-o", str(out)]) == 5
    assert "exists already" in capsys.readouterr().err


def test_export_to_a_dash_makes_no_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["ledger", "export", "-o", "-"]) == 2
    assert "export -: rows are written to a file only" in capsys.readouterr().err
    assert not (tmp_path / "-").exists()


def test_no_ledger_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "new"))
    assert run(["ledger", "list"]) == 9
    assert not (tmp_path / "new").exists()
