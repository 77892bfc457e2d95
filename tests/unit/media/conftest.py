"""Tiny films and sounds, made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest


@dataclass(frozen=True)
class Sound:
    """``seconds`` of a quiet tone that starts at ``start`` seconds."""

    codec: str = "aac"
    rate: int = 44100
    start: Fraction = Fraction(0)
    seconds: float = 0.5


def quadrants(width: int = 64, height: int = 48) -> np.ndarray:
    """Red, green / blue, white."""
    image = np.zeros((height, width, 3), np.uint8)
    top, left = slice(0, height // 2), slice(0, width // 2)
    bottom, right = slice(height // 2, None), slice(width // 2, None)
    image[top, left] = (220, 30, 30)
    image[top, right] = (30, 200, 30)
    image[bottom, left] = (30, 30, 220)
    image[bottom, right] = (230, 230, 230)
    return image


def _add_sound(container: Any, sound: Sound) -> list[av.Packet]:
    stream = container.add_stream(sound.codec, rate=sound.rate)
    stream.layout = "mono"
    count = int(sound.seconds * sound.rate)
    wave = (np.sin(np.arange(count) * 0.05) * 3000).astype(np.int16)
    packets = []
    for first in range(0, count, 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, first : first + 1024], format="s16", layout="mono")
        frame.sample_rate = sound.rate
        frame.time_base = Fraction(1, sound.rate)
        frame.pts = first + int(sound.start * sound.rate)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def write_clip(
    path: Path,
    ticks: Sequence[int] = range(10),
    time_base: Fraction = Fraction(1, 25),
    *,
    image: np.ndarray | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    matrix: int = 1,
    primaries: int = 1,
    transfer: int = 1,
    full_range: bool = False,
    rotation: tuple[float, bool] | None = None,
    pixel_aspect: Fraction | None = None,
    sound: Sound | None = None,
) -> Path:
    """A film of one picture (its brightness rises frame by frame unless ``image`` is given) at the given ticks.

    uint16 pictures are taken as rgb48, four channels as RGBA.
    """
    kind = "rgb24"
    if image is not None:
        kind = "rgb48le" if image.dtype == np.uint16 else {3: "rgb24", 4: "rgba"}[image.shape[2]]
    first = image if image is not None else quadrants()
    exact = {"movie_timescale": "90000"} if path.suffix in (".mp4", ".mov") else {}  # start offsets, else in ms
    with av.open(str(path), "w", container_options=exact | (container_options or {})) as container:
        stream: Any = container.add_stream(codec, rate=Fraction(30), options=options or {})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pix_fmt
        context = stream.codec_context
        context.time_base = time_base
        stream.time_base = time_base
        context.colorspace, context.color_primaries, context.color_trc = matrix, primaries, transfer
        context.color_range = 2 if full_range else 1
        if pixel_aspect is not None:
            context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        sounds = _add_sound(container, sound) if sound else []
        packets: list[av.Packet] = []
        for index, tick in enumerate(ticks):
            pixels = first if image is not None else np.full_like(first, 40 + 3 * index)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=kind)
            rgb = "rgb" in pix_fmt or "bgr" in pix_fmt or "gbr" in pix_fmt
            if not rgb:
                sws = {1: 1, 5: 5, 6: 5, 9: 9}[matrix]
                frame = frame.reformat(
                    format=pix_fmt,
                    src_colorspace=sws,
                    dst_colorspace=sws,
                    src_color_range=2,
                    dst_color_range=2 if full_range else 1,
                )
            elif kind != pix_fmt:
                frame = frame.reformat(format=pix_fmt)
            frame.pts, frame.time_base = tick, time_base
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for packet in sorted(packets + sounds, key=lambda p: (p.dts or 0) * p.time_base):
            container.mux(packet)
    return path


def video_times(path: Path) -> list[Fraction]:
    """Presentation times as PyAV alone reads them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return [(frame.pts or 0) * stream.time_base for frame in container.decode(stream)]


def sound_packets(path: Path) -> list[tuple[Fraction, str]]:
    """Time and content hash of every sound packet."""
    with av.open(str(path)) as container:
        return [
            ((packet.pts or 0) * packet.time_base, sha256(bytes(packet)).hexdigest())
            for packet in container.demux(container.streams.audio[0])
            if packet.size
        ]


@pytest.fixture(scope="session")
def clip() -> Callable[..., Path]:
    return write_clip


@pytest.fixture(scope="session")
def times_of() -> Callable[[Path], list[Fraction]]:
    return video_times


@pytest.fixture(scope="session")
def sound_of() -> Callable[[Path], list[tuple[Fraction, str]]]:
    return sound_packets


@pytest.fixture(scope="session")
def tone() -> type[Sound]:
    return Sound


@pytest.fixture
def pattern() -> np.ndarray:
    return quadrants()
