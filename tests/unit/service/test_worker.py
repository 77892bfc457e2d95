"""A worker, in this process: what becomes of jobs, their files and their words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from light_work import light_work
from sqlalchemy import Engine

from mimica.service.job_files import JobFiles
from mimica.service.jobs import Jobs, NewJob
from mimica.service.queue import ClaimedJob, Queue
from mimica.service.settings import Quotas
from mimica.service.tables import Job, open_database
from mimica.service.work import Order
from mimica.service.worker import Worker


class Workshop:
    """A queue, files and one worker on a folder."""

    def __init__(self, folder: Path) -> None:
        self.engine: Engine = open_database(f"sqlite:///{folder / 'jobs.sqlite'}")
        self.jobs = Jobs(self.engine, Quotas())
        self.queue = Queue(self.engine, lease_s=30, max_attempts=3)
        self.files = JobFiles(folder / "data")
        self.worker = Worker("w", self.queue, self.files, light_work("cpu"), 30)

    def order(self, **settings: Any) -> ClaimedJob:
        identity = Jobs.new_id()
        folder = self.files.receive()
        (folder / "photo.png").write_bytes(b"photo")
        (folder / "driver.mp4").write_bytes(b"film")
        self.files.keep(folder, identity)
        asked = {"expression": 0.0, "crf": 16, **settings}
        self.jobs.accept(identity, NewJob("ada", asked, "photo.png", "driver.mp4", None, 9, "f" * 64))
        held = self.queue.claim("w")
        assert held is not None
        return held

    def job(self, held: ClaimedJob) -> Job:
        return self.jobs.get("ada", held.id)

    def names(self, held: ClaimedJob) -> list[str]:
        return sorted(path.name for path in self.files.folder(held.id).iterdir())


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_a_job_is_made(workshop: Workshop) -> None:
    held = workshop.order()
    workshop.worker.make(held)
    job = workshop.job(held)
    assert (job.state, job.report, job.bytes) == ("done", {"frames": 20}, 13)
    assert job.result is not None
    assert workshop.files.path(held.id, job.result).read_bytes() == b"film"
    assert "preview.jpg" in workshop.names(held)


def test_an_error_is_told_without_the_servers_folders(workshop: Workshop) -> None:
    held = workshop.order(crf=1)
    workshop.worker.make(held)
    job = workshop.job(held)
    assert (job.state, job.error_type, job.error_code) == ("failed", "NoFaceError", 4)
    assert job.error_message == "photo photo.png: no face was found"


def test_a_bug_is_told_and_the_worker_lives_on(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    held = workshop.order(crf=2)
    workshop.worker.make(held)
    assert (workshop.job(held).state, workshop.job(held).error_code) == ("failed", 1)
    assert "a bug" not in (workshop.job(held).error_message or "")
    assert "RuntimeError: a bug" in capsys.readouterr().err


def interrupted(workshop: Workshop, held: ClaimedJob, interrupt: Callable[[], object]) -> None:
    """Make a job and call `interrupt` at its fifth step."""
    inner = workshop.worker._work

    def work(order: Order, tell: Any, show: Any) -> dict[str, Any]:
        steps = 0

        def told(progress: Any) -> None:
            nonlocal steps
            steps += 1
            if steps == 5:
                interrupt()
            tell(progress)

        return inner(order, told, show)

    workshop.worker._work = work
    workshop.worker.make(held)


def test_a_cancelled_job_stops_and_leaves_no_video(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimica.service.worker.SECONDS_BETWEEN_REPORTS", 0.0)
    held = workshop.order()
    interrupted(workshop, held, lambda: workshop.jobs.cancel("ada", held.id))
    assert workshop.job(held).state == "cancelled"
    assert not [name for name in workshop.names(held) if name.startswith("result")]


def test_an_erased_job_stops_and_leaves_nothing(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimica.service.worker.SECONDS_BETWEEN_REPORTS", 0.0)
    held = workshop.order()

    def erase() -> None:
        workshop.jobs.erase("ada", held.id)
        workshop.files.erase(held.id)

    interrupted(workshop, held, erase)
    assert not workshop.files.folder(held.id).exists()


def test_a_worker_that_is_told_to_stop_gives_its_job_back(workshop: Workshop) -> None:
    held = workshop.order()
    interrupted(workshop, held, workshop.worker.stopping.set)
    job = workshop.job(held)
    assert (job.state, job.attempts, job.claim) == ("queued", 0, None)


def test_what_another_worker_took_over_is_not_published(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimica.service.worker.SECONDS_BETWEEN_REPORTS", 1e9)
    held = workshop.order()

    def taken_over() -> None:
        workshop.queue.bury("w")
        workshop.queue.recover()
        assert workshop.queue.claim("v") is not None

    interrupted(workshop, held, taken_over)
    assert workshop.job(held).worker == "v"
    assert not [name for name in workshop.names(held) if name.startswith("result")]


def test_an_idle_worker_ends_when_it_is_told(workshop: Workshop) -> None:
    thread = threading.Thread(target=workshop.worker.run)
    thread.start()
    workshop.worker.stopping.set()
    thread.join(120)
    assert not thread.is_alive()
