"""What kind of file this is, told by its first bytes: names lie, and provenance must not follow them.

Only the kinds that can carry a C2PA manifest or a mark have a name here. This module does not know whether a file is
whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mimica.errors import UnreadableMediaError

Kind = Literal["image", "video", "unknown"]

_HEIF: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}


@dataclass(frozen=True, slots=True)
class FileType:
    """kind: image, video or unknown. mime: the name C2PA uses, None where the format has no place for a manifest."""

    kind: Kind
    mime: str | None = None


def file_type(path: Path) -> FileType:
    """The type of a file. Raises UnreadableMediaError when it cannot be read at all, or is a pipe or a device."""
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for whoever writes into it
            raise UnreadableMediaError(f"{path}: is not a file; give an image or a video")
        with path.open("rb") as file:
            head = file.read(16)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableMediaError(f"{path}: cannot be read ({reason}); check the path and its permissions") from error
    return type_of(head)


def type_of(head: bytes) -> FileType:
    """The type of a file that begins with `head` (16 bytes are enough)."""
    for magic, mime in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        if head.startswith(magic):
            return FileType("image", mime)
    if head.startswith(b"GIF8"):
        return FileType("video", "image/gif")  # read as a film: it may have many frames
    if head.startswith((b"II*\0", b"MM\0*")):
        return FileType("image", "image/tiff")
    if head.startswith(b"BM"):
        return FileType("image")
    if head.startswith(b"RIFF"):
        riff = {b"WEBP": FileType("image", "image/webp"), b"AVI ": FileType("video", "video/avi")}
        return riff.get(head[8:12], FileType("unknown"))
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _HEIF:
            return FileType("image", "image/heic")
        if brand in (b"avif", b"avis"):
            return FileType("image", "image/avif")
        return FileType("video", "video/quicktime" if brand == b"qt  " else "video/mp4")
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free") or head.startswith(b"\x1aE\xdf\xa3"):  # old MOV; Matroska
        return FileType("video")
    return FileType("unknown")
