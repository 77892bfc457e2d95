"""The routes of the sliders: bring a portrait, see edits of it, save one, erase it.

This module does not know how a face is edited.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from mimica.animation.controls import CONTROLS
from mimica.errors import MimicaError
from mimica.safety.consent import check_basis
from mimica.service.job_files import erase_folder
from mimica.service.parts import Parts, ServiceParts
from mimica.service.portraits import PortraitRecord
from mimica.service.problems import Problem
from mimica.service.routes import Owner, form, json_body, look, parse_settings, problems, read_json, reception
from mimica.service.schemas import ControlList, ControlView, EditBody, PortraitSettings, PortraitView
from mimica.service.uploads import Form, Slot, receive

router = APIRouter(tags=["sliders"])

MAX_RECEIPT_BYTES = 1 << 20
PortraitId = Annotated[str, InPath(pattern="^[0-9a-f]{32}$", description="As `id` of a portrait says.")]
_FORM = form(
    {"photo": "JPEG, PNG, WebP, TIFF, HEIC, AVIF, BMP", "receipt": "the written agreement, where the basis has one"},
    ["photo", "settings"],
    settings=PortraitSettings.model_json_schema(),
)
_JPEG = {200: {"description": "The picture, labelled and marked.", "content": {"image/jpeg": {}}}}
_PNG = {200: {"description": "The picture, labelled, marked and signed.", "content": {"image/png": {}}}}


@router.get("/controls", responses=problems())
async def list_controls(owner: Owner) -> ControlList:
    """Every name by which a portrait can be changed, with its natural range."""
    return ControlList(
        controls=[
            ControlView(
                name=each.name, group=each.group, words=each.words, low=each.low, high=each.high, unit=each.unit
            )
            for each in CONTROLS.values()
        ]
    )


@router.post(
    "/portraits", status_code=201, response_model=PortraitView, openapi_extra=_FORM,
    responses=problems(400, 408, 413, 415, 422),
)  # fmt: skip
async def create_portrait(request: Request, parts: ServiceParts, owner: Owner) -> PortraitView:
    """Bring a photo to be changed by sliders; consent is asked as for a job. Your eleventh erases your oldest."""
    quotas = parts.settings.quotas
    slots = {
        "photo": Slot(("photo",), quotas.photo_bytes),
        "receipt": Slot(("document",), MAX_RECEIPT_BYTES, required=False),
        "settings": Slot(),
    }
    async with reception(parts.files) as folder:
        sent = await receive(request, folder, slots, quotas.upload_s)
        record = await to_thread.run_sync(_keep, parts, owner, folder, sent, limiter=parts.looks)
    try:
        ready = await parts.studio.ask("portrait", **parts.portraits.question(record))
    except Problem:
        await run_in_threadpool(erase_folder, parts.portraits.folder(record.id))
        raise
    return PortraitView(id=record.id, size=ready["size"])


@router.post(
    "/portraits/{portrait_id}/edits", response_class=Response, openapi_extra=json_body(EditBody),
    responses={**_JPEG, **problems(400, 404, 413, 422)},
)  # fmt: skip
async def preview_edit(portrait_id: PortraitId, request: Request, parts: ServiceParts, owner: Owner) -> Response:
    """The portrait, changed, at screen size: a JPEG for the eye, labelled and marked, without a manifest."""
    record = await run_in_threadpool(parts.portraits.get, owner, portrait_id)
    asked = await read_json(request, EditBody)
    made = await parts.studio.ask("edit", **parts.portraits.question(record), **asked.model_dump())
    return Response(base64.b64decode(made["jpeg"]), media_type="image/jpeg")


@router.post(
    "/portraits/{portrait_id}/stills", response_class=Response, openapi_extra=json_body(EditBody),
    responses={**_PNG, **problems(400, 404, 413, 422)},
)  # fmt: skip
async def save_edit(portrait_id: PortraitId, request: Request, parts: ServiceParts, owner: Owner) -> Response:
    """The portrait, changed, at full size: a PNG, labelled, marked, signed and on record."""
    record = await run_in_threadpool(parts.portraits.get, owner, portrait_id)
    asked = await read_json(request, EditBody)
    async with reception(parts.files) as folder:
        out = folder / "still.png"
        question = parts.portraits.question(record)
        await parts.studio.ask("save", **question, **asked.model_dump(), out=str(out))
        content = await run_in_threadpool(out.read_bytes)
    headers = {"Content-Disposition": f'attachment; filename="mimica-{record.id[:8]}.png"'}
    return Response(content, media_type="image/png", headers=headers)


@router.delete(
    "/portraits/{portrait_id}", status_code=204, response_class=Response, responses=problems(404, 422)
)  # fmt: skip
async def erase_portrait(portrait_id: PortraitId, parts: ServiceParts, owner: Owner) -> Response:
    """Erase a portrait and its agreement."""
    await run_in_threadpool(parts.portraits.erase, owner, portrait_id)
    return Response(status_code=204)


def _keep(parts: Parts, owner: str, folder: Path, sent: Form) -> PortraitRecord:
    settings = parse_settings(sent.texts["settings"], PortraitSettings)
    photo, receipt = sent.files["photo"], sent.files.get("receipt")
    try:
        check_basis(settings.consent, None if receipt is None else folder / receipt.name, settings.purpose)
        look(folder, photo.name, "photo")
    except MimicaError as error:
        raise Problem.of(error, folder) from error
    asked: dict[str, Any] = settings.model_dump(mode="json")
    record = PortraitRecord(
        parts.portraits.new_id(), owner, photo.name, None if receipt is None else receipt.name, asked
    )
    parts.portraits.keep(folder, record)
    return record
