"""Data hidden in a manifest's padding, which no signature covers and the library does not look at.

A signature is written into room that was reserved for it, and what is left over is filled with zeros in a field `pad`
of its unprotected header (RFC 9052, section 3; C2PA 2.x, section 13). A kilobyte of anything can lie there and the
manifest still validates. Here that is told. This module does not know what a manifest says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mimica.safety.boxes import manifest_box

MOST_BYTES: Final = 64 << 20
"""Of a manifest: with thumbnails of its inputs it has megabytes."""
_PAD: Final = re.compile(rb"(?:cpad|dpad2)([\x40-\x5a])")
"""The CBOR text "pad" or "pad2" and the head of a byte string (RFC 8949, section 3)."""


def filled_padding(path: Path, mime: str) -> list[str]:
    """One plain phrase when padding of the manifest in a file holds anything but zeros; empty when clean.

    Raises OSError when the file cannot be read.
    """
    read = _READERS.get(mime)
    store = read(path) if read else b""
    found = sum(len(room) - room.count(0) for room in _paddings(store))
    return [f"{found} bytes in the padding of the manifest"] if found else []


def _paddings(store: bytes) -> Iterator[bytes]:
    for match in _PAD.finditer(store):
        kind, start = match[1][0] & 0x1F, match.end()
        if kind >= 24:
            size = 1 << (kind - 24)
            kind, start = int.from_bytes(store[start : start + size], "big"), start + size
        if start + kind <= len(store):
            yield store[start : start + kind]


def _of_png(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[:4], "big")
            if head[4:] == b"caBX":
                return file.read(min(size, MOST_BYTES))
            file.seek(size + 4, 1)
    return b""


def _of_webp(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"C2PA":
                return file.read(min(size, MOST_BYTES))
            file.seek(size + size % 2, 1)
    return b""


def _of_jpeg(path: Path) -> bytes:
    """The JUMBF of all APP11 segments (ISO/IEC 19566-5, annex D), their repeated heads taken out."""
    store = b""
    with path.open("rb") as file:
        file.seek(2)
        while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA and len(store) < MOST_BYTES:
            content = file.read(max(int.from_bytes(head[2:], "big") - 2, 0))
            if head[1] == 0xEB and content[:2] == b"JP":
                first = int.from_bytes(content[4:8], "big") == 1
                store += content[8:] if first else content[16:]
    return store


def _of_mp4(path: Path) -> bytes:
    start, end = manifest_box(path)
    with path.open("rb") as file:
        file.seek(start)
        return file.read(min(end - start, MOST_BYTES))


_READERS: Final[dict[str, Callable[[Path], bytes]]] = {
    "image/png": _of_png, "image/webp": _of_webp, "image/jpeg": _of_jpeg, "video/mp4": _of_mp4,
    "video/quicktime": _of_mp4,
}  # fmt: skip
