"""Sniffing: the first bytes decide, for every kind that is known."""

from __future__ import annotations

import pytest

from mimica.service.sniffing import MEDIA_TYPES, ending


@pytest.mark.parametrize(
    ("head", "kinds", "suffix"),
    [
        (b"\xff\xd8\xff\xe0", ("photo",), ".jpg"), (b"\x89PNG\r\n\x1a\n", ("photo",), ".png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", ("photo",), ".webp"), (b"\0\0\0\x18ftypheic", ("photo",), ".heic"),
        (b"\0\0\0\x18ftypavif", ("photo",), ".avif"), (b"\0\0\0\x18ftypisom", ("photo",), None),
        (b"\0\0\0\x18ftypisom", ("video",), ".mp4"), (b"\0\0\0\x14ftypqt  ", ("video",), ".mov"),
        (b"\x1aE\xdf\xa3....webm", ("video",), ".webm"), (b"\x1aE\xdf\xa3....matroska", ("video",), ".mkv"),
        (b"RIFF\0\0\0\0AVI LIST", ("video",), ".avi"), (b"\0\0\0\x18ftypheic", ("video",), None),
        (b"PK\3\4", ("video", "motion"), ".npz"), (b"PK\3\4", ("video",), None),
        (b"Timecode,BlendshapeCount,EyeBlinkLeft", ("video", "motion"), ".csv"),
        (b"Timecode\0,", ("motion",), None), (b"<svg", ("photo", "video", "motion"), None), (b"", ("document",), None),
        (b"eyJhbGciOi", ("document",), ".jwt"),
    ],
)  # fmt: skip
def test_what_a_file_is(head: bytes, kinds: tuple[str, ...], suffix: str | None) -> None:
    assert ending(head, kinds) == suffix
    assert suffix is None or suffix in MEDIA_TYPES
