"""The jobs as their owners see them: accept, look, list, cancel, erase, and what is kept of them.

Every question names the owner, so nobody sees or touches another's job. This module does not know files or HTTP; the
side of the workers is `queue`.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction

from mimica.service.problems import Problem
from mimica.service.settings import Quotas
from mimica.service.tables import ACTIVE, FINISHED, STATES, Job

Clock = Callable[[], float]

BUSY_S = 30
"""When to come back to a full service, s."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What was uploaded and asked, complete and on disk. photo, driver, receipt: names in the job's folder."""

    owner: str
    settings: dict[str, Any]
    photo: str
    driver: str
    receipt: str | None
    bytes: int
    fingerprint: str
    idempotency_key: str | None = None


class Jobs:
    """The jobs in a database."""

    def __init__(self, engine: Engine, quotas: Quotas, clock: Clock = time.time) -> None:
        self._engine, self._quotas, self._clock = engine, quotas, clock
        self._accepting = threading.Lock()  # two uploads that end at once must not both take the last place

    @staticmethod
    def new_id() -> str:
        """A name for a job that nobody can guess, 32 hex digits."""
        return secrets.token_hex(16)

    def check_room(self, owner: str, more_bytes: int = 0) -> None:
        """Raises Problem 429 or 413 when `owner` may not add a job of `more_bytes`, 503 when nobody may for now."""
        with Transaction(self._engine) as session:
            mine = select(func.count(), func.coalesce(func.sum(Job.bytes), 0)).where(Job.owner == owner)
            active = session.execute(mine.where(Job.state.in_(ACTIVE))).one()[0]
            stored = session.execute(mine).one()[1]
            waiting = session.scalar(select(func.count()).where(Job.state == "queued")) or 0
        if active >= self._quotas.active_jobs:
            raise Problem(
                429, "too-many-jobs",
                f"{active} of your jobs are waiting or running, the most there may be; wait for one or cancel one",
                headers={"Retry-After": "10"},
            )  # fmt: skip
        if waiting >= self._quotas.waiting_jobs:
            raise Problem(
                503, "busy", f"{waiting} jobs are waiting, as many as this service lets wait; try again later",
                headers={"Retry-After": str(BUSY_S)},
            )  # fmt: skip
        if stored + more_bytes > self._quotas.stored_bytes:
            raise Problem(
                413, "no-room",
                f"your jobs take {stored / 1e9:.1f} GB of the {self._quotas.stored_bytes / 1e9:.1f} GB that you have; "
                f"delete some",
            )  # fmt: skip

    def accept(self, identity: str, new: NewJob) -> Job:
        """Put a job on record; when this returns it survives any crash.

        Raises Problem 429 or 413 by quota, and IntegrityError when its idempotency key is taken.
        """
        with self._accepting:
            self.check_room(new.owner, new.bytes)
            with Transaction(self._engine, expire_on_commit=False) as session, session.begin():
                job = Job(
                    id=identity, owner=new.owner, state="queued", created=self._clock(), settings=new.settings,
                    photo=new.photo, driver=new.driver, receipt=new.receipt, bytes=new.bytes,
                    fingerprint=new.fingerprint, idempotency_key=new.idempotency_key,
                )  # fmt: skip
                session.add(job)
            return job

    def accept_once(self, identity: str, new: NewJob) -> tuple[Job, bool]:
        """As `accept`; with an idempotency key that was used for the same request, (that job, False).

        Raises Problem 422 when the key was used for another request.
        """
        earlier = self.by_key(new.owner, new.idempotency_key)
        if earlier is None:
            try:
                return self.accept(identity, new), True
            except IntegrityError:
                earlier = self.by_key(new.owner, new.idempotency_key)
        if earlier is None or earlier.fingerprint != new.fingerprint:
            raise Problem(
                422, "idempotency-key-reused",
                "this Idempotency-Key was used for another request; make a new key for each new job",
            )  # fmt: skip
        return earlier, False

    def by_key(self, owner: str, key: str | None) -> Job | None:
        """The job that `owner` made with an idempotency key."""
        if key is None:
            return None
        with Transaction(self._engine) as session:
            return session.scalar(select(Job).where(Job.owner == owner, Job.idempotency_key == key))

    def get(self, owner: str, identity: str) -> Job:
        """Raises Problem 404 when there is none, or it is somebody else's."""
        with Transaction(self._engine) as session:
            job = session.scalar(select(Job).where(Job.id == identity, Job.owner == owner))
        if job is None:
            raise no_such_job()
        return job

    def list(self, owner: str, limit: int, before: int | None = None) -> Sequence[Job]:
        """The newest jobs first; before: only those with a smaller number."""
        mine = select(Job).where(Job.owner == owner).order_by(Job.number.desc()).limit(limit)
        with Transaction(self._engine) as session:
            return session.scalars(mine if before is None else mine.where(Job.number < before)).all()

    def cancel(self, owner: str, identity: str) -> Job:
        """Stop a job: at once when it waits, soon when it runs; one that is finished stays as it is."""
        mine = (Job.id == identity, Job.owner == owner)
        with Transaction(self._engine) as session, session.begin():
            session.execute(
                update(Job)
                .where(*mine, Job.state == "queued")
                .values(state="cancelled", finished=self._clock(), version=Job.version + 1)
            )
            session.execute(
                update(Job)
                .where(*mine, Job.state == "running", Job.cancel_asked.is_(False))
                .values(cancel_asked=True, version=Job.version + 1)
            )
        return self.get(owner, identity)

    def erase(self, owner: str, identity: str) -> None:
        """Forget a job. A worker that holds it finds its claim gone and stops. Raises Problem 404."""
        with Transaction(self._engine) as session, session.begin():
            gone = session.execute(delete(Job).where(Job.id == identity, Job.owner == owner).returning(Job.id)).all()
        if not gone:
            raise no_such_job()

    def erase_older(self, seconds: float) -> list[str]:
        """Forget jobs that were finished longer ago than `seconds`; returns their ids."""
        with Transaction(self._engine) as session, session.begin():
            old = delete(Job).where(Job.state.in_(FINISHED), Job.finished < self._clock() - seconds)
            return list(session.scalars(old.returning(Job.id)).all())

    def known(self) -> set[str]:
        """The ids of all jobs."""
        with Transaction(self._engine) as session:
            return set(session.scalars(select(Job.id)).all())

    def versions(self, identities: Sequence[str]) -> dict[str, int]:
        """Which of these jobs exist, and how often each was changed."""
        with Transaction(self._engine) as session:
            rows = session.execute(select(Job.id, Job.version).where(Job.id.in_(identities))).all()
        return dict(rows)

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with Transaction(self._engine) as session:
            found = {row[0]: row[1] for row in session.execute(select(Job.state, func.count()).group_by(Job.state))}
        return {state: found.get(state, 0) for state in STATES}


def no_such_job() -> Problem:
    """What is answered when a job does not exist, or belongs to somebody else: the two must look alike."""
    return Problem(404, "no-such-job", "there is no such job; list yours with GET /api/v1/jobs")
