"""Who makes the jobs of a service: processes of this machine (`supervisor`), or whoever else keeps this protocol.

`Errand` is what others carry out: one job's worth of a worker. This module does not know jobs beyond that, nor HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from mimica.service.job_files import JobFiles
from mimica.service.queue import Queue
from mimica.service.settings import ServiceSettings
from mimica.service.tables import open_database
from mimica.service.work import Work
from mimica.service.worker import Worker, load_work


class Crew(Protocol):
    """Workers that are kept alive. alive: how many run now. restarts: how often one had to be replaced."""

    @property
    def alive(self) -> int: ...

    @property
    def restarts(self) -> int: ...

    def start(self) -> None:
        """Begin; returns when it has begun to, not when workers are there. May raise UsageError."""
        ...

    def stop(self) -> None:
        """End the workers; what they were making waits for the next start."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """Makes one waiting job, wherever the service's database and folder can be reached; may be sent to other machines.

    database, data, work, …: as in `ServiceSettings`.
    """

    database: str
    data: str
    work: str
    device: str
    lease_s: float
    max_attempts: int

    @classmethod
    def of(cls, settings: ServiceSettings) -> Errand:
        """The errand of a service."""
        return cls(
            settings.database_url, str(settings.data.absolute()), settings.work, settings.device, settings.lease_s,
            settings.max_attempts,
        )  # fmt: skip

    def __call__(self, worker: str) -> bool:
        """Make the job that has waited longest, in the name of `worker`; False when none waits."""
        queue, files, work = _opened(self)
        held = queue.claim(worker)
        if held is None:
            return False
        Worker(worker, queue, files, work, self.lease_s).make(held)
        return True


@cache
def _opened(errand: Errand) -> tuple[Queue, JobFiles, Work]:
    """Opened once a process, so that networks are loaded once."""
    queue = Queue(open_database(errand.database), lease_s=errand.lease_s, max_attempts=errand.max_attempts)
    return queue, JobFiles(Path(errand.data)), load_work(errand.work, errand.device)
