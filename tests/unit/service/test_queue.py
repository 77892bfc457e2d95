"""The queue: no job is given twice, none is lost, and the dead cannot write."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mimica.animation.report import Progress
from mimica.service.jobs import Jobs, NewJob
from mimica.service.problems import Problem
from mimica.service.queue import Queue
from mimica.service.settings import Quotas
from mimica.service.tables import open_database


class Clock:
    """Stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'jobs.sqlite'}")


@pytest.fixture
def jobs(engine: Engine, clock: Clock) -> Jobs:
    return Jobs(engine, Quotas(active_jobs=1000), clock)


@pytest.fixture
def queue(engine: Engine, clock: Clock) -> Queue:
    return Queue(engine, lease_s=10, max_attempts=2, clock=clock)


def new_job(jobs: Jobs, owner: str = "ada") -> str:
    return jobs.accept(Jobs.new_id(), NewJob(owner, {"pose": 1.0}, "photo.png", "driver.mp4", None, 10, "f" * 64)).id


def test_jobs_are_claimed_in_order_and_once(jobs: Jobs, queue: Queue) -> None:
    made = [new_job(jobs) for _ in range(3)]
    claimed = [queue.claim("w") for _ in range(4)]
    assert [held.id if held else None for held in claimed] == [*made, None]


def test_workers_at_once_never_share_a_job(jobs: Jobs, queue: Queue) -> None:
    made = {new_job(jobs) for _ in range(24)}
    got: list[str] = []

    def take(name: str) -> None:
        while held := queue.claim(name):
            got.append(held.id)

    threads = [threading.Thread(target=take, args=(f"w{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(made)


def test_progress_is_seen_and_renews_the_lease(jobs: Jobs, queue: Queue, clock: Clock) -> None:
    identity = new_job(jobs)
    held = queue.claim("w")
    assert held is not None
    clock.now += 8
    assert queue.beat(held, Progress(3, 10, 2.0, "animating"), previews=1) == "go"
    clock.now += 8
    assert queue.recover() == 0
    job = jobs.get("ada", identity)
    assert (job.frames_done, job.frames_total, job.stage, job.previews) == (3, 10, "animating", 1)


def test_a_silent_workers_job_waits_again_and_its_late_words_count_for_nothing(
    jobs: Jobs, queue: Queue, clock: Clock
) -> None:
    identity = new_job(jobs)
    held = queue.claim("w")
    assert held is not None
    clock.now += 11
    assert queue.recover() == 1
    assert jobs.get("ada", identity).state == "queued"
    assert queue.beat(held) == "lost"
    assert not queue.finish(held, "result-x.mp4", {}, 1)
    assert not queue.fail(held, "Error", "late", 1)
    again = queue.claim("v")
    assert again is not None
    assert again.id == identity
    assert again.attempt == 2
    assert queue.finish(again, "result-y.mp4", {"frames": 2}, 7)
    job = jobs.get("ada", identity)
    assert (job.state, job.result, job.bytes) == ("done", "result-y.mp4", 17)


def test_a_job_that_kills_every_worker_is_reported_failed(jobs: Jobs, queue: Queue, clock: Clock) -> None:
    identity = new_job(jobs)
    for _ in range(2):
        assert queue.claim("w") is not None
        clock.now += 11
        queue.recover()
    job = jobs.get("ada", identity)
    assert job.state == "failed"
    assert "2 times" in (job.error_message or "")
    assert queue.claim("w") is None


def test_a_buried_workers_job_waits_at_once(jobs: Jobs, queue: Queue) -> None:
    new_job(jobs)
    assert queue.claim("w") is not None
    queue.bury("w")
    assert queue.recover() == 1
    assert queue.claim("v") is not None


def test_a_job_that_is_given_back_has_not_been_tried(jobs: Jobs, queue: Queue) -> None:
    for _ in range(5):
        new_job(jobs)
    held = queue.claim("w")
    assert held is not None
    assert queue.give_back(held)
    again = queue.claim("w")
    assert again is not None
    assert (again.id, again.attempt) == (held.id, 1)


def test_a_released_workers_jobs_have_not_been_tried(jobs: Jobs, queue: Queue) -> None:
    made = new_job(jobs)
    late = queue.claim("w")
    assert late is not None
    assert queue.unfinished() == 1
    queue.release("somebody else")
    assert jobs.get("ada", made).state == "running"
    queue.release("w")
    assert jobs.get("ada", made).state == "queued"
    assert jobs.get("ada", made).attempts == 0
    assert queue.beat(late) == "lost"
    again = queue.claim("v")
    assert again is not None
    assert queue.finish(again, "r.mp4", {}, 1)
    assert queue.unfinished() == 0


def test_cancelling_a_running_job_is_told_to_its_worker(jobs: Jobs, queue: Queue) -> None:
    identity = new_job(jobs)
    held = queue.claim("w")
    assert held is not None
    assert jobs.cancel("ada", identity).state == "running"
    assert queue.beat(held) == "cancel"
    assert queue.cancelled(held)
    assert jobs.get("ada", identity).state == "cancelled"


def test_a_cancelled_job_whose_worker_died_is_cancelled(jobs: Jobs, queue: Queue, clock: Clock) -> None:
    identity = new_job(jobs)
    queue.claim("w")
    jobs.cancel("ada", identity)
    clock.now += 11
    queue.recover()
    assert jobs.get("ada", identity).state == "cancelled"


def test_erasing_a_running_job_takes_it_from_its_worker(jobs: Jobs, queue: Queue) -> None:
    identity = new_job(jobs)
    held = queue.claim("w")
    assert held is not None
    jobs.erase("ada", identity)
    assert queue.beat(held) == "lost"


def test_nobody_sees_the_jobs_of_others(jobs: Jobs) -> None:
    identity = new_job(jobs, "ada")
    for question in (jobs.get, jobs.cancel, jobs.erase):
        with pytest.raises(Problem, match="no such job"):
            question("eve", identity)
    assert not jobs.list("eve", 10)
    assert jobs.get("ada", identity).state == "queued"


def test_only_finished_jobs_grow_old(jobs: Jobs, queue: Queue, clock: Clock) -> None:
    waiting, done = new_job(jobs), new_job(jobs)
    jobs.cancel("ada", done)
    clock.now += 3601
    assert jobs.erase_older(3600) == [done]
    assert jobs.get("ada", waiting).state == "queued"
