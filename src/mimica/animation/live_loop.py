"""The live loop: camera, reader and painter at once, each taking the newest there is and never a late one.

Three threads hand over through slots that hold one thing: what was not taken before the next came is dropped. The
reader begins so that it is done just when the painter is free: earlier, its motion would grow old in the slot, and
frames would be read for nothing. So the delay is what the two steps take, however much faster the camera is. This
module does not know what is done with pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

from mimica.animation.live import LiveFrame, LiveMotion, LiveSession
from mimica.media.camera import CameraFrame

Thing = TypeVar("Thing")

FORGETTING = 0.15
"""Weight of the newest step in what steps are taken to last."""
SLACK = 1.4
"""The reader has so many times its usual time."""


class Newest(Generic[Thing]):
    """A slot between two threads that holds the newest thing only."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._thing: Thing | None = None
        self._ended = False
        self.dropped = 0

    def put(self, thing: Thing) -> None:
        """Never waits; what still lies there is dropped."""
        with self._changed:
            self.dropped += self._thing is not None
            self._thing = thing
            self._changed.notify()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self) -> Thing | None:
        """Wait for the next thing; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._thing is not None or self._ended)
            thing, self._thing = self._thing, None
            self._changed.notify_all()
            return thing

    def wait_taken(self) -> None:
        """Wait until nothing lies there."""
        with self._changed:
            self._changed.wait_for(lambda: self._thing is None or self._ended)


class Pace:
    """How long the two steps take of late, and so how long the reader waits before it begins."""

    def __init__(self) -> None:
        self._read_s = self._draw_s = 0.0

    def read(self, seconds: float) -> None:
        """A motion was read in so many seconds."""
        self._read_s = seconds if self._read_s == 0 else self._read_s + FORGETTING * (seconds - self._read_s)

    def drawn(self, seconds: float) -> None:
        """A picture was drawn and shown in so many seconds."""
        self._draw_s = seconds if self._draw_s == 0 else self._draw_s + FORGETTING * (seconds - self._draw_s)

    @property
    def wait_s(self) -> float:
        """From the moment at which the painter begins a picture, until the reader should begin the next motion."""
        return max(0.0, self._draw_s - SLACK * self._read_s)


@dataclass(frozen=True, slots=True)
class LiveReport:
    """How a session went.

    frames: of the camera. pictures: shown. dropped: frames without a picture. seconds: in all. fps, latency_s, slow_s:
    of the last pictures, see `LiveStatistics`.
    """

    frames: int
    pictures: int
    dropped: int
    seconds: float
    fps: float
    latency_s: float
    slow_s: float


def run_live(
    session: LiveSession, camera: Iterable[CameraFrame], show: Callable[[LiveFrame], None], stop: Event
) -> LiveReport:
    """Move the portrait with `camera` until that ends, `stop` is set or Ctrl-C comes. `show` is called in this thread.

    Raises whatever camera, session or `show` raise; the threads have ended then.
    """
    started = time.monotonic()
    frames: Newest[CameraFrame] = Newest()
    motions: Newest[LiveMotion] = Newest()
    pace = Pace()
    failures: list[BaseException] = []
    counted = 0

    def guarded(work: Callable[[], None], slot: Newest[CameraFrame] | Newest[LiveMotion]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 told in the thread that waits, whatever it is
                failures.append(error)
                stop.set()
            finally:
                slot.end()

        return run

    def film() -> None:
        nonlocal counted
        for frame in camera:
            if stop.is_set():
                return
            counted += 1
            frames.put(frame)

    def read() -> None:
        while True:
            motions.wait_taken()
            stop.wait(pace.wait_s)
            frame = frames.take()
            if frame is None or stop.is_set():
                return
            begun = time.monotonic()
            motion = session.read(frame.image, frame.time_s, frame.captured_s)
            pace.read(time.monotonic() - begun)
            motions.put(motion)

    threads = [
        Thread(target=guarded(film, frames), name="camera", daemon=True),
        Thread(target=guarded(read, motions), name="reader", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        while (motion := motions.take()) is not None and not stop.is_set():
            begun = time.monotonic()
            show(session.draw(motion))
            pace.drawn(time.monotonic() - begun)
    except KeyboardInterrupt:
        pass  # how a live session ends
    finally:
        stop.set()
        frames.end()
        motions.end()
        threads[1].join()
        threads[0].join(timeout=2.0)  # a camera that gives nothing keeps its thread, which dies with the process
    if failures:
        raise failures[0]
    told = session.statistics
    return LiveReport(
        counted, told.pictures, frames.dropped + motions.dropped, time.monotonic() - started, told.fps, told.latency_s,
        told.slow_s,
    )  # fmt: skip
