"""The live door: a browser's camera moves a portrait, over a WebSocket at /api/v1/portraits/{id}/live.

The client sends pictures, each eight bytes of its own time (a float64 of seconds, big-endian, never going back) and a
JPEG of at most 1 MiB; the answer to one is its time again and a released JPEG. Only the newest picture is worked on:
what came before it is dropped. Words go as JSON texts: {"say": "calibrate"} or {"say": "forget"}; answers are
{"state": "ready", "size": [w, h]}, {"said": …, "done": …, "dropped": n} and {"problem": …}. This module does not know
how a face is moved: `live_studio` does, in a process for each session.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, cast

from anyio import CancelScope
from fastapi import APIRouter, Query, Request, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from mimica.service.desk import Desk
from mimica.service.live_studio import SIDE_PX
from mimica.service.parts import Parts
from mimica.service.problems import Problem

router = APIRouter()

MOST_LIVE: Final = 2
"""Sessions at a time, of everybody together: each wants a core of its own."""
SILENCE_S: Final = 60.0
"""A session without a picture for so long is ended."""
ANSWER_S: Final = 120.0
"""As for every question: it ends what hangs. The first answer loads the networks, which a busy machine does slowly."""
WORDS: Final = ("calibrate", "forget")
REFUSED, GONE_WRONG, BUSY, AWAY = 1008, 1011, 1013, 1001  # RFC 6455 and its registry of close codes
_TIME: Final = struct.Struct(">d")


@dataclass(slots=True)
class Inbox:
    """What the browser said and was not yet answered: the newest picture, and words in order."""

    picture: bytes | None = None
    words: list[str] = field(default_factory=list[str])
    ended: bool = False
    dropped: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def fill(self, socket: WebSocket) -> None:
        """Read until the browser leaves."""
        with suppress(WebSocketDisconnect):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                data, text = message.get("bytes"), message.get("text")
                if data is not None:
                    self.dropped += self.picture is not None
                    self.picture = data
                elif text is not None and len(self.words) < len(WORDS):
                    self.words.append(text[:100])
                self.changed.set()
        self.ended = True
        self.changed.set()


@router.websocket("/portraits/{portrait_id}/live")
async def live(socket: WebSocket, portrait_id: str, size_px: Annotated[int, Query(ge=128, le=1024)] = SIDE_PX) -> None:
    """Let the browser's camera move a portrait that was brought by POST /portraits."""
    parts: Parts = socket.app.state.parts
    try:
        # a socket has what Access looks at: headers, cookies, the address
        owner = await parts.access.owner(cast("Request", socket))
        record = await run_in_threadpool(parts.portraits.get, owner, portrait_id)
    except Problem as problem:
        await socket.close(REFUSED, problem.kind)
        return
    if parts.live_sessions >= MOST_LIVE:
        await socket.close(BUSY, "busy")
        return
    parts.live_sessions += 1
    desk = Desk(ANSWER_S)
    inbox = Inbox()
    reading: asyncio.Task[None] | None = None
    path = ""
    try:
        await socket.accept()
        question = parts.portraits.question(record)
        path = question["path"]
        begun = await desk.ask("live-begin", **question, size_px=size_px)
        await socket.send_json({"state": "ready", **begun})
        reading = asyncio.create_task(inbox.fill(socket))
        await _answer(socket, inbox, desk, path)
        if not inbox.ended:
            await socket.close(AWAY, "silence")
    except Problem as problem:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_json({"problem": {"kind": problem.kind, "detail": problem.detail}})
            await socket.close(GONE_WRONG, problem.kind)
    except (WebSocketDisconnect, RuntimeError):  # it left while something was on its way
        pass
    finally:
        if reading is not None:
            reading.cancel()
        parts.live_sessions -= 1
        with CancelScope(shield=True):  # a server that stops cancels this task, and the session must end all the same
            with suppress(Problem):
                await desk.ask("live-end", path=path)
            await run_in_threadpool(desk.close)


async def _answer(socket: WebSocket, inbox: Inbox, desk: Desk, path: str) -> None:
    """Answer until the browser leaves or is silent. Raises Problem for a picture that is none, or must not leave."""
    while not inbox.ended:
        try:
            await asyncio.wait_for(inbox.changed.wait(), SILENCE_S)
        except TimeoutError:
            return
        inbox.changed.clear()
        while inbox.words:
            word = _word(inbox.words.pop(0))
            done = await desk.ask("live-say", path=path, word=word)
            await socket.send_json({"said": word, **done, "dropped": inbox.dropped})
        picture, inbox.picture = inbox.picture, None
        if picture is not None and not inbox.ended:
            time_s, jpeg = _parted(picture)
            made = await desk.ask("live-frame", path=path, time_s=time_s, jpeg=base64.b64encode(jpeg).decode("ascii"))
            await socket.send_bytes(picture[: _TIME.size] + base64.b64decode(made["jpeg"]))


def _parted(message: bytes) -> tuple[float, bytes]:
    time_s = _TIME.unpack_from(message)[0] if len(message) > _TIME.size else math.nan
    if not math.isfinite(time_s):
        raise Problem(400, "wrong-message", "a picture is eight bytes of time, a float64 of seconds, and a JPEG")
    return time_s, message[_TIME.size :]


def _word(text: str) -> str:
    with suppress(ValueError, AttributeError):
        said: Any = json.loads(text)
        if said.get("say") in WORDS:
            return said["say"]
    raise Problem(400, "wrong-message", 'a text is {"say": "calibrate"} or {"say": "forget"}')
