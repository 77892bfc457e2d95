"""Uploads: a multipart body streamed into a folder, part by part, with a limit on each and a hash of each.

The client's file names and content types are not even read; a part's name in the form says what it is for, and its
first bytes say what it is (`sniffing`). Nothing is kept of a body that is not complete. This module does not know jobs.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from mimica.service.problems import Problem
from mimica.service.sniffing import HEAD_BYTES, ending

MAX_TEXT_BYTES = 64 << 10
MAX_HEADER_BYTES = 8 << 10
MAX_PARTS = 12


@dataclass(frozen=True, slots=True)
class Slot:
    """A part that a form may have. kinds: what its file may be (`sniffing`); none for a text field."""

    kinds: tuple[str, ...] = ()
    max_bytes: int = MAX_TEXT_BYTES
    required: bool = True


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file on disk, whole and synced. name: in its folder."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent, complete."""

    files: Mapping[str, ReceivedFile]
    texts: Mapping[str, str]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


class _Parser(Protocol):
    def write(self, data: bytes, /) -> int: ...


async def receive(request: Request, folder: Path, slots: Mapping[str, Slot], seconds: float) -> Form:
    """Read the form of `request` into `folder`.

    Raises Problem: 400 broken or incomplete, 408 slower than `seconds`, 413 too large, 415 not multipart or a file of
    another kind, 422 a part is missing. The caller removes the folder then.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 200:
        raise Problem(415, "not-a-form", "send the files as multipart/form-data, as curl -F does")
    most = sum(slot.max_bytes for slot in slots.values()) + MAX_PARTS * MAX_HEADER_BYTES
    claimed = request.headers.get("content-length", "")
    if claimed.isdigit() and int(claimed) > most:
        raise Problem(413, "too-large", f"the upload is larger than the {most / 1e6:.0f} MB that may be sent")
    with ExitStack() as files:
        reader = _Reader(folder, slots, files)
        parser: _Parser = MultipartParser(boundary, reader.callbacks())
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    if chunk:
                        await run_in_threadpool(parser.write, chunk)
        except TimeoutError as error:
            raise Problem(408, "too-slow", f"the upload took longer than {seconds:g} s; send less at once") from error
        except ClientDisconnect as error:
            raise Problem(400, "broken-upload", "the upload ended before it was complete; send it again") from error
        except FormParserError as error:
            raise Problem(
                400, "broken-upload", "the upload is not a well-formed multipart body; send it again"
            ) from error
        if not reader.complete:
            raise Problem(400, "broken-upload", "the upload ended before its last part did; send it again")
    missing = [name for name, slot in slots.items() if slot.required and name not in reader.files | reader.texts]
    if missing:
        raise Problem(422, "part-missing", f"the form has no part {missing[0]!r}; add it")
    return Form(reader.files, reader.texts)


@dataclass(slots=True)
class _Reader:
    """What the parser calls, in the order of the bytes."""

    folder: Path
    slots: Mapping[str, Slot]
    open_files: ExitStack
    files: dict[str, ReceivedFile] = field(default_factory=dict[str, ReceivedFile])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    complete: bool = False
    _parts: int = 0
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _header_bytes: int = 0
    _name: str = ""
    _head: bytearray = field(default_factory=bytearray)
    _count: int = 0
    _file: IO[bytes] | None = None
    _path: Path | None = None
    _hash: Any = None

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin, "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._headers_finished,
            "on_part_data": self._data, "on_part_end": self._end, "on_end": self._complete,
        }  # fmt: skip

    def _complete(self) -> None:
        self.complete = True

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Problem(400, "too-many-parts", f"the form has more than {MAX_PARTS} parts")
        self._name, self._count, self._head = "", 0, bytearray()
        self._header_bytes, self._header, self._value = 0, bytearray(), bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, more: int) -> None:
        self._header_bytes += more
        if self._header_bytes > MAX_HEADER_BYTES:
            raise Problem(400, "broken-upload", "a part of the form has headers that are too long")

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        if self._name not in self.slots:
            known = ", ".join(self.slots)
            raise Problem(422, "unknown-part", f"the form has a part that is not known here; use {known}")
        if self._name in self.files or self._name in self.texts:
            raise Problem(422, "part-twice", f"the form has the part {self._name!r} twice; send it once")

    def _data(self, data: bytes, start: int, end: int) -> None:
        slot = self.slots[self._name]
        self._count += end - start
        if self._count > slot.max_bytes:
            raise Problem(
                413, "too-large",
                f"the part {self._name!r} is larger than {slot.max_bytes / 1e6:.3g} MB; make it smaller",
            )  # fmt: skip
        if self._file is not None:
            self._write(data[start:end])
            return
        self._head += data[start:end]
        if slot.kinds and len(self._head) >= HEAD_BYTES:
            self._open(slot)

    def _end(self) -> None:
        slot = self.slots[self._name]
        if not slot.kinds:
            try:
                self.texts[self._name] = self._head.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Problem(422, "not-text", f"the part {self._name!r} is not UTF-8 text") from error
            return
        if self._count == 0:
            raise Problem(422, "part-empty", f"the part {self._name!r} is empty (0 bytes); choose a file", exit_code=3)
        if self._file is None:
            self._open(slot)
        assert self._file is not None
        assert self._path is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.files[self._name] = ReceivedFile(self._path.name, self._count, self._hash.hexdigest())
        self._file = self._path = None

    def _open(self, slot: Slot) -> None:
        suffix = ending(bytes(self._head), slot.kinds)
        if suffix is None:
            raise Problem(
                415, "wrong-kind",
                f"the part {self._name!r} is no {' or '.join(slot.kinds)} that is known here, whatever its name says",
                exit_code=3,
            )  # fmt: skip
        self._path = self.folder / f"{self._name}{suffix}"
        self._file = self.open_files.enter_context(self._path.open("xb"))
        self._hash = hashlib.sha256()
        self._write(bytes(self._head))
        self._head = bytearray()

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        self._hash.update(data)
        self._file.write(data)
