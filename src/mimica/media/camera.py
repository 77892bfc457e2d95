"""Cameras: pictures as they happen, from a device or from a video that plays as if it were one.

Each comes with the moment at which it was there, by the clock that latency is measured with. Whoever is slow misses
frames, as before any camera. This module does not know faces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UnreadableMediaError
from mimica.media.video_reader import open_video

Image = NDArray[np.uint8]

ASKED_SIZE: Final = (640, 480)
"""Width and height that a device is asked for; it may give others. More pixels of a driver show no more motion."""
ASKED_FPS: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class CameraFrame:
    """A picture of a camera.

    image: (H, W, 3) uint8 RGB. time_s: since the camera began. captured_s: when it was there, by `time.monotonic`.
    """

    image: Image
    time_s: float
    captured_s: float


def open_camera(name: str) -> Iterator[CameraFrame]:
    """The frames of a camera: a device by its number ("0", "1", …), or a video file in its own time.

    Raises:
        UnreadableMediaError: there is no such camera or file, or it stops giving pictures. At the first frame.
    """
    return device_frames(int(name)) if name.isascii() and name.isdigit() else filmed_frames(Path(name))


def device_frames(number: int) -> Iterator[CameraFrame]:
    """The frames of device `number`, as it gives them. The device is free again when the iteration ends."""
    import cv2

    log: Any = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)  # that there is none is told below, in one line
    try:
        device: Any = cv2.VideoCapture(number)
    finally:
        log.setLogLevel(level)
    try:
        if not device.isOpened():
            raise UnreadableMediaError(
                f"camera {number}: cannot be opened; check that it is plugged in, that no other program uses it and "
                "that this one may, or give a video file"
            )
        for key, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, ASKED_SIZE[0]), (cv2.CAP_PROP_FRAME_HEIGHT, ASKED_SIZE[1]),
            (cv2.CAP_PROP_FPS, ASKED_FPS), (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):  # fmt: skip
            device.set(key, value)
        started = time.monotonic()
        while True:
            there, picture = device.read()
            now = time.monotonic()
            if not there:
                raise UnreadableMediaError(f"camera {number}: stopped giving pictures; check its cable")
            yield CameraFrame(np.ascontiguousarray(picture[..., ::-1]), now - started, now)
    finally:
        device.release()


def filmed_frames(
    path: Path, *, again: bool = False, clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[CameraFrame]:  # fmt: skip
    """The frames of a video at their own times from now on; those that are late already are left out.

    again: begin anew at the end, for ever. clock, wait: seconds now, and to pass.

    Raises:
        UnreadableMediaError: see `open_video`.
    """
    started: float | None = None
    offset = 0.0
    while True:
        with open_video(path) as video:
            step = float(1 / video.info.rate) if video.info.rate else 1 / ASKED_FPS
            first: float | None = None
            last = 0.0
            for frame in video:
                first = float(frame.time) if first is None else first
                last = offset + float(frame.time) - first
                now = clock()
                started = now if started is None else started  # opening it takes time that is not the clip's
                due = started + last
                if now > due + step:
                    continue  # the camera is elsewhere already
                if due > now:
                    wait(due - now)
                yield CameraFrame(frame.image, last, due)
        if not again:
            return
        offset = last + step
