"""Whether a file is a video or a picture, told by its first bytes; by its ending where those say nothing.

This module opens nothing: whether a file can be read, ``open_video`` and ``load_photo`` find out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".flv", ".wmv"}
)
STILL_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"jxl ", b"crx "}
)
"""ISO base media files (ISO/IEC 14496-12) of these brands hold pictures."""

_STARTS: Final = (
    b"\x1a\x45\xdf\xa3",
    b"\x00\x00\x01\xba",
    b"\x00\x00\x01\xb3",
    b"FLV\x01",
    b"\x30\x26\xb2\x75",
    b"OggS",
)
"""Matroska, MPEG program and video streams, Flash, Windows Media, Ogg."""


def is_video(path: Path) -> bool:
    """Whether the file holds moving pictures; an animated GIF or WebP counts as a picture. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] == b"ftyp":
        return head[8:12] not in STILL_BRANDS
    if head[:4] == b"RIFF":
        return head[8:12] == b"AVI "
    return head.startswith(_STARTS) or path.suffix.lower() in VIDEO_SUFFIXES
