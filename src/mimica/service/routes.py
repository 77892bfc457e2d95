"""What all routes share: the owner as a dependency, the problems they document, small JSON bodies, forms in OpenAPI.

This module does not know any route.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from mimica.errors import MimicaError
from mimica.media.limits import read_limits
from mimica.media.sentry import look_first
from mimica.safety.consent import check_basis
from mimica.service.access import find_owner
from mimica.service.job_files import JobFiles, erase_folder
from mimica.service.problems import MEDIA_TYPE, Problem

Owner = Annotated[str, Depends(find_owner)]
Model = TypeVar("Model", bound=BaseModel)
MAX_JSON_BYTES = 64 << 10

_WORDS = {
    400: "The request is broken or incomplete.", 401: "A token is needed.", 403: "Refused.", 404: "There is none.",
    408: "Too slow.", 409: "Not in this state.", 413: "Too large.", 415: "Of another kind than asked for.",
    421: "Another Host.", 422: "Well-formed, but cannot be done.", 429: "Too many at once; see Retry-After.",
    503: "Too many jobs wait, or the database does not answer; see Retry-After.",
}  # fmt: skip


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for OpenAPI, with those that any route has."""
    return {
        status: {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in sorted({401, 403, 421, 429, *statuses})
    }


def form(parts: dict[str, str], required: list[str], **texts: dict[str, Any]) -> dict[str, Any]:
    """A multipart body for OpenAPI. parts: file parts and what they are; texts: schemas of JSON parts."""
    files = {name: {"type": "string", "format": "binary", "description": words} for name, words in parts.items()}
    schema = {"type": "object", "required": required, "properties": files | texts, "additionalProperties": False}
    encoding = {name: {"contentType": "application/json"} for name in texts}
    content = {"multipart/form-data": {"schema": schema, "encoding": encoding}}
    return {"requestBody": {"required": True, "content": content}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """A JSON body for OpenAPI."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


async def read_json(request: Request, model: type[Model]) -> Model:
    """A small JSON body as a checked model. Raises Problem 400, 413 or 422."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_JSON_BYTES:
                raise Problem(413, "too-large", f"the body is larger than {MAX_JSON_BYTES >> 10} kB")
    except ClientDisconnect as error:
        raise Problem(400, "broken-request", "the body ended before it was complete") from error
    return parse(bytes(body), model, "the body")


def parse_settings(text: str, model: type[Model]) -> Model:
    """The part `settings` of a form; without a basis of consent the answer says what that is. Raises Problem 422."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and told.get("consent") in (None, ""):
        try:
            check_basis(None)
        except MimicaError as error:
            words = str(error).replace("--consent", 'the setting "consent"')
            raise Problem(422, "consent-needed", words, exit_code=error.exit_code) from error
    return parse(text, model, "settings")


def parse(text: bytes | str, model: type[Model], what: str) -> Model:
    """JSON as a checked model. Raises Problem 422 that names the first thing that is wrong."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        named = f"{what}, {where}" if where else what
        reason = " ".join(str(first["msg"]).split()).replace("Input should", "must")
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            reason = f"there is no such name; known are {', '.join(model.model_fields)}"
        raise Problem(422, "wrong-settings", f"{named}: {reason}", exit_code=2) from error


@asynccontextmanager
async def reception(files: JobFiles) -> AsyncIterator[Path]:
    """A folder for an upload, gone at the end of the block unless it was moved away."""
    folder = await run_in_threadpool(files.receive)
    try:
        yield folder
    finally:
        await run_in_threadpool(erase_folder, folder)


def look(folder: Path, name: str, kind: str) -> None:
    """Let the sentry open an upload. Raises UnreadableMediaError."""
    if kind in ("photo", "video"):
        look_first(folder / name, kind, read_limits())
