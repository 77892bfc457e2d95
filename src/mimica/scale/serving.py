"""Animation as a service on Ray Serve: replicas that make one job at a time, more of them when jobs wait, and a full
queue that says so at once.

A job goes through `animate`, the way out, with consent, gate, mark and manifest. This module does not know HTTP: any
program on the cluster holds the handle; the REST interface has a queue of its own and uses ``service_crew``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from mimica.animation.batch import JobResult, died, make_job
from mimica.animation.batch_table import Job
from mimica.errors import MimicaError

TRIES = 3


class BusyError(MimicaError):
    """Every replica works and the queue is full; come back later."""


@dataclass(frozen=True, slots=True)
class ServiceSize:
    """least, most: replicas. queue: jobs that may wait before the next is turned away. cores: of each replica.

    up_s, down_s: how long more, or fewer, replicas must be wanted before they come or go.
    """

    least: int = 1
    most: int = 4
    queue: int = 8
    cores: float = 1.0
    up_s: float = 5.0
    down_s: float = 120.0


class AnimationWorker:
    """One replica. It loads the networks with its first job and keeps them."""

    def __init__(self, device: str) -> None:
        self._device = device

    def make(self, job: Job) -> JobResult:
        """Make a job; its errors are its result."""
        return make_job(job, self._device, True)[0]


class AnimationService:
    """The deployment's front: `make` waits for a job's result and begins it again when its replica dies."""

    def __init__(self, handle: DeploymentHandle, now: Callable[[float], None] = time.sleep) -> None:
        self._handle, self._sleep = handle, now

    def make(self, job: Job, *, patience_s: float = 0.0) -> JobResult:
        """The result of a job. patience_s: how long to go on asking while the service is busy.

        Raises BusyError when it is busy for longer.
        """
        tries, waited_s = 1, 0.0
        while True:
            try:
                return self._handle.make.remote(job).result()
            except BackPressureError as error:
                if waited_s >= patience_s:
                    raise BusyError(f"job {job.out}: every worker is busy and the queue is full; try later") from error
                self._sleep(0.25)
                waited_s += 0.25
            except RayError:
                if tries == TRIES:
                    return died(job)
                tries += 1


def deploy(size: ServiceSize, *, device: str = "cpu", name: str = "mimica") -> AnimationService:
    """Start, or change, the service on the cluster that this process has joined; `serve.delete(name)` ends it."""
    return AnimationService(deployed(AnimationWorker, (device,), size, name))


def deployed(worker: type, words: tuple[Any, ...], size: ServiceSize, name: str) -> DeploymentHandle:
    """A handle to replicas of `worker`, made with `words`; each does one thing at a time."""
    logging.getLogger("ray.serve").setLevel(logging.WARNING)  # what goes on is the service's to tell
    serve.start(proxy_location="Disabled")
    deployment: Any = serve.deployment(
        max_ongoing_requests=1,
        max_queued_requests=size.queue,
        graceful_shutdown_timeout_s=5,
        ray_actor_options={"num_cpus": size.cores},
        autoscaling_config={
            "min_replicas": size.least, "max_replicas": size.most, "target_ongoing_requests": 1,
            "upscale_delay_s": size.up_s, "downscale_delay_s": size.down_s,
            "metrics_interval_s": min(10.0, size.up_s), "look_back_period_s": min(30.0, 3 * size.up_s),
        },
    )(worker)  # fmt: skip
    return serve.run(deployment.bind(*words), name=name, route_prefix=None)
