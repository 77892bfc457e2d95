"""Watching jobs: server-sent events of every change, from one look at the database for all who watch.

This module does not know who may watch what.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool

from mimica.service.job_files import JobFiles
from mimica.service.jobs import Jobs
from mimica.service.problems import Problem
from mimica.service.schemas import JobView
from mimica.service.tables import FINISHED

LOOK_S = 0.25
SILENCE_S = 15.0


class JobWatch:
    """Tells followers when the version of their job has changed."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._followed: Counter[str] = Counter()
        self._versions: dict[str, int] = {}
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def following(self, identity: str) -> Iterator[None]:
        """Look after a job as long as the block lasts."""
        self._followed[identity] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._followed[identity] -= 1
            if not self._followed[identity]:
                del self._followed[identity]
                self._versions.pop(identity, None)

    async def change(self, identity: str, seen: int, seconds: float) -> bool:
        """Wait until the job's version is not `seen`, or it is gone; False when nothing happened for `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self._versions.get(identity, seen) != seen)
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        while self._followed:
            followed = list(self._followed)
            found = await run_in_threadpool(self._jobs.versions, followed)
            async with self._news:
                for identity in followed:
                    if identity in self._followed:
                        self._versions[identity] = found.get(identity, -1)  # -1: it is gone
                self._news.notify_all()
            await asyncio.sleep(LOOK_S)


async def events(
    owner: str, identity: str, jobs: Jobs, files: JobFiles, watch: JobWatch, retention_s: float
) -> AsyncIterator[str]:
    """The life of a job as server-sent events, from now to its end.

    `job`: the job, as JSON. `preview`: {"number", "jpeg"}, the picture in base64. `erased`: it was deleted. A comment
    every 15 s keeps proxies awake.
    """
    shown = 0
    with watch.following(identity):
        while True:
            try:
                job = await run_in_threadpool(jobs.get, owner, identity)
            except Problem:
                yield event("erased", {"id": identity}, 0)
                return
            if job.previews != shown:
                shown = job.previews
                jpeg = await run_in_threadpool(_read, files, identity)
                if jpeg:
                    picture = base64.b64encode(jpeg).decode("ascii")
                    yield event("preview", {"number": shown, "jpeg": picture}, job.version)
            yield event("job", JobView.of(job, retention_s).model_dump(mode="json"), job.version)
            if job.state in FINISHED:
                return
            while not await watch.change(identity, job.version, SILENCE_S):
                yield ": still here\n\n"


def event(kind: str, data: dict[str, Any], number: int) -> str:
    """One server-sent event."""
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"


def _read(files: JobFiles, identity: str) -> bytes:
    try:
        return files.path(identity, "preview.jpg").read_bytes()
    except OSError:
        return b""
