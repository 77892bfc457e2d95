"""Chunks: a video encoded in pieces of equal length, each by an encoder of its own, so that a piece's bytes depend on
its frames alone and finished pieces survive whatever happens later.

`ChunkEncoder` makes the pieces and gives their packets one common order of decoding; `ChunkFolder` keeps them on disk.
This module does not know containers, sound, or what the frames show.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeArgument=false, reportUnknownParameterType=false

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.video.codeccontext import VideoCodecContext

from mimica.errors import OutputError
from mimica.media.unfinished_file import output_error

CHUNK_FRAMES: Final = 120
"""Frames of a piece. docs/bench/speed.md has what shorter and longer ones cost."""
REORDER: Final = 2
"""How many frames later than its place a frame may be shown: x264's, with pyramids of B-frames."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One packet: when it is shown and how long, in ticks; whether decoding may begin with it; its bytes."""

    tick: int
    duration: int
    key: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """A finished piece in decoding order. state: what whoever makes the frames wants to know when it goes on."""

    frames: tuple[EncodedFrame, ...]
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])


class ChunkFolder:
    """Finished pieces on disk, numbered from 0 without a gap; a piece is there whole and durable, or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, number: int, chunk: Chunk) -> None:
        """Keep a piece; when this returns it survives a power cut. Raises OutputError."""
        data = b"".join(frame.data for frame in chunk.frames)
        head = {
            "frames": [[frame.tick, frame.duration, frame.key, len(frame.data)] for frame in chunk.frames],
            "state": dict(chunk.state),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        durable_write(self._path(number), json.dumps(head).encode() + b"\n" + data)

    def __iter__(self) -> Iterator[Chunk]:
        """The pieces in order, up to the first that is missing or damaged, from which on they are removed."""
        number = 0
        while (chunk := self._read(number)) is not None:
            yield chunk
            number += 1
        for path in self.folder.glob("*.chunk"):
            if int(path.stem) >= number:
                path.unlink()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.chunk"

    def _read(self, number: int) -> Chunk | None:
        try:
            head, data = self._path(number).read_bytes().split(b"\n", 1)
            facts = json.loads(head)
        except (OSError, ValueError):
            return None
        if hashlib.sha256(data).hexdigest() != facts["sha256"]:
            return None
        frames, start = [], 0
        for tick, duration, key, size in facts["frames"]:
            frames.append(EncodedFrame(tick, duration, key, data[start : start + size]))
            start += size
        return Chunk(tuple(frames), facts["state"])


def durable_write(path: Path, content: bytes) -> None:
    """Write a file that is there whole and survives a power cut, or not at all. Raises OutputError."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        with suppress(OSError):  # folders cannot be opened everywhere; the file itself is durable
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise output_error(path, error) from error


@dataclass(frozen=True, slots=True)
class Chunked:
    """That a video is encoded in pieces. folder: keeps them; None keeps none. state: see `ChunkEncoder`."""

    folder: ChunkFolder | None = None
    state: Callable[[], Mapping[str, Any]] | None = None


class ChunkEncoder:
    """Encodes frames in pieces of `CHUNK_FRAMES`, each beginning with a key frame.

    make: gives a fresh encoder, always of the same settings. folder: keeps the pieces; None keeps none. state: asked
    for when a piece is finished, what to keep with it.
    """

    def __init__(
        self, make: Callable[[], VideoCodecContext], time_base: Fraction, folder: ChunkFolder | None = None,
        state: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        self._make, self._time_base, self._folder, self._state = make, time_base, folder, state
        self._encoder: VideoCodecContext | None = None
        self._encoded: list[av.Packet] = []
        self._shown: list[tuple[int, int]] = []
        self._kept_state: Mapping[str, Any] = {}
        self._number = 0
        self._recent: list[int] = []
        """Ticks of the last `REORDER` frames before the next packet."""

    def resume(self) -> Iterator[tuple[Chunk, list[av.Packet]]]:
        """The pieces that are already there, with their packets; ask before the first frame."""
        for chunk in self._folder or ():
            yield chunk, self._timed(chunk.frames)
            self._number += 1

    def encode(self, frame: av.VideoFrame, tick: int, duration: int) -> list[av.Packet]:
        """Add a frame; packets ready to be written come once in a piece."""
        if self._encoder is None:
            self._encoder = self._make()
        frame.pts, frame.duration, frame.time_base = tick, duration, self._time_base
        self._shown.append((tick, duration))
        self._encoded += self._encoder.encode(frame)
        return self.flush() if len(self._shown) == CHUNK_FRAMES else []

    def note_state(self) -> None:
        """The frame given last to the writer is the last of a piece: ask for what to keep with it."""
        self._kept_state = self._state() if self._state is not None else {}

    def flush(self) -> list[av.Packet]:
        """Finish the piece that is begun, if any."""
        if self._encoder is None:
            return []
        packets = [*self._encoded, *self._encoder.encode(None)]
        durations = dict(self._shown)
        frames = tuple(
            EncodedFrame(packet.pts or 0, durations[packet.pts or 0], packet.is_keyframe, bytes(packet))
            for packet in packets
        )
        self._encoder, self._encoded, self._shown = None, [], []
        if len(frames) != len(durations):
            raise OutputError(f"the encoder gave {len(frames)} of {len(durations)} frames; check memory and disk")
        if self._folder is not None:
            self._folder.save(self._number, Chunk(frames, self._kept_state))
        self._number += 1
        return self._timed(frames)

    def _timed(self, frames: Sequence[EncodedFrame]) -> list[av.Packet]:
        """Packets with times of decoding that rise through all pieces: those of showing, `REORDER` frames before."""
        shown = sorted(frame.tick for frame in frames)
        if not self._recent:
            step = shown[1] - shown[0] if len(shown) > 1 else max(1, frames[0].duration)
            self._recent = [shown[0] - step * back for back in range(REORDER, 0, -1)]
        decoded = [*self._recent, *shown]
        self._recent = decoded[-REORDER:]
        packets: list[av.Packet] = []
        for frame, tick in zip(frames, decoded, strict=False):
            packet = av.Packet(frame.data)
            packet.pts, packet.dts, packet.duration = frame.tick, tick, frame.duration
            packet.time_base, packet.is_keyframe = self._time_base, frame.key
            if tick > frame.tick:
                raise OutputError(f"frame at tick {frame.tick} would be decoded after it is shown; report this")
            packets.append(packet)
        return packets
