"""The supervisor: starts the workers, starts them again when they die, and takes back what they held.

This module does not know jobs beyond that, nor HTTP.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from mimica.service.queue import Queue
from mimica.service.settings import ServiceSettings

LOOK_S = 0.5
STOP_S = 15.0
PAUSE_S = 2.0
"""A worker that died soon after its start is started again only after this pause, doubled each time."""


@dataclass(slots=True)
class _Place:
    """One worker that should be running."""

    process: subprocess.Popen[str] | None = None
    name: str = ""
    started: float = 0.0
    not_before: float = 0.0
    quick_deaths: int = 0


class Supervisor:
    """Keeps `settings.workers` processes alive; use `start` and `stop`."""

    def __init__(self, settings: ServiceSettings, queue: Queue) -> None:
        self._settings, self._queue = settings, queue
        self._places = [_Place() for _ in range(settings.workers)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.restarts = 0

    @property
    def alive(self) -> int:
        """How many workers run."""
        return sum(place.process is not None and place.process.poll() is None for place in self._places)

    @property
    def pids(self) -> list[int]:
        """The processes of the workers."""
        return [place.process.pid for place in self._places if place.process is not None]

    def start(self) -> None:
        """Begin to watch; the workers start at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the workers; what they were making waits for the next start."""
        self._stopping.set()
        self._thread.join()
        running = [place for place in self._places if place.process is not None]
        for place in running:
            assert place.process is not None
            place.process.terminate()
        deadline = time.monotonic() + STOP_S
        for place in running:
            assert place.process is not None
            try:
                place.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                place.process.kill()
                place.process.wait()
            self._queue.bury(place.name)
        self._queue.recover()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            with suppress(SQLAlchemyError):  # the database may be away for a moment
                for place in self._places:
                    self._look_after(place)
                self._queue.recover()
            self._stopping.wait(LOOK_S)

    def _look_after(self, place: _Place) -> None:
        if place.process is not None and place.process.poll() is None:
            return
        now = time.monotonic()
        if place.process is not None:
            self._queue.bury(place.name)
            place.process = None
            self.restarts += 1
            place.quick_deaths = place.quick_deaths + 1 if now - place.started < 10 else 0
            place.not_before = now + (PAUSE_S * 2 ** min(place.quick_deaths - 1, 5) if place.quick_deaths else 0)
        if now >= place.not_before:
            self._begin(place, now)

    def _begin(self, place: _Place, now: float) -> None:
        settings = self._settings
        place.name, place.started = f"worker-{secrets.token_hex(8)}", now
        # The same modules as here, and none from the working folder: `-m` would put that first.
        code = f"import sys; sys.path[:] = {sys.path!r}; from mimica.service.worker import main; main()"
        place.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, encoding="utf-8")
        told = {
            "name": place.name, "database": settings.database_url, "data": str(settings.data),
            "lease_s": settings.lease_s, "max_attempts": settings.max_attempts, "work": settings.work,
            "device": settings.device, "parent": os.getpid(),
        }  # fmt: skip
        assert place.process.stdin is not None
        with suppress(OSError):
            place.process.stdin.write(json.dumps(told) + "\n")
            place.process.stdin.close()
