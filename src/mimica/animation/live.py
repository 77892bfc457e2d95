"""Live: a camera's frames in, a portrait that moves with them out, picture by picture and on record.

`LiveSession` is one portrait before one camera. Its pictures are released: consent was asked for the terms, every one
has the label and the mark, the gate keeps looking, and the ledger has a row for the beginning and one for the end::

    terms = admit_portrait(path, photo, consent="self", settings={"driver": "camera"})  # safety.portrait_admission
    with LiveSession(animator.prepare(photo), animator.networks, terms) as session:
        for image, time_s in camera:  # (H, W, 3) uint8 RGB, seconds
            frame = session.animate(image, time_s)  # None before the first face
            show(frame.image)  # or session.jpeg(frame)

`read` and `draw` are the two halves of `animate`, of about equal cost: two threads, one each, give twice the pictures
(`live_loop`). This module does not know cameras, windows or networks beyond the portrait's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.live_motion import LiveDriver
from mimica.animation.motion_field import HeadMotion
from mimica.animation.networks import Networks
from mimica.animation.prepare import Portrait
from mimica.animation.retarget import RetargetOptions, retarget
from mimica.safety.job import ReleaseTerms
from mimica.safety.stream import StreamRelease

Image = NDArray[np.uint8]


def at_most(photo: Image, longer_px: int) -> Image:
    """The photo (H, W, 3) with its longer side of at most so many pixels: the fewer, the more pictures a second."""
    scale = longer_px / max(photo.shape[:2])
    if scale >= 1:
        return photo
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class LiveMotion:
    """What the portrait is to do. time_s: of the camera's frame. captured_s: when that came, by the session's clock.

    head: None before a face was seen for the first time. seen: whether the camera shows a face now.
    """

    head: HeadMotion | None
    time_s: float
    captured_s: float
    seen: bool


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """A released picture. image: (H, W, 3) uint8 RGB. latency_s: from the camera's frame to this picture."""

    image: Image
    time_s: float
    latency_s: float
    seen: bool


@dataclass(frozen=True, slots=True)
class LiveStatistics:
    """Of the last pictures. fps: pictures a second. latency_s, slow_s: median and 95th percentile. pictures: in all."""

    pictures: int = 0
    fps: float = 0.0
    latency_s: float = 0.0
    slow_s: float = 0.0


class LiveSession:
    """One portrait that a camera moves; use it in a ``with`` block, or call `close` at the end."""

    def __init__(
        self, portrait: Portrait, networks: Networks, terms: ReleaseTerms, options: RetargetOptions | None = None, *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """terms: on whose word; see `safety.portrait_admission`. clock: seconds that never go back.

        Raises:
            LedgerError: the beginning cannot be put on record.
        """
        self._portrait, self._options, self._clock = portrait, options or RetargetOptions(), clock
        self._driver = LiveDriver(networks)
        self._lock = Lock()
        self._shown: deque[tuple[float, float]] = deque(maxlen=300)
        self._pictures = 0
        self._stream = StreamRelease(terms, "live", clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    def close(self, error: BaseException | None = None) -> None:
        """Put the end on record; safe twice."""
        self._stream.close(error)

    def animate(self, image: Image, time_s: float, captured_s: float | None = None) -> LiveFrame:
        """The portrait's picture for the camera's next frame; both halves in a row."""
        return self.draw(self.read(image, time_s, captured_s))

    def read(self, image: Image, time_s: float, captured_s: float | None = None) -> LiveMotion:
        """First half: the motion in the camera's next frame (H, W, 3) uint8 RGB. Frames in order, one thread at a time.

        captured_s: when the frame came, by the session's clock; now when None.
        """
        captured = self._clock() if captured_s is None else captured_s
        with self._lock:
            pose = self._driver.read(image, time_s)
        if pose is None:
            return LiveMotion(None, time_s, captured, False)
        head = retarget(pose.track, 0, pose.rest, self._portrait.subject, self._options)
        return LiveMotion(head, time_s, captured, pose.seen)

    def draw(self, motion: LiveMotion) -> LiveFrame:
        """Second half: the picture, released; the photo itself before a face was seen. Raises GateError."""
        portrait = self._portrait
        drawn = portrait.photo if motion.head is None else portrait.renderer.render(motion.head)
        image = self._stream.picture(drawn)
        now = self._clock()
        self._pictures += 1
        self._shown.append((now, now - motion.captured_s))
        return LiveFrame(image, motion.time_s, now - motion.captured_s, motion.seen)

    def jpeg(self, frame: LiveFrame) -> bytes:
        """A JPEG file of the newest frame, tagged as AI-generated."""
        return self._stream.encoded(frame.image)

    def calibrate(self) -> bool:
        """The driver rests now: take the last half second as the pose and face from which all motion is measured.

        False when no face has been seen yet. Any thread may call it.
        """
        with self._lock:
            return self._driver.rest.calibrate()

    def forget_calibration(self) -> None:
        """Measure the driver's rest on the last seconds again."""
        with self._lock:
            self._driver.rest.forget()

    @property
    def statistics(self) -> LiveStatistics:
        """Of the last 300 pictures; any thread may ask."""
        shown = list(self._shown)
        if len(shown) < 2:
            return LiveStatistics(self._pictures)
        times, latencies = zip(*shown, strict=True)
        seconds = max(times[-1] - times[0], 1e-6)
        median, slow = np.percentile(latencies, [50, 95])
        return LiveStatistics(self._pictures, (len(shown) - 1) / seconds, float(median), float(slow))
