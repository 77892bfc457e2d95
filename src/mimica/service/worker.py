"""A worker: a process that takes waiting jobs one by one and makes their videos.

It renews its lease by a thread while it works, so that a long step does not look like death; and it ends when the
process that started it has ended, after its present job. This module does not know what the work is, nor HTTP.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

from mimica.animation.report import Progress
from mimica.errors import MimicaError
from mimica.service.job_files import JobFiles
from mimica.service.problems import public_words
from mimica.service.queue import Answer, ClaimedJob, Queue
from mimica.service.tables import open_database
from mimica.service.work import Order, Work

IDLE_S = 0.5
SECONDS_BETWEEN_REPORTS = 0.4


class Stopped(BaseException):
    """The work is to end now; not an Exception, so that nothing on the way takes it for a failure of its own."""

    def __init__(self, why: Answer) -> None:
        super().__init__(why)
        self.why = why


class Worker:
    """Takes jobs from a queue until it is told to stop."""

    def __init__(self, name: str, queue: Queue, files: JobFiles, work: Work, lease_s: float) -> None:
        self.name, self._queue, self._files, self._work, self._lease_s = name, queue, files, work, lease_s
        self.stopping = threading.Event()

    def run(self, parent: int | None = None) -> None:
        """Work until `stopping` is set, or the process `parent` is no longer ours."""
        while not self.stopping.is_set() and (parent is None or os.getppid() == parent):
            held = self._queue.claim(self.name)
            if held is None:
                self.stopping.wait(IDLE_S)
            else:
                self.make(held)

    def make(self, held: ClaimedJob) -> None:
        """Make one job and put on record what became of it."""
        result = f"result-{held.claim[:12]}.mp4"
        out = self._files.path(held.id, result)
        folder = self._files.folder(held.id)
        order = Order(
            self._files.path(held.id, held.photo), self._files.path(held.id, held.driver),
            None if held.receipt is None else self._files.path(held.id, held.receipt), held.settings, out,
        )  # fmt: skip
        told = _Told(self._queue, held, folder / "preview.jpg", self._lease_s, self.stopping)
        kept = False
        try:
            with told:
                report = self._work(order, told.progress, told.preview)
            kept = self._queue.finish(held, result, report, out.stat().st_size)
        except Stopped as stop:
            if stop.why == "cancel":
                self._queue.cancelled(held)
            elif self.stopping.is_set():
                self._queue.give_back(held)
        except MimicaError as error:
            self._queue.fail(held, type(error).__name__, public_words(error, folder), error.exit_code)
        except Exception:  # noqa: BLE001 whatever it is, the owner must be told and the next job made
            traceback.print_exc()
            self._queue.fail(held, "UnexpectedError", "an unexpected error; the service's log has the details", 1)
        finally:
            if not kept:
                with suppress(OSError):
                    out.unlink(missing_ok=True)


class _Told:
    """Passes on what the work tells, not too often, and stops it when the job was cancelled or lost."""

    def __init__(
        self, queue: Queue, held: ClaimedJob, preview: Path, lease_s: float, stopping: threading.Event
    ) -> None:
        self._queue, self._held, self._preview, self._lease_s = queue, held, preview, lease_s
        self._stopping, self._done = stopping, threading.Event()
        self._answer: Answer = "go"
        self._previews, self._next = 0, 0.0
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._heart.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._heart.join()

    def progress(self, progress: Progress) -> None:
        """Raises Stopped when the work is to end."""
        last = progress.total is not None and progress.done >= progress.total
        if time.monotonic() >= self._next or last:
            self._next = time.monotonic() + SECONDS_BETWEEN_REPORTS
            self._answer = self._queue.beat(self._held, progress, self._previews)
        if self._stopping.is_set():
            raise Stopped("lost")
        if self._answer != "go":
            raise Stopped(self._answer)

    def preview(self, jpeg: bytes) -> None:
        """Keep the newest preview, whole at any moment."""
        unfinished = self._preview.with_suffix(".part")
        with suppress(OSError):  # the job may just have been erased; the next report tells
            unfinished.write_bytes(jpeg)
            unfinished.replace(self._preview)
            self._previews += 1

    def _beat(self) -> None:
        while not self._done.wait(self._lease_s / 4):
            with suppress(Exception):  # the database may be away for a moment; the lease is four beats long
                self._answer = self._queue.beat(self._held)


def load_work(name: str, device: str) -> Work:
    """The work that "module:function" names."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)(device)


def main() -> None:
    """`python -m mimica.service.worker`, with its settings as JSON on stdin: see `supervisor`."""
    told = json.loads(sys.stdin.readline())
    engine = open_database(told["database"])
    queue = Queue(engine, lease_s=told["lease_s"], max_attempts=told["max_attempts"])
    files = JobFiles(Path(told["data"]))
    worker = Worker(told["name"], queue, files, load_work(told["work"], told["device"]), told["lease_s"])

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    if hasattr(os, "nice"):
        os.nice(5)  # answering people comes before making videos
    worker.run(parent=told["parent"])
    engine.dispose()


if __name__ == "__main__":
    main()
