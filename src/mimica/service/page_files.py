"""The page's own files, read once and served from memory by name: no request ever becomes a path.

This module does not know what is in them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from mimica.service.problems import Problem

FOLDER: Final = Path(__file__).with_name("page")
MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file in memory."""

    content: bytes
    media_type: str
    tag: str


def read_page() -> dict[str, PageFile]:
    """Every file of the page by its name in addresses."""
    files: dict[str, PageFile] = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in MEDIA_TYPES and path.is_file():
            content = path.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            files[path.relative_to(FOLDER).as_posix()] = PageFile(content, MEDIA_TYPES[path.suffix], tag)
    return files


def page_router() -> APIRouter:
    """`/` and `/page/…`."""
    files = read_page()
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def index(request: Request) -> Response:
        return _answer(request, files.get("index.html"))

    @router.get("/page/{name:path}")
    def page_file(name: str, request: Request) -> Response:
        return _answer(request, files.get(name))

    return router


def _answer(request: Request, file: PageFile | None) -> Response:
    if file is None:
        raise Problem(404, "no-such-page", "there is no such page; start at /")
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
