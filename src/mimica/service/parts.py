"""What the routes of one service work with, made once by `create_app`.

This module does not know what any part does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

if TYPE_CHECKING:
    from anyio import CapacityLimiter

    from mimica.service.access import Access
    from mimica.service.crew import Crew
    from mimica.service.desk import Desk
    from mimica.service.job_files import JobFiles
    from mimica.service.jobs import Jobs
    from mimica.service.metrics import Metrics
    from mimica.service.portraits import Portraits
    from mimica.service.settings import ServiceSettings
    from mimica.service.watch import JobWatch


@dataclass(slots=True)
class Parts:
    """The parts of one service. live_sessions: how many cameras move portraits now."""

    settings: ServiceSettings
    jobs: Jobs
    files: JobFiles
    watch: JobWatch
    access: Access
    metrics: Metrics
    crew: Crew
    desk: Desk
    studio: Desk
    portraits: Portraits
    looks: CapacityLimiter
    """How many uploads the sentry looks at: those that wait for it must not take the threads of everybody else."""
    live_sessions: int = 0


def parts_of(request: Request) -> Parts:
    """The parts of the service that a request came to."""
    return request.app.state.parts


ServiceParts = Annotated["Parts", Depends(parts_of)]
