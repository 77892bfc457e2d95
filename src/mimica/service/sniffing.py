"""What an upload is, told by its first bytes: names and content types that a client claims are not believed.

This only decides which ending a file is stored under; whether it is whole and harmless is for the sentry
(`media.sentry`) and the readers. This module does not know who sent it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

HEAD_BYTES: Final = 64

MEDIA_TYPES: Final = {
    ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".bmp": "image/bmp",
    ".heic": "image/heic", ".avif": "image/avif", ".gif": "image/gif", ".mp4": "video/mp4", ".mov": "video/quicktime",
    ".webm": "video/webm", ".mkv": "video/x-matroska", ".avi": "video/x-msvideo", ".jwt": "text/plain",
    ".npz": "application/octet-stream", ".csv": "text/csv",
}  # fmt: skip
"""Every ending that is stored, and how it is served."""

_HEIF: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}


def ending(head: bytes, kinds: Iterable[str]) -> str | None:
    """The ending for a file that begins with `head`, if it is one of `kinds`: photo, video, motion, document."""
    rules = {"photo": _photo, "video": _video, "motion": _motion, "document": _document}
    return next((found for kind in kinds if (found := rules[kind](head)) is not None), None)


def _photo(head: bytes) -> str | None:
    for magic, suffix in (
        (b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"II*\0", ".tif"), (b"MM\0*", ".tif"),
        (b"BM", ".bmp"), (b"GIF8", ".gif"),
    ):  # fmt: skip
        if head.startswith(magic):
            return suffix
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:8] == b"ftyp":
        return ".heic" if head[8:12] in _HEIF else ".avif" if head[8:12] in (b"avif", b"avis") else None
    return None


def _video(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIF or head[8:12] in (b"avif", b"avis"):
            return None
        return ".mov" if head[8:12] == b"qt  " else ".mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return ".mov"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return ".webm" if b"webm" in head else ".mkv"
    if head.startswith(b"GIF8"):
        return ".gif"
    return ".avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


def _motion(head: bytes) -> str | None:
    """Recorded motion: our own .npz (a ZIP archive of arrays), or the text of an ARKit recording."""
    if head.startswith(b"PK\x03\x04"):
        return ".npz"
    return ".csv" if b"timecode" in head.lower() and b"," in head and b"\0" not in head else None


def _document(head: bytes) -> str | None:
    """A receipt or licence: its bytes are hashed or checked as a signature, never rendered."""
    return ".jwt" if head else None
