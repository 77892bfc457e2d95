"""What a signature over an MP4 or MOV does not cover, found by walking its top-level boxes (ISO/IEC 14496-12 §4.2).

C2PA's hash leaves out `free`, `skip`, `mfra`, `ftyp` and its own `uuid` box, so a stranger may hide or append data
there and the manifest still validates. Here that is told. This module does not know what the covered boxes hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

C2PA_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
PADDING: Final = {b"free", b"skip"}
LARGEST_FTYP: Final = 256
MAX_BOXES: Final = 100_000
_CHUNK: Final = 1 << 20


def unsigned_data(path: Path) -> list[str]:
    """One plain phrase for each place in the file that could hold data which no signature covers; empty when clean.

    Raises OSError when the file cannot be read.
    """
    found: list[str] = []
    manifests = 0
    with path.open("rb") as file:
        for name, start, end in _boxes(file, path.stat().st_size):
            text = name.decode("ascii", "replace")
            size = end - start
            if name == b"":
                found.append(f"{size} bytes that are no box")
            elif name in PADDING and _holds_something(file, start, end):
                found.append(f"{size} bytes in a '{text}' box")
            elif name == b"mfra" or (name == b"ftyp" and size > LARGEST_FTYP):
                found.append(f"{size} bytes in the '{text}' box")
            elif name == b"uuid":
                file.seek(start)
                manifests += file.read(16) == C2PA_UUID
    if manifests > 1:
        found.append(f"{manifests} manifest boxes")
    return found


def manifest_box(path: Path) -> tuple[int, int]:
    """(start, end) of the content of the first C2PA box, (0, 0) without one. Raises OSError."""
    with path.open("rb") as file:
        for name, start, end in _boxes(file, path.stat().st_size):
            if name == b"uuid":
                file.seek(start)
                if file.read(16) == C2PA_UUID:
                    return start, end
    return 0, 0


def _boxes(file: BinaryIO, total: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of each top-level box's payload; type "" for a rest that is no box."""
    position = 0
    for _ in range(MAX_BOXES):
        if position >= total:
            return
        file.seek(position)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        header = 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = total - position
        if len(head) < header or size < header or position + size > total:
            yield b"", position, total
            return
        yield head[4:8], position + header, position + size
        position += size
    yield b"", position, total


def _holds_something(file: BinaryIO, start: int, end: int) -> bool:
    """Whether anything but zeros lies between two positions."""
    file.seek(start)
    while start < end:
        chunk = file.read(min(_CHUNK, end - start))
        if not chunk:
            return False
        if chunk.strip(b"\0"):
            return True
        start += len(chunk)
    return False
