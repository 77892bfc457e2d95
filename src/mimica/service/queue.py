"""The jobs as workers see them: claim, stay alive, finish, fail; and taking back what a dead worker held.

A claim is a fresh secret with a lease. Every write of a worker names its claim, so one that was thought dead can never
overwrite what its successor does. This module does not know files, processes or pixels.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session as Transaction

from mimica.animation.report import Progress
from mimica.service.tables import ACTIVE, Job

Answer = Literal["go", "cancel", "lost"]


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """What a worker needs to know. claim: the secret of this attempt; the names are those of files in its folder."""

    id: str
    claim: str
    settings: dict[str, Any]
    photo: str
    driver: str
    receipt: str | None
    attempt: int


class Queue:
    """The waiting jobs of a database."""

    def __init__(
        self, engine: Engine, *, lease_s: float, max_attempts: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine, self._lease_s, self._max_attempts, self._clock = engine, lease_s, max_attempts, clock

    def claim(self, worker: str) -> ClaimedJob | None:
        """Take the job that has waited longest; None when none waits. No two workers get the same one."""
        now = self._clock()
        waiting = select(Job.number).where(Job.state == "queued").order_by(Job.number).limit(1)
        with Transaction(self._engine, expire_on_commit=False) as session, session.begin():
            job = session.scalar(
                update(Job)
                .where(
                    Job.number == waiting.with_for_update(skip_locked=True).scalar_subquery(), Job.state == "queued"
                )
                .values(
                    state="running", claim=secrets.token_hex(16), worker=worker, lease_until=now + self._lease_s,
                    started=func.coalesce(Job.started, now), attempts=Job.attempts + 1, stage="preparing",
                    frames_done=0, frames_total=None, fps=0.0, version=Job.version + 1,
                )
                .returning(Job)
                .execution_options(synchronize_session=False, populate_existing=True)
            )  # fmt: skip
        if job is None or job.claim is None:
            return None
        return ClaimedJob(job.id, job.claim, job.settings, job.photo, job.driver, job.receipt, job.attempts)

    def beat(self, held: ClaimedJob, progress: Progress | None = None, previews: int = 0) -> Answer:
        """Renew the lease, and tell progress. "cancel": the owner wants it stopped. "lost": it is no longer ours."""
        values: dict[str, Any] = {"lease_until": self._clock() + self._lease_s}
        if progress is not None:
            values |= {
                "stage": progress.stage[:40], "frames_done": progress.done, "frames_total": progress.total,
                "fps": progress.fps, "previews": previews, "version": Job.version + 1,
            }  # fmt: skip
        with Transaction(self._engine) as session, session.begin():
            asked = session.scalar(self._held(held).values(**values).returning(Job.cancel_asked))
        return "lost" if asked is None else "cancel" if asked else "go"

    def finish(self, held: ClaimedJob, result: str, report: dict[str, Any], size: int) -> bool:
        """The job is done, its video is `result` in its folder; False when it was lost, and the file is nobody's."""
        return self._end(held, state="done", result=result, report=report, bytes=Job.bytes + size, stage="done")

    def fail(self, held: ClaimedJob, kind: str, message: str, exit_code: int) -> bool:
        """The job failed for a reason that trying again would not change."""
        return self._end(
            held, state="failed", error_type=kind[:64], error_message=message, error_code=exit_code, stage="failed"
        )

    def cancelled(self, held: ClaimedJob) -> bool:
        """The job was stopped as its owner asked."""
        return self._end(held, state="cancelled", stage="cancelled")

    def give_back(self, held: ClaimedJob) -> bool:
        """The worker stops before the job is done: it waits again, and this attempt does not count."""
        with Transaction(self._engine) as session, session.begin():
            done = session.execute(
                self._held(held).values(
                    state="queued", claim=None, worker=None, lease_until=None, attempts=Job.attempts - 1,
                    stage="", version=Job.version + 1,
                )
            )  # fmt: skip
        return bool(done.rowcount)  # pyright: ignore[reportAttributeAccessIssue]

    def bury(self, worker: str) -> None:
        """A worker is known to be dead: its leases end now."""
        with Transaction(self._engine) as session, session.begin():
            session.execute(
                update(Job).where(Job.worker == worker, Job.state == "running").values(lease_until=self._clock() - 1)
            )

    def release(self, worker: str) -> None:
        """A worker was told to stop: what it holds waits again, and this attempt does not count."""
        with Transaction(self._engine) as session, session.begin():
            session.execute(
                update(Job).where(Job.worker == worker, Job.state == "running").values(
                    state="queued", claim=None, worker=None, lease_until=None, attempts=Job.attempts - 1,
                    stage="", version=Job.version + 1,
                )
            )  # fmt: skip

    def unfinished(self) -> int:
        """How many jobs wait or run."""
        with Transaction(self._engine) as session:
            return session.scalar(select(func.count()).where(Job.state.in_(ACTIVE))) or 0

    def recover(self) -> int:
        """Jobs whose lease is over wait again, or are reported failed when tried too often; returns how many."""
        now = self._clock()
        over = (Job.state == "running", Job.lease_until < now)
        gone = {"claim": None, "worker": None, "lease_until": None, "version": Job.version + 1}
        message = (
            f"its worker ended {self._max_attempts} times without an answer; the files may be damaged or too large for "
            f"this machine"
        )
        with Transaction(self._engine) as session, session.begin():
            stopped = session.execute(
                update(Job).where(*over, Job.cancel_asked).values(
                    state="cancelled", finished=now, stage="cancelled", **gone)
            )  # fmt: skip
            failed = session.execute(
                update(Job).where(*over, Job.attempts >= self._max_attempts).values(
                    state="failed", finished=now, stage="failed", error_type="WorkerDied", error_message=message,
                    error_code=1, **gone)
            )  # fmt: skip
            again = session.execute(update(Job).where(*over).values(state="queued", stage="", **gone))
        counted = (done.rowcount for done in (stopped, failed, again))  # pyright: ignore[reportAttributeAccessIssue]
        return sum(counted)

    def _end(self, held: ClaimedJob, **values: Any) -> bool:
        with Transaction(self._engine) as session, session.begin():
            done = session.execute(
                self._held(held).values(
                    finished=self._clock(), claim=None, worker=None, lease_until=None, version=Job.version + 1, **values
                )
            )
        return bool(done.rowcount)  # pyright: ignore[reportAttributeAccessIssue]

    @staticmethod
    def _held(held: ClaimedJob) -> Any:
        return (
            update(Job)
            .where(Job.id == held.id, Job.claim == held.claim, Job.state == "running")
            .execution_options(synchronize_session=False)
        )
