from __future__ import annotations

from pathlib import Path

import pytest

from mimica.media.kind import is_video


@pytest.mark.parametrize(
    ("name", "head", "video"),
    [
        ("a.mp4", b"\0\0\0\x18ftypisom", True),
        ("phone", b"\0\0\0\x14ftypqt  ", True),
        ("a.jpg", b"\0\0\0\x18ftypmp42", True),  # the bytes rule
        ("a.heic", b"\0\0\0\x18ftypheic", False),
        ("a.avif", b"\0\0\0\x18ftypavif", False),
        ("a", b"\x1a\x45\xdf\xa3\0\0\0\0\0\0\0\0", True),
        ("a", b"RIFF\0\0\0\0AVI LIST", True),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", False),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\r", False),
        ("a.gif", b"GIF89a\0\0\0\0\0\0", False),
        ("a.mov", b"", True),
        ("a.jpg", b"", False),
    ],
)
def test_bytes_tell_and_the_ending_where_they_do_not(tmp_path: Path, name: str, head: bytes, video: bool) -> None:
    (tmp_path / name).write_bytes(head)
    assert is_video(tmp_path / name) is video
