"""The other routes: the page's session, verify, faces, health, metrics.

This module does not know jobs beyond their number.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from mimica import __version__
from mimica.safety.consent import BASES, PURPOSES
from mimica.service.access import COOKIE
from mimica.service.parts import Parts, ServiceParts
from mimica.service.problems import Problem
from mimica.service.routes import Owner, form, json_body, problems, read_json, reception
from mimica.service.schemas import (
    BasisView,
    FacesView,
    Health,
    SessionView,
    TokenBody,
    VerificationView,
)
from mimica.service.tokens import SESSION_S
from mimica.service.uploads import Slot, receive

router = APIRouter()


@router.get("/session", tags=["session"], responses=problems())
async def get_session(parts: ServiceParts, owner: Owner) -> SessionView:
    """Who you are here, the bases of consent with what each asserts, and the limits."""
    return _session(parts, owner)


@router.post(
    "/session", tags=["session"], response_model=SessionView, openapi_extra=json_body(TokenBody),
    responses=problems(400, 409, 413, 422),
)  # fmt: skip
async def open_session(request: Request, response: Response, parts: ServiceParts) -> SessionView:
    """Swap a token for a cookie that scripts cannot read and other sites cannot send: for the page."""
    told = await read_json(request, TokenBody)
    if parts.access.book is None:
        raise Problem(409, "no-tokens", "this service needs no token")
    owner = parts.access.check_token(request, told.token)
    cookie = await run_in_threadpool(parts.access.visitors.welcome, owner)
    secure = request.headers.get("origin", "").startswith("https://")
    response.set_cookie(
        COOKIE, cookie, max_age=int(SESSION_S), path="/", httponly=True, samesite="strict", secure=secure
    )
    return _session(parts, owner)


@router.delete("/session", tags=["session"], status_code=204, response_class=Response, responses=problems())
async def close_session(request: Request, parts: ServiceParts, owner: Owner) -> Response:
    """Forget the page's cookie."""
    cookie = request.cookies.get(COOKIE)
    if cookie:
        await run_in_threadpool(parts.access.visitors.farewell, cookie)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post(
    "/verify", tags=["check"], response_model=VerificationView,
    openapi_extra=form({"file": "an image or a video, from anywhere"}, ["file"]),
    responses=problems(400, 408, 413, 415, 422),
)  # fmt: skip
async def verify_file(request: Request, parts: ServiceParts, owner: Owner) -> dict[str, Any]:
    """What provenance a file carries: manifest, invisible mark, ledger row, tags. Nothing of it is kept."""
    slot = Slot(("photo", "video"), parts.settings.quotas.driver_bytes)
    return await _ask(request, parts, "verify", "file", slot)


@router.post(
    "/faces", tags=["check"], response_model=FacesView,
    openapi_extra=form({"photo": "JPEG, PNG, WebP, TIFF, HEIC, AVIF, BMP"}, ["photo"]),
    responses=problems(400, 408, 413, 415, 422),
)  # fmt: skip
async def find_faces(request: Request, parts: ServiceParts, owner: Owner) -> dict[str, Any]:
    """The faces of a photo, numbered as the setting `face` wants them. Nothing of it is kept."""
    return await _ask(request, parts, "faces", "photo", Slot(("photo",), parts.settings.quotas.photo_bytes))


@router.get("/health", tags=["operation"], responses=problems(503))
async def health(parts: ServiceParts) -> Health:
    """Whether the service and its database answer; needs no token and tells nothing else."""
    try:
        await run_in_threadpool(parts.jobs.counts)
    except SQLAlchemyError as error:
        raise Problem(503, "no-database", "the database does not answer", headers={"Retry-After": "5"}) from error
    return Health(status="ok", version=__version__)


@router.get(
    "/metrics", tags=["operation"], response_class=Response,
    responses={200: {"description": "Prometheus' text format.", "content": {"text/plain": {}}}, **problems()},
)  # fmt: skip
async def metrics(parts: ServiceParts, owner: Owner) -> Response:
    """Requests, jobs and workers as numbers for Prometheus."""
    for state, number in (await run_in_threadpool(parts.jobs.counts)).items():
        parts.metrics.jobs.labels(state).set(number)
    parts.metrics.workers.set(await run_in_threadpool(lambda: parts.crew.alive))  # a cluster is asked over the network
    parts.metrics.restarts.set(parts.crew.restarts)
    return Response(parts.metrics.text(), media_type="text/plain; version=0.0.4")


async def _ask(request: Request, parts: Parts, question: str, name: str, slot: Slot) -> dict[str, Any]:
    async with reception(parts.files) as folder:
        sent = await receive(request, folder, {name: slot}, parts.settings.quotas.upload_s)
        path = folder / sent.files[name].name
        return await parts.desk.ask(question, path=str(path))


def _session(parts: Parts, owner: str) -> SessionView:
    quotas = parts.settings.quotas
    return SessionView(
        owner=owner, tokens=parts.access.book is not None, version=__version__,
        bases=[BasisView(name=each.name, asserts=each.asserts, receipt=each.receipt) for each in BASES.values()],  # pyright: ignore[reportArgumentType]
        purposes=dict(PURPOSES), photo_bytes=quotas.photo_bytes, driver_bytes=quotas.driver_bytes,
        retention_hours=parts.settings.retention_hours,
    )  # fmt: skip
