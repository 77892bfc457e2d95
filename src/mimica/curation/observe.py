"""Observe: one pass over a film that follows one face through each shot and notes what it looks like and does.

A take is at most `longest_s` of one face in one shot; memory does not grow with the film. This module does not judge.
"""

from __future__ import annotations

import time as wall_clock
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mimica.animation.networks import ENCODER_PX, EncodedMotion, Networks
from mimica.animation.prepare import aligned_crop
from mimica.core.framing import WIDE_PER_CROP
from mimica.core.geometry import CropFrame
from mimica.curation.config import CurationConfig
from mimica.curation.measures import OVERLAY_PX, OverlayDetector, disagreement, light, sharpness
from mimica.curation.records import Costs, Shot
from mimica.errors import RefusalError
from mimica.faces.alignment import extract
from mimica.faces.tracking import FaceTracker, TrackedFace
from mimica.media.video_reader import VideoFrame
from mimica.safety.denylist import check_opt_out
from mimica.safety.gate import Gate
from mimica.safety.perceptual_hash import perceptual_hash

Image = NDArray[np.uint8]
PRINT_EVERY_S = Fraction(1, 2)
GATE_EVERY_S = Fraction(2)


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What looks at pixels: the networks and the gate, loaded once a process."""

    networks: Networks
    gate: Gate

    @staticmethod
    @cache
    def load() -> Instruments:
        """On one CPU thread each, so that the same frame gives the same numbers wherever it is looked at.

        Raises WeightsError or GateError when something is missing.
        """
        return Instruments(Networks.load("cpu", threads=1), Gate.load(threads=1))


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One look at the face. `face_px` is 0 while the face is only held; `motion` is the encoder's reading."""

    time: Fraction
    crop: CropFrame
    face_px: float
    sharpness: float
    luma: float
    clipped: float
    disagreement: float
    motion: EncodedMotion


@dataclass(slots=True, eq=False)
class Take:
    """Consecutive samples of one face. end: when the frame after its last one begins. frames: in between, all of them.

    objection: why it must not be used, where the gate or the denylist says so.
    """

    start: Fraction
    film_height: int
    end: Fraction = Fraction(0)
    frames: int = 0
    samples: list[Sample] = field(default_factory=list)
    prints: list[str] = field(default_factory=list)
    overlay: OverlayDetector = field(default_factory=OverlayDetector)
    objection: str = ""


class _Shooting:
    """The face in one shot: its tracker, and the crop that the encoder wants, fixed for each track as in animation."""

    def __init__(self, instruments: Instruments) -> None:
        self.tracker = FaceTracker(instruments.networks.finder)
        self._networks = instruments.networks
        self._track = -1
        self._shift, self._zoom = np.zeros(2), 1.0

    def encoder_crop(self, image: Image, tracked: TrackedFace) -> CropFrame:
        crop = tracked.crop
        if tracked.track_id != self._track:
            better = aligned_crop(image, crop, self._networks)
            self._shift = (better.center_px - crop.center_px) / crop.side_px
            self._zoom, self._track = better.side_px / crop.side_px, tracked.track_id
        x, y = crop.center_px + self._shift * crop.side_px
        return CropFrame(float(x), float(y), crop.side_px * self._zoom)


def observe(
    frames: Iterable[VideoFrame], shots: list[Shot], config: CurationConfig, instruments: Instruments,
    costs: Costs,
) -> Iterator[Take]:  # fmt: skip
    """Takes of a film's frames, in order. costs: gets the CPU seconds that tracking and reading took."""
    step, longest = 1 / Fraction(config.samples_per_s), Fraction(config.longest_s)
    waiting = list(shots)
    shooting = _Shooting(instruments)
    take: Take | None = None
    track = -1
    due = Fraction(-1)
    for frame in frames:
        end = frame.time + (frame.duration or 0)
        while waiting and waiting[0].end is not None and frame.time >= waiting[0].end:
            waiting.pop(0)
            if take is not None:
                yield take
            take, shooting, due = None, _Shooting(instruments), Fraction(-1)
        if take is not None and frame.time - take.start >= longest:
            yield take
            take, due = None, Fraction(-1)
        if frame.time < due:
            if take is not None:
                take.frames, take.end = take.frames + 1, end
            continue
        due = frame.time + step
        started = wall_clock.process_time()
        tracked = shooting.tracker.update(frame.image, float(frame.time))
        costs["tracks_s"] += wall_clock.process_time() - started
        if take is not None and (tracked is None or tracked.track_id != track):
            yield take
            take = None
        if tracked is None:
            continue
        if take is None:
            take, track = Take(frame.time, frame.image.shape[0]), tracked.track_id
        take.frames, take.end = take.frames + 1, end
        started = wall_clock.process_time()
        _look(frame, tracked, take, shooting, instruments)
        costs["reading_s"] += wall_clock.process_time() - started
        costs["samples"] += 1
    if take is not None:
        yield take


def _look(frame: VideoFrame, tracked: TrackedFace, take: Take, shooting: _Shooting, instruments: Instruments) -> None:
    crop = shooting.encoder_crop(frame.image, tracked)
    picture = extract(frame.image, crop, ENCODER_PX)
    motion = instruments.networks.encode(picture)
    luma, clipped = light(picture)
    apart = disagreement(tracked.face, crop, motion.landmarks) if tracked.face else 1.0
    height = tracked.face.height_px if tracked.face else 0.0
    take.samples.append(Sample(frame.time, crop, height, sharpness(picture), luma, clipped, apart, motion))
    since = frame.time - take.start
    if since >= len(take.prints) * PRINT_EVERY_S:
        wide = extract(frame.image, crop.scaled(WIDE_PER_CROP), OVERLAY_PX)
        take.prints.append(perceptual_hash(wide))
        take.overlay.look(wide)
        if not take.objection and len(take.prints) % int(GATE_EVERY_S / PRINT_EVERY_S) == 1:
            take.objection = _objection(wide, instruments.gate)


def _objection(wide: Image, gate: Gate) -> str:
    try:
        check_opt_out(wide, "the clip")
        gate.check_photo(wide, "the clip")
    except RefusalError as error:
        return " ".join(str(error).split())
    return ""
