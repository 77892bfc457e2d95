"""Batches on Ray: each job a task that goes through `animate`, the way out, on whatever node has a core for it.

A job whose worker or node dies is made again elsewhere; its half-written file never had its name. Photos, drivers and
outputs lie on a file system that all nodes share, and every node signs with a key of its own. This module does not know
tables or journals.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import ray
from ray.exceptions import RayError

from mimica.animation.batch import Outcome, died, make_job
from mimica.animation.batch_table import Job

TRIES = 3
"""How often a job is begun before it counts as the one that kills its workers."""


class RayCrew:
    """Makes a batch's jobs on the cluster that this process has joined; `run_batch` takes it as its crew."""

    def __init__(
        self, at_once: int, *, device: str = "auto", overwrite: bool = True, cores_per_job: float = 1.0
    ) -> None:
        """at_once: jobs at a time: no more are handed out, so a long table does not fill the cluster's memory."""
        self._at_once, self._words = at_once, (device, overwrite)
        # Ray's own retries stay off: what is counted here is told when a job goes on killing its workers
        self._make = ray.remote(max_retries=0, num_cpus=cores_per_job)(make_job)

    def __call__(self, jobs: Iterator[Job]) -> Iterator[Outcome]:
        """Outcomes as they come, each job's once."""
        again: deque[tuple[Job, int]] = deque()
        running: dict[Any, tuple[Job, int]] = {}
        try:
            while True:
                while again and len(running) < self._at_once:
                    self._begin(*again.popleft(), running)
                for job in islice(jobs, self._at_once - len(running)):
                    self._begin(job, 1, running)
                if not running:
                    return
                (done, *_), _ = ray.wait(list(running), num_returns=1)
                job, tries = running.pop(done)
                try:
                    yield ray.get(done)
                except RayError:  # a worker or its node died; errors of the job itself are outcomes
                    if tries == TRIES:
                        yield died(job), None
                    else:
                        again.append((job, tries + 1))
        finally:
            for task in running:
                ray.cancel(task, force=False)

    def _begin(self, job: Job, tries: int, running: dict[Any, tuple[Job, int]]) -> None:
        running[self._make.remote(job, *self._words)] = (job, tries)
