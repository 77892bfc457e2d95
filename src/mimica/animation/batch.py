"""Batches: a table of jobs, each one `animate`, in processes of their own; one that fails does not stop the rest.

A process that dies takes only its own job along. This module does not know how a job is shown, nor tables and journals.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from mimica.animation.batch_journal import JOURNAL, Journal, fingerprint
from mimica.animation.batch_table import Job
from mimica.errors import MimicaError, OutputError
from mimica.safety.perceptual_hash import file_sha256

if TYPE_CHECKING:
    from mimica.animation.animator import Animator

Status = Literal["done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of a job. exit_code: of the error as in docs/reference/exit-codes.md; 0 when done or skipped."""

    job: Job
    status: Status
    message: str = ""
    error: str = ""
    exit_code: int = 0
    frames: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The result in types that JSON knows."""
        job = self.job
        return {
            "row": job.row, "photo": str(job.photo), "driving": str(job.driving), "out": str(job.out),
            "status": self.status, "frames": self.frames, "seconds": round(self.seconds, 3), "error": self.error,
            "message": self.message, "exit_code": self.exit_code,
        }  # fmt: skip


ResultCallback = Callable[[JobResult], None]

Outcome = tuple[JobResult, tuple[str, str] | None]
"""A result, and for a finished job its fingerprint and the sha256 of its output."""

Crew = Callable[[Iterator[Job]], Iterator[Outcome]]
"""Whoever makes jobs by `make_job`: takes them as it gets to them, gives each one's outcome once, in any order."""


def run_batch(
    jobs: Iterable[Job], folder: Path, *, processes: int = 1, device: str = "auto", overwrite: bool = True,
    tell: ResultCallback | None = None, crew: Crew | None = None,
) -> list[JobResult]:  # fmt: skip
    """Make every job that the journal in `folder` does not hold; returns what became of each, in the table's order.

    processes: how many jobs at a time. tell: called with each result as it comes. crew: who makes the jobs; processes
    of this machine when None. `animate` decides on consent,
    provenance and everything else of a job; its error is that job's result.

    Raises:
        OutputError: the folder or the journal cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"folder {folder} cannot be made ({error.strerror}); choose another with --out") from error
    journal = Journal(folder / JOURNAL)
    jobs = list(jobs)
    results: dict[Path, JobResult] = {}
    waiting = _waiting(jobs, journal, results, tell)
    for result, record in crew(waiting) if crew else _made(waiting, processes, device, overwrite):
        if record is not None:
            journal.add(result.job, *record)
        results[result.job.out] = result
        if tell is not None:
            tell(result)
    return [results[job.out] for job in jobs]


def _waiting(
    jobs: list[Job], journal: Journal, results: dict[Path, JobResult], tell: ResultCallback | None
) -> Iterator[Job]:
    for job in jobs:
        if journal.holds(job):
            results[job.out] = JobResult(job, "skipped")
            if tell is not None:
                tell(results[job.out])
        else:
            yield job


def _made(jobs: Iterator[Job], processes: int, device: str, overwrite: bool) -> Iterator[Outcome]:
    """Outcomes as they come. When a process dies, nobody knows whose job it was: each at work is tried again alone."""
    while True:
        running: dict[Future[Outcome], Job] = {}
        pool = _pool(processes)
        try:
            while True:
                for job in islice(jobs, processes - len(running)):
                    running[pool.submit(make_job, job, device, overwrite)] = job
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    outcome = future.result()
                    del running[future]
                    yield outcome
        except BrokenProcessPool:
            pass
        except BaseException:
            _stop(pool)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for job in running.values():
            yield _alone(job, device, overwrite)


def _alone(job: Job, device: str, overwrite: bool) -> Outcome:
    with _pool(1) as pool:
        try:
            return pool.submit(make_job, job, device, overwrite).result()
        except BrokenProcessPool:
            return died(job), None
        except BaseException:
            _stop(pool)
            raise


def died(job: Job) -> JobResult:
    """The result of a job whose process died twice."""
    cause = "its process died (out of memory, or a decoder crashed); try it alone with `mimica animate`"
    return JobResult(job, "failed", f"photo {job.photo}, driving video {job.driving}: {cause}", "Died", 1)


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_prepare)


def _stop(pool: ProcessPoolExecutor) -> None:
    pool.shutdown(wait=False, cancel_futures=True)
    for child in multiprocessing.active_children():
        with suppress(OSError):
            child.terminate()


# What follows runs in the processes of the pool.

_busy = False
_animators: dict[str, Animator] = {}


def _prepare() -> None:
    """On Ctrl-C and SIGTERM the job at work cleans up after itself, and a process without one ends silently."""

    def stop(_signal: int, _frame: object) -> NoReturn:
        if _busy:
            raise KeyboardInterrupt
        os._exit(130)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def make_job(job: Job, device: str, overwrite: bool) -> Outcome:
    """Make one job in this process; whatever goes wrong with it is its result. Networks are loaded once a process."""
    global _busy
    _busy = True
    started = time.monotonic()
    try:
        return _animated(job, device, overwrite)
    except MimicaError as error:
        seconds = time.monotonic() - started
        return JobResult(job, "failed", str(error), type(error).__name__, error.exit_code, 0, seconds), None
    except Exception as error:  # noqa: BLE001 a bug in one job is not the end of a thousand others
        seconds = time.monotonic() - started
        told = " ".join(f"unexpected {type(error).__name__}: {error}".split())
        return JobResult(job, "failed", told, "Unexpected", 1, 0, seconds), None
    finally:
        _busy = False


def _animated(job: Job, device: str, overwrite: bool) -> Outcome:
    from mimica.animation.animator import Animator
    from mimica.animation.production import animate
    from mimica.animation.request import check_input_file, check_output_file

    check_input_file(job.photo, "photo")
    for video in (job.driving, *job.drivers.values()):
        check_input_file(video, "driving video")
    check_output_file(job.out, inputs=job.inputs, overwrite=overwrite)
    made_of = fingerprint(job)
    if device not in _animators:
        _animators[device] = Animator.load(device)
    report = animate(job.photo, job.driving, job.out, overwrite=overwrite, animator=_animators[device], **job.settings)
    result = JobResult(job, "done", "; ".join(report.notes), frames=report.frames, seconds=report.seconds)
    return result, (made_of, file_sha256(job.out))
