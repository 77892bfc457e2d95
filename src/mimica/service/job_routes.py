"""The routes of jobs: create by upload, look, watch, cancel, fetch the result, erase.

This module does not know who animates.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, StreamingResponse

from mimica.errors import MimicaError
from mimica.safety.consent import check_basis
from mimica.service.jobs import NewJob, no_such_job
from mimica.service.parts import Parts, ServiceParts
from mimica.service.problems import Problem
from mimica.service.routes import Owner, form, look, parse_settings, problems, reception
from mimica.service.schemas import JobList, JobSettings, JobView
from mimica.service.sniffing import MEDIA_TYPES
from mimica.service.tables import Job
from mimica.service.uploads import Form, Slot, receive
from mimica.service.watch import events

router = APIRouter(prefix="/jobs", tags=["jobs"])

MAX_RECEIPT_BYTES = 1 << 20
JobId = Annotated[str, InPath(pattern="^[0-9a-f]{32}$", description="As `id` of a job says.")]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$",
           description="The same key and the same request again give the same job, not a second one."),
]  # fmt: skip
_FORM = form(
    {
        "photo": "JPEG, PNG, WebP, TIFF, HEIC, AVIF, BMP",
        "driver": "the driving video: MP4, MOV, WebM, MKV, AVI",
        "receipt": "the written agreement, for consent receipt or licensed",
    },
    ["photo", "driver", "settings"],
    settings=JobSettings.model_json_schema(),
)
_VIDEO = {200: {"description": "The video.", "content": {"video/mp4": {}}}, 206: {"description": "A part of it."}}
_FILE = {200: {"description": "The file.", "content": {kind: {} for kind in sorted(set(MEDIA_TYPES.values()))}}}


@router.post(
    "", status_code=201, response_model=JobView, openapi_extra=_FORM,
    responses={200: {"model": JobView, "description": "This request was accepted before."},
               **problems(400, 408, 413, 415, 422, 503)},
)  # fmt: skip
async def create_job(
    request: Request, response: Response, parts: ServiceParts, owner: Owner, key: Key = None
) -> JobView:
    """Accept a photo, a driving video and settings; answered when all is on disk and will survive a crash."""
    await run_in_threadpool(parts.jobs.check_room, owner)
    quotas = parts.settings.quotas
    slots = {
        "photo": Slot(("photo",), quotas.photo_bytes),
        "driver": Slot(("video", "motion"), quotas.driver_bytes),
        "receipt": Slot(("document",), MAX_RECEIPT_BYTES, required=False),
        "settings": Slot(),
    }
    async with reception(parts.files) as folder:
        sent = await receive(request, folder, slots, quotas.upload_s)
        job, new = await to_thread.run_sync(_accept, parts, owner, folder, sent, key, limiter=parts.looks)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    if new:
        parts.metrics.accepted.inc()
    else:
        response.status_code = 200
        response.headers["Idempotent-Replayed"] = "true"
    return _view(parts, job)


@router.get("", responses=problems(422))
async def list_jobs(
    parts: ServiceParts, owner: Owner, limit: Annotated[int, Query(ge=1, le=100)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="From `next` of the answer before.")] = None,
) -> JobList:  # fmt: skip
    """Your jobs, the newest first."""
    found = await run_in_threadpool(parts.jobs.list, owner, limit + 1, before)
    shown = found[:limit]
    more = f"/api/v1/jobs?limit={limit}&before={shown[-1].number}" if len(found) > limit else None
    return JobList(jobs=[_view(parts, job) for job in shown], next=more)


@router.get("/{job_id}", responses=problems(404, 422))
async def get_job(job_id: JobId, parts: ServiceParts, owner: Owner) -> JobView:
    """One job."""
    return _view(parts, await run_in_threadpool(parts.jobs.get, owner, job_id))


@router.get(
    "/{job_id}/events", response_class=StreamingResponse,
    responses={200: {"description": "Server-sent events: job, preview, erased.", "content": {"text/event-stream": {}}},
               **problems(404, 422)},
)  # fmt: skip
async def watch_job(job_id: JobId, parts: ServiceParts, owner: Owner) -> StreamingResponse:
    """Every change of a job until it is finished, with preview pictures: small JPEGs, labelled and marked."""
    await run_in_threadpool(parts.jobs.get, owner, job_id)
    stream = events(owner, job_id, parts.jobs, parts.files, parts.watch, parts.settings.retention_hours * 3600)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post("/{job_id}/cancel", responses=problems(404, 422))
async def cancel_job(job_id: JobId, parts: ServiceParts, owner: Owner) -> JobView:
    """Stop a job: at once when it waits, within a frame or two when it runs; a finished one stays as it is."""
    return _view(parts, await run_in_threadpool(parts.jobs.cancel, owner, job_id))


@router.delete("/{job_id}", status_code=204, response_class=Response, responses=problems(404, 422))
async def erase_job(job_id: JobId, parts: ServiceParts, owner: Owner) -> Response:
    """Erase a job in any state: photo, driver, receipt, previews, result, and its row."""
    await run_in_threadpool(parts.jobs.erase, owner, job_id)
    await run_in_threadpool(parts.files.erase, job_id)
    return Response(status_code=204)


@router.get(
    "/{job_id}/result", response_class=FileResponse, responses={**_VIDEO, **problems(404, 409, 422)}
)  # fmt: skip
async def get_result(
    job_id: JobId, parts: ServiceParts, owner: Owner,
    download: Annotated[bool, Query(description="As a file to save, rather than to play.")] = False,
) -> Response:  # fmt: skip
    """The finished video, marked and signed; Range requests are answered."""
    job = await run_in_threadpool(parts.jobs.get, owner, job_id)
    if job.result is None:
        raise Problem(409, "not-done", f"the job is {job.state}, so there is no video", headers={"Retry-After": "2"})
    name = f"mimica-{job.id[:8]}.mp4" if download else None
    return _file(parts.files.path(job.id, job.result), name)


@router.get("/{job_id}/photo", response_class=FileResponse, responses={**_FILE, **problems(404, 422)})
async def get_photo(job_id: JobId, parts: ServiceParts, owner: Owner) -> Response:
    """The photo that was sent."""
    job = await run_in_threadpool(parts.jobs.get, owner, job_id)
    return _file(parts.files.path(job.id, job.photo))


@router.get("/{job_id}/driver", response_class=FileResponse, responses={**_FILE, **problems(404, 422)})
async def get_driver(job_id: JobId, parts: ServiceParts, owner: Owner) -> Response:
    """The driving video that was sent."""
    job = await run_in_threadpool(parts.jobs.get, owner, job_id)
    return _file(parts.files.path(job.id, job.driver))


@router.get(
    "/{job_id}/preview", response_class=FileResponse,
    responses={200: {"description": "The picture.", "content": {"image/jpeg": {}}}, **problems(404, 422)},
)  # fmt: skip
async def get_preview(job_id: JobId, parts: ServiceParts, owner: Owner) -> Response:
    """The newest preview picture, labelled and marked."""
    job = await run_in_threadpool(parts.jobs.get, owner, job_id)
    return _file(parts.files.path(job.id, "preview.jpg"))


def _accept(parts: Parts, owner: str, folder: Path, sent: Form, key: str | None) -> tuple[Job, bool]:
    settings = parse_settings(sent.texts["settings"], JobSettings)
    photo, driver, receipt = sent.files["photo"], sent.files["driver"], sent.files.get("receipt")
    try:
        check_basis(settings.consent, None if receipt is None else folder / receipt.name, settings.purpose)
        look(folder, photo.name, "photo")
        look(folder, driver.name, "motion" if driver.name.endswith((".npz", ".csv")) else "video")
    except MimicaError as error:
        raise Problem.of(error, folder) from error
    asked = settings.model_dump(mode="json")
    hashes = [file.sha256 for file in (photo, driver, receipt) if file is not None]
    fingerprint = hashlib.sha256(json.dumps([hashes, asked], sort_keys=True).encode()).hexdigest()
    new = NewJob(
        owner, asked, photo.name, driver.name, None if receipt is None else receipt.name, sent.bytes, fingerprint, key
    )
    identity = parts.jobs.new_id()
    parts.files.keep(folder, identity)  # before the row: a job on record has its files
    job, accepted = None, False
    try:
        job, accepted = parts.jobs.accept_once(identity, new)
    finally:
        if not accepted:
            parts.files.erase(identity)
    return job, accepted


def _view(parts: Parts, job: Job) -> JobView:
    return JobView.of(job, parts.settings.retention_hours * 3600)


def _file(path: Path, name: str | None = None) -> FileResponse:
    """A file of a job; what a stranger uploaded may run nothing, even when it is opened by itself."""
    if not path.is_file():
        raise no_such_job()
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], filename=name, headers=headers)
