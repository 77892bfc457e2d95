"""A batch through the whole command: pairs are made, failures stay alone, finished jobs are not made again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mimica
from mimica.animation.batch import run_batch
from mimica.animation.batch_journal import JOURNAL, Journal
from mimica.animation.batch_table import Job
from mimica.cli.main import run


class Deadly(Job):
    """A job that ends the process which takes it up."""

    __slots__ = ()

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (3,)


def outcomes(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int]]:
    told = json.loads(capsys.readouterr().out)
    return [(job["status"], job["exit_code"]) for job in told["jobs"]]


def test_a_batch_is_made_once(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "jobs.csv", tmp_path / "made"
    rows = [
        ("portrait.png", "actor.mp4", "photo"), ("landscape.png", "actor.mp4", "photo"),
        ("empty.png", "actor.mp4", "photo"), ("portrait.png", "truncated.mp4", "crop"),
    ]  # fmt: skip
    lines = [f"{shelf / photo},{shelf / driving},{framing}" for photo, driving, framing in rows]
    table.write_text("\n".join(["photo,driving,framing", *lines]) + "\n", encoding="utf-8")
    words = ["batch", str(table), "-o", str(out), "--consent", "historical", "--device", "cpu"]
    assert run([*words, "--json"]) == 1
    assert outcomes(capsys) == [("done", 0), ("failed", 4), ("failed", 3), ("failed", 3)]
    video = out / "portrait-actor.mp4"
    assert sorted(path.name for path in out.iterdir()) == [JOURNAL, video.name]
    found = mimica.verify(video)
    assert found.marked
    assert found.registry

    before = video.stat().st_mtime_ns
    with (out / JOURNAL).open("a") as journal:
        journal.write('{"out": "cut o')  # as a kill leaves it
    assert run(words) == 1
    told = capsys.readouterr()
    assert "[1/4] skipped" in told.err
    assert told.err.count("failed  ") == 3
    assert told.out.splitlines()[-1] == "4 jobs: 0 done, 1 skipped, 3 failed"
    assert video.stat().st_mtime_ns == before


def job(shelf: Path, out: Path, kind: type[Job] = Job, **settings: object) -> Job:
    return kind(1, shelf / "portrait.png", shelf / "landscape.mp4", out, {"consent": "historical", **settings})


def test_a_process_that_dies_takes_only_its_job_along(shelf: Path, tmp_path: Path) -> None:
    jobs = [job(shelf, tmp_path / "a.mp4", Deadly), job(shelf, tmp_path / "b.mp4")]
    dead, alive = run_batch(jobs, tmp_path, processes=2, device="cpu")
    assert (dead.status, dead.error, dead.exit_code) == ("failed", "Died", 1)
    assert (alive.status, alive.error, alive.exit_code) == ("failed", "NoFaceError", 4)


def test_the_journal_holds_only_what_is_unchanged(shelf: Path, tmp_path: Path) -> None:
    from mimica.animation.batch_journal import fingerprint
    from mimica.safety.perceptual_hash import file_sha256

    made = job(shelf, tmp_path / "a.mp4", crf=20)
    made.out.write_bytes(b"the film")
    (tmp_path / JOURNAL).write_text('{"out": "cut o')
    Journal(tmp_path / JOURNAL).add(made, fingerprint(made), file_sha256(made.out))
    journal = Journal(tmp_path / JOURNAL)
    assert journal.holds(made)
    assert not journal.holds(job(shelf, tmp_path / "a.mp4", crf=21))
    assert not journal.holds(job(shelf, tmp_path / "b.mp4", crf=20))
    made.out.write_bytes(b"the film, cut")
    assert not journal.holds(made)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_stopped_batch_leaves_nothing_half_written(shelf: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "jobs.csv", tmp_path / "out"
    rows = [f"{shelf / 'portrait.png'},{shelf / 'long.mp4'},historical,{name}.mp4" for name in "ab"]
    table.write_text("\n".join(["photo,driving,consent,out", *rows]), encoding="utf-8")
    words = [sys.executable, "-m", "mimica", "batch", str(table), "-o", str(out), "--device", "cpu"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 300
        while not (out.exists() and any(out.iterdir())):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no output was begun"
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        told, error = process.communicate(timeout=300)
    assert process.returncode == 130
    assert (told, error.strip()) == ("", "mimica: error: interrupted; nothing half-written is left")
    assert list(out.iterdir()) == []
