"""Types by content, and the boxes that no signature covers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimica.errors import UnreadableMediaError
from mimica.safety.boxes import C2PA_UUID, unsigned_data
from mimica.safety.filetype import FileType, file_type, type_of


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0", FileType("image", "image/jpeg")),
        (b"\x89PNG\r\n\x1a\n", FileType("image", "image/png")),
        (b"RIFF\0\0\0\0WEBPVP8 ", FileType("image", "image/webp")),
        (b"RIFF\0\0\0\0AVI LIST", FileType("video", "video/avi")),
        (b"RIFF\0\0\0\0WAVEfmt ", FileType("unknown")),
        (b"\0\0\0\x20ftypisom", FileType("video", "video/mp4")),
        (b"\0\0\0\x20ftypqt  ", FileType("video", "video/quicktime")),
        (b"\0\0\0\x20ftypheic", FileType("image", "image/heic")),
        (b"\0\0\0\x20ftypavif", FileType("image", "image/avif")),
        (b"\x1aE\xdf\xa3", FileType("video")),
        (b"GIF89a", FileType("video", "image/gif")),
        (b"BM", FileType("image")),
        (b"", FileType("unknown")),
        (b"Dear Sir", FileType("unknown")),
    ],
)
def test_the_first_bytes_tell(head: bytes, expected: FileType) -> None:
    assert type_of(head) == expected


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match=r"absent\.png"):
        file_type(tmp_path / "absent.png")


def box(name: bytes, payload: bytes) -> bytes:
    return (8 + len(payload)).to_bytes(4, "big") + name + payload


WHOLE = box(b"ftyp", b"isom") + box(b"uuid", C2PA_UUID + b"...") + box(b"free", bytes(9)) + box(b"mdat", b"picture")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (WHOLE, []),
        (WHOLE + box(b"free", b"\0secret"), ["7 bytes in a 'free' box"]),
        (WHOLE + box(b"skip", b"x"), ["1 bytes in a 'skip' box"]),
        (WHOLE + box(b"mfra", b"xy"), ["2 bytes in the 'mfra' box"]),
        (WHOLE + box(b"uuid", C2PA_UUID + b"second"), ["2 manifest boxes"]),
        (WHOLE + box(b"uuid", bytes(16)), []),
        (WHOLE + b"rest", ["4 bytes that are no box"]),
        (box(b"ftyp", bytes(300)) + WHOLE, ["300 bytes in the 'ftyp' box"]),
        ((1).to_bytes(4, "big") + b"mdat" + (24).to_bytes(8, "big") + bytes(8), []),
        ((0).to_bytes(4, "big") + b"mdat" + bytes(80), []),
        ((0).to_bytes(4, "big") + b"free" + b"secret", ["6 bytes in a 'free' box"]),
    ],
)
def test_every_place_without_a_signature_is_told(tmp_path: Path, content: bytes, told: list[str]) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert unsigned_data(path) == told
