"""Where in a file decoding may begin so that a later frame comes out exactly as in a pass over everything.

MP4 and MOV hold a table of all their frames: from it, and from the packets that follow, both the place and the number
of the key frame are certain. Other containers are read from their beginning. This module does not decode.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from av.error import FFmpegError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

MOST_TRIES = 4
"""Key frames that are tried before a file is read from its beginning."""
LEADING_PACKETS = 32
"""Pictures that are shown before their key frame, though stored behind it, come within so many packets."""


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A place to begin at: tick: when it is shown, in the file's ticks; index: how many frames are shown before it."""

    tick: int
    index: int


def seek_key_frame(container: InputContainer, stream: VideoStream, tick: int) -> KeyFrame | None:
    """Go to the last key frame that is certainly shown at or before `tick`; None when there is none but the first."""
    entries = stream.index_entries
    if not stream.frames or len(entries) != stream.frames:
        return None
    keys = {entry.timestamp: place for place, entry in enumerate(entries) if entry.is_keyframe}
    target = tick
    try:
        for _ in range(MOST_TRIES):
            container.seek(target, stream=stream, backward=True)
            first, *following = islice(container.demux(stream), 1 + LEADING_PACKETS)
            place = keys.get(first.dts) if first.dts is not None else None
            if not place or first.pts is None:  # the very first frame, or one that the table does not know
                break
            if first.pts <= tick:
                leading = sum(packet.pts is not None and packet.pts < first.pts for packet in following)
                container.seek(target, stream=stream, backward=True)
                return KeyFrame(first.pts, place + leading)
            target = min(first.dts or 0, target) - 1
    except (FFmpegError, ValueError):
        return None
    return None
