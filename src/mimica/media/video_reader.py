"""Driving videos in: frames streamed one at a time with the exact times the file gives them.

Memory does not grow with length; a reader can be iterated again, each pass decodes afresh. A damaged or cut-off file
gives the frames it has, and ``VideoReader.notes`` says what is missing; the ``sentry`` looks at every file first, and
``limits`` hold for every frame. This module does not know faces or sound.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false

from __future__ import annotations

import math
import time as wall_clock
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import av
import numpy as np
from av.error import EOFError as EndOfStream
from av.error import FFmpegError
from numpy.typing import NDArray

from mimica.core.timing import FrameClock, format_time
from mimica.errors import UnreadableMediaError
from mimica.media.colour import FrameConverter
from mimica.media.container import best_audio, best_video, check_file, clock_zero, open_container
from mimica.media.limits import Limits, read_limits, variable
from mimica.media.seeking import KeyFrame, seek_key_frame
from mimica.media.sentry import look_first

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

DECODER_ERRORS = (FFmpegError, ValueError, ArithmeticError, MemoryError, LookupError)

LONGEST_LAST_FRAME_S = Fraction(1)
"""An announced end later than this after the last frame is taken for missing frames, not for a long look."""

MAX_NOMINAL_RATE = 240

MISSING_END_S = Fraction(1, 2)
"""A video that ends this much before its file says so is reported as cut off."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a video before its frames are read; sizes are those of the frames that come out."""

    width: int
    height: int
    rate: Fraction | None
    """Frames a second, nominal or average; for people and encoders, never for time."""
    time_base: Fraction
    """Seconds per tick of the file; every frame time is a whole number of them."""
    duration_s: Fraction | None
    frame_count: int | None
    """As the file announces it; the frames that can be decoded may be fewer."""
    has_audio: bool
    rotation_deg: int
    """Clockwise turn that was applied: 0, 90, 180 or 270."""
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def expected_frames(self) -> int | None:
        """Frames to expect, for a progress bar: announced, or duration times rate, or None."""
        if self.frame_count:
            return self.frame_count
        return round(self.duration_s * self.rate) if self.duration_s and self.rate else None


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One upright frame: ``image`` (H, W, 3) uint8 RGB, at ``time`` seconds, the ``index``-th of the video."""

    image: NDArray[np.uint8]
    time: Fraction
    index: int
    duration: Fraction | None = None
    """Seconds until the next frame; for the last one, until the file's announced end."""


class VideoReader:
    """A readable video; see ``open_video``."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self._notes: list[str] = []
        self._open_passes: list[InputContainer] = []
        with open_container(path, limits.stall_s) as container:
            stream = best_video(container, path)
            self._check_size(stream.width, stream.height)
            first = next(self._raw_frames(container, stream, []), None)
            if first is None:
                raise UnreadableMediaError(f"{path} has no frame that can be decoded; copy or export it again")
            self._check_size(first.width, first.height)
            converter = FrameConverter(first, stream.sample_aspect_ratio)
            self._notes += converter.notes
            self.info = VideoInfo(
                width=converter.width,
                height=converter.height,
                rate=_rate(stream),
                time_base=_time_base(stream),
                duration_s=_duration(container, stream),
                frame_count=stream.frames or None,
                has_audio=best_audio(container) is not None,
                rotation_deg=converter.rotation_deg,
                notes=tuple(self._notes),
                metadata=dict(container.metadata),
            )
        self._check_length(self.info.duration_s or Fraction(0), self.info.frame_count or 0, "claims to last")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about this file, one plain sentence each; grows while frames are read."""
        return tuple(self._notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files of passes that were not read to their end."""
        while self._open_passes:
            self._open_passes.pop().close()

    def __iter__(self) -> Iterator[VideoFrame]:
        return self.frames()

    def frames(self, start: Fraction = Fraction(0), end: Fraction | None = None) -> Iterator[VideoFrame]:
        """A new pass over the frames with ``start`` ≤ time < ``end`` (seconds), in order.

        Times, indices and pixels are those of the whole video. What lies before is skipped where the file's own table
        tells where to begin (MP4, MOV), else decoded and passed over. Damage is skipped and noted;
        ``UnreadableMediaError`` only if the file can no longer be opened, or goes beyond a limit.
        """
        if start > 0:
            part = self._pass(start, end, seek=True)
            first = next(part, None)
            if first is not None:
                yield first
                yield from part
                return
        yield from self._pass(start, end, seek=False)

    def _pass(self, start: Fraction, end: Fraction | None, *, seek: bool) -> Iterator[VideoFrame]:
        """As ``frames``; with ``seek`` nothing comes where it would not certainly be the same."""
        container = open_container(self.path, self.limits.stall_s)
        self._open_passes.append(container)
        try:
            stream = best_video(container, self.path)
            stream.thread_type = "AUTO"
            time_base = _time_base(stream)
            key: KeyFrame | None = None
            if seek:
                key = seek_key_frame(container, stream, math.floor((start + clock_zero(container)) / time_base))
                if key is None:
                    return
            step_ticks = max(1, round(1 / ((self.info.rate or 25) * time_base)))
            clock = FrameClock(time_base, step_ticks, int(clock_zero(container) / time_base))
            converter: FrameConverter | None = None
            damage: list[str] = []
            finish = Fraction(0)
            announced_end = clock.time_of(stream.start_time or 0) + (stream.duration or 0) * time_base
            raw_frames = self._raw_frames(container, stream, damage, whole=key is None)
            if key is not None:
                raw_frames = _from_key(raw_frames, key)
            timed = _timed(raw_frames, clock, announced_end)
            for index, (raw, time, duration) in enumerate(timed, start=key.index if key else 0):
                finish = time + duration
                if end is not None and time >= end:
                    return
                self._check_size(raw.width, raw.height)
                self._check_length(time, index, "goes on to")
                converter = converter or FrameConverter(raw, stream.sample_aspect_ratio)
                if time >= start:
                    image = converter(raw)
                    yield VideoFrame(image, time, index, duration)
            self._note(*damage, *(converter.notes if converter else ()))
            if clock.repaired:
                self._note(f"{clock.repaired} frames had missing or disordered timestamps, which were repaired")
            expected = self.info.duration_s
            expected = expected and min(expected, expected - clock.zero_ticks * time_base)
            if not stream.frames and expected and expected - finish > MISSING_END_S:
                self._note(f"the picture ends at {format_time(finish)}, the file announces {format_time(expected)}")
        finally:
            if container in self._open_passes:
                self._open_passes.remove(container)
            container.close()

    def _note(self, *notes: str) -> None:
        self._notes += [note for note in dict.fromkeys(notes) if note not in self._notes]

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self.limits.frame_pixels:
            raise UnreadableMediaError(
                f"{self.path} has frames of {width}×{height} pixels, more than the limit of "
                f"{self.limits.frame_pixels / 1e6:g} million; scale it down first"
            )

    def _check_length(self, seconds: Fraction, frames: int, claims: str) -> None:
        if seconds > self.limits.video_s:
            limit = format_time(Fraction(self.limits.video_s))
            raise UnreadableMediaError(
                f"{self.path} {claims} {format_time(seconds)}, more than the limit of {limit}; trim it, or set "
                f"{variable('video_s')}"
            )
        if frames > self.limits.video_frames:
            raise UnreadableMediaError(
                f"{self.path} has more than the limit of {self.limits.video_frames:.0f} frames; trim it, or set "
                f"{variable('video_frames')}"
            )

    def _raw_frames(
        self, container: InputContainer, stream: VideoStream, damage: list[str], *, whole: bool = True
    ) -> Iterator[av.VideoFrame]:
        """Decoded frames in presentation order; what could not be read is described in ``damage`` at the end."""
        stream.codec_context.options = {"max_pixels": f"{self.limits.frame_pixels:.0f}"}
        packets, bad_packets, bad_frames, stopped = 0, 0, 0, ""
        demuxed = container.demux(stream)
        last_frame = wall_clock.monotonic()
        while True:
            if wall_clock.monotonic() - last_frame > self.limits.stall_s:
                raise UnreadableMediaError(
                    f"{self.path} was read for {self.limits.stall_s:g} s without a frame; copy or export it again"
                )
            try:
                packet = next(demuxed, None)
            except DECODER_ERRORS as error:
                stopped = getattr(error, "strerror", None) or str(error)
                packet = None
            data = packet if packet is not None and packet.size else None
            packets += data is not None
            try:
                frames = stream.codec_context.decode(data)  # None drains the frames the decoder still holds
            except EndOfStream:
                frames = []
            except DECODER_ERRORS:
                frames = []
                bad_packets += data is not None
            for frame in frames:
                bad_frames += frame.is_corrupt
                yield frame
                last_frame = wall_clock.monotonic()
            if data is None:
                break
        if stopped:
            damage.append(f"reading stopped early ({stopped}): the file is damaged or cut off")
        elif whole and stream.frames and packets < stream.frames:
            damage.append(f"only {packets} of {stream.frames} announced frames are in the file: it was cut off")
        if bad_packets:
            damage.append(f"{bad_packets} damaged pieces of video were skipped")
        if bad_frames:
            damage.append(f"{bad_frames} frames are damaged")


def _from_key(raw_frames: Iterator[av.VideoFrame], key: KeyFrame) -> Iterator[av.VideoFrame]:
    """The frames from a key frame on; none when the decoder does not begin with it."""
    shown = (raw for raw in raw_frames if raw.pts is None or raw.pts >= key.tick)
    first = next(shown, None)
    if first is not None and first.pts == key.tick:
        yield first
        yield from shown


def _timed(
    raw_frames: Iterator[av.VideoFrame], clock: FrameClock, announced_end: Fraction
) -> Iterator[tuple[av.VideoFrame, Fraction, Fraction]]:
    """Frames with their time and duration in seconds, one frame looked ahead.

    The durations that decoders report are differences of *decoding* times and wrong where uneven times meet B-frames.
    """
    held: tuple[av.VideoFrame, Fraction] | None = None
    for raw in raw_frames:
        time = clock.stamp(raw.pts)
        if held is not None:
            yield *held, time - held[1]
        held = raw, time
    if held is not None:
        rest = announced_end - held[1]
        usual = (held[0].duration or clock.step_ticks) * clock.time_base
        yield *held, rest if 0 < rest <= LONGEST_LAST_FRAME_S else max(usual, clock.time_base)


UNEVEN_FROM = Fraction(1, 10)
"""Average and nominal rate that differ by more belong to uneven times; the last frame of a short clip makes up less."""


def _rate(stream: VideoStream) -> Fraction | None:
    """The nominal rate; None for uneven times, whose nominal rate is far from the average or that of the ticks."""
    nominal, average = stream.guessed_rate, stream.average_rate
    if not nominal or nominal > MAX_NOMINAL_RATE:
        return average or None
    return nominal if not average or abs(average / nominal - 1) <= UNEVEN_FROM else None


def _time_base(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 90_000)


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.duration > 0:
        return stream.duration * _time_base(stream)
    return Fraction(container.duration, av.time_base) if container.duration and container.duration > 0 else None


def open_video(path: str | Path, limits: Limits | None = None) -> VideoReader:
    """Open a video for reading; use it in a ``with`` block and iterate over it. ``limits``: those of the environment
    when None.

    Raises ``UnreadableMediaError`` for what is missing, a folder, empty, damaged beyond use, sound only, without
    frames, too large, too long or no video at all.
    """
    path = Path(path)
    limits = limits or read_limits()
    check_file(path, "video")
    look_first(path, "video", limits)
    return VideoReader(path, limits)


def glance_at_video(path: Path, limits: Limits) -> None:
    """Open a video, decode its first frame and forget it; the sentry's part. Raises ``UnreadableMediaError``."""
    VideoReader(path, limits)
