"""A few frames from all over a video, quickly: enough to look for a mark, not to animate.

Short videos are decoded from end to end; of long ones only the surroundings of evenly spaced times are. This module
does not keep exact times: ``video_reader`` does.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from mimica.errors import UnreadableMediaError
from mimica.media.colour import FrameConverter
from mimica.media.container import best_video, check_file, open_container
from mimica.media.limits import read_limits
from mimica.media.sentry import look_first
from mimica.media.video_reader import DECODER_ERRORS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SHORT_S = 20.0
STRIDE = 8
"""Of samples that start from the same key frame each lies that many frames after the one before: decoding on to the
times themselves would take as long as decoding everything."""
MOST_PIXELS = 64_000_000
"""In all samples together, so that memory stays below some hundred megabytes; at least `FEWEST` are taken."""
FEWEST = 6


def sample_frames(path: str | Path, count: int = 24) -> list[NDArray[np.uint8]]:
    """Up to `count` frames of a video, (H, W, 3) uint8 RGB, spread over its length, in order.

    Raises UnreadableMediaError when it is no video, or no frame can be decoded.
    """
    path, limits = Path(path), read_limits()
    check_file(path, "video")
    look_first(path, "video", limits)
    with open_container(path, limits.stall_s) as container:
        stream = best_video(container, path)
        stream.codec_context.options = {"max_pixels": f"{limits.frame_pixels:.0f}"}
        stream.thread_type = "SLICE"  # frame threads would hold frames back after each jump
        seconds = _seconds(container, stream)
        count = min(count, max(FEWEST, MOST_PIXELS // max(1, stream.width * stream.height)))
        chosen = list(_near(container, stream, seconds, count)) if seconds and seconds > SHORT_S else []
        if not chosen:
            with suppress(FFmpegError):
                container.seek(0)
            chosen = _spread(_decoded(container, stream), count)
        if not chosen:
            raise UnreadableMediaError(f"{path} has no frame that can be decoded; copy or export it again")
        converter = FrameConverter(chosen[0], stream.sample_aspect_ratio)
        size = (chosen[0].width, chosen[0].height, chosen[0].format.name)
        return [converter(frame) for frame in chosen if (frame.width, frame.height, frame.format.name) == size]


def _seconds(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Frames from the present position on; what is damaged is passed over."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except DECODER_ERRORS:
            return
        if packet is None:
            return
        with suppress(*DECODER_ERRORS):
            yield from stream.codec_context.decode(packet if packet.size else None)


def _near(container: InputContainer, stream: VideoStream, seconds: float, count: int) -> Iterator[VideoFrame]:
    """One frame at or before each of `count` evenly spaced times, none twice."""
    taken: dict[int | None, int] = {}
    seen: set[int | None] = set()
    base = stream.time_base or 1
    start = stream.start_time or 0
    for index in range(count):
        target = start + int(seconds * (index + 0.5) / count / base)
        try:
            container.seek(target, stream=stream)
        except FFmpegError:
            return
        key: int | None = None
        best: VideoFrame | None = None
        for number, frame in enumerate(_decoded(container, stream)):
            best = frame
            if number == 0:
                key = frame.pts
                taken[key] = taken.get(key, 0) + 1
            if number >= STRIDE * taken[key] or (frame.pts is not None and frame.pts >= target):
                break
        if best is not None and best.pts not in seen:
            seen.add(best.pts)
            yield best


def _spread(frames: Iterator[VideoFrame], count: int) -> list[VideoFrame]:
    """`count` frames, about evenly spaced, of a stream of unknown length; no more than twice as many are held."""
    kept: list[VideoFrame] = []
    step = 1
    for index, frame in enumerate(frames):
        if index % step == 0:
            kept.append(frame)
            if len(kept) >= 2 * count:
                kept, step = kept[::2], 2 * step
    chosen = np.linspace(0, len(kept) - 1, min(count, len(kept))).round() if kept else []
    return [kept[int(index)] for index in chosen]
