"""Opening media files that strangers made: self-contained formats only, no network, one error for every failure.

Playlists and concatenation scripts (HLS, DASH, ffconcat) are refused: they name *other* files and addresses, and a
driving video must not make this machine read those. This module does not decode.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.audio.stream import AudioStream
from av.format import Flags as FormatFlags
from av.stream import Disposition
from av.video.stream import VideoStream

from mimica.errors import UnreadableMediaError

if TYPE_CHECKING:
    from av.container import InputContainer

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,ogg,asf,gif,apng,h264,hevc,av1,obu,ivf"
    ",mxf,nut,dv,rm,wtv,yuv4mpegpipe,mp3,wav,flac,aac,ac3,aiff,caf,w64,amr"
)
"""Demuxers that read one file and nothing else; the sound-only ones are here to be named in a clear error."""

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".heic", ".avif"})
LATEST_START = Fraction(10)
"""A file whose clock starts later than this (live recordings) is read as if it started at zero."""


def check_file(path: Path, kind: str) -> None:
    """Raise ``UnreadableMediaError`` unless ``path`` is a file with something in it; ``kind`` is "video" or "photo"."""
    try:
        if not path.exists():
            raise UnreadableMediaError(f"{path}: there is no such file; check the name and the folder")
        if path.is_dir():
            raise UnreadableMediaError(f"{path} is a folder; give the {kind} file itself")
        if not path.is_file():
            raise UnreadableMediaError(f"{path} is not a regular file; save the {kind} to disk first")
        if path.stat().st_size == 0:
            raise UnreadableMediaError(f"{path} is empty (0 bytes); copy or download it again")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UnreadableMediaError(f"{path} cannot be opened ({error}); check the name and its permissions") from error


def open_container(path: Path, stall_s: float | None = None) -> InputContainer:
    """The container of a media file, ready to demux; the caller closes it.

    ``stall_s``: seconds that one read may take before it fails.

    Raises ``UnreadableMediaError`` for missing, empty, unreadable, damaged or foreign files.
    """
    check_file(path, "video")
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        # An absolute path is never taken for a protocol, whatever colons the name holds.
        return av.open(
            str(path.absolute()), mode="r", container_options=options, metadata_errors="replace", timeout=stall_s
        )
    except Exception as error:
        raise UnreadableMediaError(_why_unopenable(path, error)) from error


def _why_unopenable(path: Path, error: Exception) -> str:
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return f"{path} is a picture, not a video; the driving video must be a film of a face (mp4, mov, mkv, webm …)"
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        head = b""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return f"{path} is a damaged or cut-off MP4/MOV: its index cannot be read; copy or export it again"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{path} is not a video that can be read ({reason}); use mp4, mov, mkv, webm, avi or gif"


def best_video(container: InputContainer, path: Path) -> VideoStream:
    """The stream a player would show; cover pictures of sound files do not count.

    Raises ``UnreadableMediaError`` when there is none or no decoder for it.
    """
    films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not films:
        what = "sound but no picture" if container.streams.audio else "no video"
        raise UnreadableMediaError(f"{path} holds {what}; give a video file that shows a face")
    best = container.streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in films else films[0]
    if getattr(stream, "codec_context", None) is None:
        raise UnreadableMediaError(f"{path} uses a video codec that cannot be decoded here; convert it to H.264 first")
    return stream


def best_audio(container: InputContainer) -> AudioStream | None:
    """The stream a player would sound, or None."""
    best = container.streams.best("audio")
    if isinstance(best, AudioStream):
        return best
    return container.streams.audio[0] if container.streams.audio else None


def clock_zero(container: InputContainer) -> Fraction:
    """The file time in seconds that counts as zero, for the pictures and the sound alike.

    Zero for ordinary files: an offset of the first frame is kept. Formats whose clock starts anywhere (MPEG-TS, Ogg)
    and clocks that start after ``LATEST_START`` begin at their first stream; a picture that starts before zero pulls
    zero back to itself. The value is a whole number of the video stream's ticks.
    """
    videos = [s for s in container.streams.video if s.start_time is not None and s.time_base]
    starts = [
        Fraction(s.start_time) * s.time_base
        for s in (*videos, *container.streams.audio)
        if s.start_time is not None and s.time_base
    ]
    if not starts:
        return Fraction(0)
    anywhere = bool(container.format.flags & FormatFlags.ts_discont.value)
    if anywhere or min(starts) > LATEST_START:
        zero = min(starts)
    else:
        zero = min([Fraction(0), *(Fraction(s.start_time or 0) * (s.time_base or 1) for s in videos)])
    base = videos[0].time_base if videos else None
    return math.floor(zero / base) * base if base else zero
