"""The app: every part of the service put together, its workers started and stopped with it.

This module does not know what listens: any ASGI server can run it, `serve` uses uvicorn.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mimica import __version__
from mimica.errors import MimicaError
from mimica.service import job_routes, live_routes, other_routes, portrait_routes
from mimica.service.access import Access
from mimica.service.crew import Crew
from mimica.service.desk import Desk
from mimica.service.doors import Doors, Rates
from mimica.service.job_files import JobFiles
from mimica.service.jobs import Jobs
from mimica.service.metrics import Measured, Metrics
from mimica.service.page_files import page_router
from mimica.service.parts import Parts
from mimica.service.portraits import Portraits
from mimica.service.problems import Problem
from mimica.service.queue import Queue
from mimica.service.schemas import ProblemBody
from mimica.service.settings import ServiceSettings
from mimica.service.supervisor import Supervisor
from mimica.service.tables import open_database
from mimica.service.tokens import TokenBook, Visitors, read_tokens
from mimica.service.watch import JobWatch

SWEEP_S = 60.0


def create_app(settings: ServiceSettings, crew: Callable[[Queue], Crew] | None = None) -> FastAPI:
    """The service as an ASGI app; its workers run from startup to shutdown.

    crew: who makes the jobs of the queue; processes of this machine when None.

    Raises:
        UsageError: the database, the tokens or the settings cannot be used. OutputError: the folder cannot.
    """
    files = JobFiles(settings.data)
    engine = open_database(settings.database_url)
    jobs = Jobs(engine, settings.quotas)
    book = None if settings.token_file is None else TokenBook(read_tokens(settings.token_file))
    queue = Queue(engine, lease_s=settings.lease_s, max_attempts=settings.max_attempts)
    parts = Parts(
        settings=settings, jobs=jobs, files=files, watch=JobWatch(jobs),
        access=Access(book, Visitors(engine), Rates(settings.quotas.requests_s, settings.quotas.burst)),
        metrics=Metrics(), crew=crew(queue) if crew else Supervisor(settings, queue), desk=Desk(), studio=Desk(),
        portraits=Portraits(settings.data), looks=CapacityLimiter(2),
    )  # fmt: skip

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(parts.crew.start)
        sweeper = asyncio.create_task(_sweep(parts))
        yield
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        await run_in_threadpool(parts.crew.stop)
        parts.desk.close()
        parts.studio.close()
        engine.dispose()

    app = FastAPI(
        title="Mimica", version=__version__, lifespan=life, openapi_url="/api/v1/openapi.json", docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # sends nothing, ever
        description="Animate photos, check files. Errors are problem details (RFC 9457).",
    )  # fmt: skip
    app.state.parts = parts
    api = APIRouter(prefix="/api/v1")
    api.include_router(job_routes.router)
    api.include_router(portrait_routes.router)
    api.include_router(live_routes.router)
    api.include_router(other_routes.router)
    app.include_router(api)
    app.include_router(page_router())
    _tell_problems(app)
    _describe(app)
    app.add_middleware(Measured, metrics=parts.metrics)
    app.add_middleware(Doors, origins=settings.origins)  # the outermost: it sees a request first
    return app


async def sweep_once(parts: Parts) -> None:
    """Erase what is older than the retention, and files that belong to nothing."""
    old = await run_in_threadpool(parts.jobs.erase_older, parts.settings.retention_hours * 3600)
    for identity in old:
        await run_in_threadpool(parts.files.erase, identity)
    known = await run_in_threadpool(parts.jobs.known)
    await run_in_threadpool(parts.files.sweep, known)
    await run_in_threadpool(parts.portraits.sweep, parts.settings.retention_hours * 3600)


async def _sweep(parts: Parts) -> None:
    while True:
        try:
            await sweep_once(parts)
        except (SQLAlchemyError, OSError) as error:  # the next round tries again
            print(f"mimica serve: sweeping failed: {type(error).__name__}", file=sys.stderr)
        await asyncio.sleep(SWEEP_S)


def _tell_problems(app: FastAPI) -> None:
    """Every error leaves as a problem, those of the framework too."""

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def mimica_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, MimicaError)
        return Problem.of(error, request.app.state.parts.settings.data).response()

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kinds = {404: "no-such-address", 405: "no-such-method", 400: "broken-request"}
        words = str(error.detail) or "refused"
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(app, request.url.path)) or headers.get("Allow", "")
        return Problem(error.status_code, kinds.get(error.status_code, "refused"), words, headers=headers).response()

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first: dict[str, Any] = next(iter(error.errors()), {})
        where = ".".join(str(part) for part in first.get("loc", ()))
        return Problem(422, "wrong-request", f"{where}: {first.get('msg', 'is wrong')}", exit_code=2).response()

    async def unexpected(_: Request, error: Exception) -> Response:
        return Problem(500, "unexpected", "an unexpected error; the service's log has the details").response()

    for kind, tell in (
        (Problem, problem), (MimicaError, mimica_error), (HTTPException, http), (RequestValidationError, invalid),
        (Exception, unexpected),
    ):  # fmt: skip
        app.add_exception_handler(kind, tell)


def _methods(app: FastAPI, path: str) -> list[str]:
    """What may be asked of an address."""
    for template, methods in app.openapi()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path):
            return sorted(method.upper() for method in methods)
    return []


def _describe(app: FastAPI) -> None:
    """OpenAPI as it is answered: problems in place of the framework's own validation errors."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = original()
            parts = schema["components"]
            parts["schemas"].pop("HTTPValidationError", None)
            parts["schemas"].pop("ValidationError", None)
            parts["schemas"]["ProblemBody"] = ProblemBody.model_json_schema()
            parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"token": []}, {}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi
