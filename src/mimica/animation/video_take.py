"""A filmed face that performs: the source video, frame by frame, with a driver's face on the same person's head.

Only what a driver moves is drawn; every other pixel is the source's own, and so is what covers the face. A handful of
frames is in memory at a time. This module does not know files beyond the source's own, nor consent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.driver import Driver
from mimica.animation.keep import Keep, kept
from mimica.animation.networks import Networks
from mimica.animation.occlusion import LOOK_PX, Look
from mimica.animation.prepare import Portrait, read_portrait, rigged
from mimica.animation.reading import PortraitReading
from mimica.animation.retarget import RetargetOptions, retarget
from mimica.animation.source_track import SourceTrack
from mimica.animation.steady_reading import REACH, TimedReading, steadied
from mimica.faces.alignment import extract
from mimica.media.video_reader import VideoFrame, open_video

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A decoded frame with its reading, None where nothing is to be drawn."""

    index: int
    image: Image
    timed: TimedReading | None


@dataclass(frozen=True, slots=True, eq=False)
class VideoTake:
    """A source video whose face performs. driver: on the source's clock, which may end before the source does."""

    path: Path
    track: SourceTrack
    driver: Driver
    networks: Networks
    keep: Keep = "pose"
    options: RetargetOptions = field(default_factory=RetargetOptions)

    @property
    def times(self) -> tuple[Fraction, ...]:
        return self.driver.times

    @property
    def durations(self) -> tuple[Fraction | None, ...]:
        return self.driver.durations

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.track.notes, *self.driver.notes)

    def unreleased_frames(self, start: int = 0) -> Iterator[Image]:
        """See `Take`."""
        near: deque[_Seen] = deque()  # frames that are still needed, in order
        wanted = start
        with open_video(self.path) as reader:
            for frame in reader:
                if frame.index < start - REACH:
                    continue
                near.append(self._seen(frame))
                if near[-1].index >= wanted + REACH and wanted < len(self.times):
                    yield self._drawn(near, wanted)
                    wanted += 1
                while near and near[0].index < wanted - REACH:
                    near.popleft()
                if wanted >= len(self.times):
                    return
        while wanted < len(self.times) and near and near[-1].index >= wanted:
            yield self._drawn(near, wanted)
            wanted += 1

    def _seen(self, frame: VideoFrame) -> _Seen:
        index = frame.index
        if index >= len(self.track) or self.track.presence[index] <= 0:
            return _Seen(index, frame.image, None)
        reading = read_portrait(frame.image, self.track.crop(index), self.track.encoded(index), self.networks)
        return _Seen(index, frame.image, TimedReading(reading, float(frame.time)))

    def _drawn(self, near: deque[_Seen], index: int) -> Image:
        own = next(seen for seen in near if seen.index == index)
        if own.timed is None:
            return own.image
        readings = [seen.timed for seen in near if seen.timed is not None and abs(seen.index - index) <= REACH]
        reading = steadied(readings, readings.index(own.timed))
        portrait = rigged(
            own.image, reading, self.track.encoded(index), self.networks, self.track.eyes, still=self.keep == "pose",
            once=True,
        )  # fmt: skip
        return self._composed(portrait, index)

    def _composed(self, portrait: Portrait, index: int) -> Image:
        driver, subject = self.driver, portrait.subject
        rest = driver.rest_at(index)
        motion = retarget(driver.track, index, rest, subject, self.options)
        relative = RetargetOptions("relative", self.options.expression, self.options.pose, self.options.gaze)
        turned = motion if self.options.motion == "relative" else retarget(driver.track, index, rest, subject, relative)
        motion = kept(motion, self.keep, subject, self.track.rest, self.options, turned)
        renderer = portrait.renderer
        drawn = renderer.render_patch(motion)
        place = renderer.patch.area
        picture = portrait.photo.copy()
        share = np.float32(self.track.presence[index]) * self._uncovered(portrait.photo, portrait.reading, place)
        before = picture[place]
        rows, columns = np.nonzero((drawn != before).any(-1))
        source = before[rows, columns].astype(np.float32)
        mixed = source + (drawn[rows, columns] - source) * share[rows, columns, None]
        before[rows, columns] = (mixed + 0.5).astype(np.uint8)
        return picture

    def _uncovered(self, image: Image, reading: PortraitReading, place: tuple[slice, slice]) -> FloatArray:
        """(h, w) of a rectangle of the picture: 0 where something lies over the face, 1 elsewhere."""
        crop = reading.crop
        size = (place[1].stop - place[1].start, place[0].stop - place[0].start)
        look = Look(extract(image, crop, LOOK_PX), reading.canonical, reading.face)
        covered = self.track.memory.covered(look)
        if not covered.any():
            return np.ones(size[::-1], np.float32)
        matrix = crop.matrix(LOOK_PX)
        matrix[:, 2] += matrix[:, :2] @ (np.array([place[1].start, place[0].start]) + 0.5) - 0.5
        over = cv2.warpAffine(
            covered, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT,
            borderValue=0.0,
        )  # fmt: skip
        return np.asarray(1 - over, np.float32)
