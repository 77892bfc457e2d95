"""Engines by name: `inline` in this process, `ray` on a cluster. Ray is imported only where it is asked for.

This module does not know what is carried out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from mimica.cli.extras import extra
from mimica.errors import UsageError

if TYPE_CHECKING:
    from mimica.animation.batch import Crew
    from mimica.curation.engine import Engine
    from mimica.service.crew import Crew as ServiceCrew
    from mimica.service.queue import Queue
    from mimica.service.settings import ServiceSettings

EngineName = Literal["inline", "ray"]
BatchEngineName = Literal["local", "ray"]


def curation_engine(name: EngineName, workers: int, address: str | None) -> Engine:
    """Who carries out a curation. workers: at a time, on Ray; 0 is one for each core of the cluster.

    address: of a Ray cluster; a local one is started when None. Raises UsageError when Ray is not installed.
    """
    from mimica.curation.engine import InlineEngine

    if name == "inline":
        return InlineEngine()
    with extra("ray", "curate --engine ray"):
        from mimica.scale.cluster import connect
        from mimica.scale.curation import RayEngine
    connect(address, workers)
    return RayEngine(workers)


def batch_crew(name: BatchEngineName, jobs: int, address: str | None, device: str, overwrite: bool) -> Crew | None:
    """Who makes the jobs of a batch, so many at a time; None is the processes of this machine.

    Raises UsageError when Ray is not installed or nobody answers at `address`.
    """
    if name == "local":
        return None
    with extra("ray", "batch --engine ray"):
        from mimica.scale.batch import RayCrew
        from mimica.scale.cluster import connect
    connect(address, jobs)
    return RayCrew(jobs, device=device, overwrite=overwrite)


def service_crew(
    name: BatchEngineName, settings: ServiceSettings, address: str | None
) -> Callable[[Queue], ServiceCrew] | None:
    """Who makes the jobs of a service, at most `settings.workers` at a time; None is the processes of this machine.

    Raises UsageError when Ray is not installed, nobody answers at `address`, or nobody would work.
    """
    if name == "local":
        return None
    if settings.workers == 0:
        raise UsageError("--workers 0: on Ray somebody has to work; give the most replicas that there may be")
    with extra("ray", "serve --engine ray"):
        from mimica.scale.cluster import connect
        from mimica.scale.service_crew import ServeCrew
        from mimica.scale.serving import ServiceSize
    from mimica.service.crew import Errand

    connect(address, settings.workers)
    return lambda queue: ServeCrew(Errand.of(settings), queue, ServiceSize(most=settings.workers))
