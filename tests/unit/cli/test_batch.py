"""What `mimica batch` says, against results that nobody had to make."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimica.animation.batch import JobResult
from mimica.animation.batch_table import Job
from mimica.cli.batch import summary
from mimica.cli.main import run


def result(row: int) -> JobResult:
    return JobResult(Job(row, Path("a.jpg"), Path("x.mp4"), Path(f"{row}.mp4")), "done", "", frames=5, seconds=2.0)


@pytest.mark.parametrize(("count", "words"), [(1, "1 job: 1 done"), (2, "2 jobs: 2 done"), (0, "0 jobs: 0 done")])
def test_jobs_are_counted_in_words(count: int, words: str) -> None:
    text = summary([result(row + 1) for row in range(count)], {"done": count})
    assert text.splitlines()[-1] == words


def test_a_missing_table_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["batch", str(tmp_path / "none.csv")]) == 3
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"mimica: error: table {tmp_path / 'none.csv'}: there is no such file; check the path\n")
