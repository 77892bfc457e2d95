"""Pictures from a browser's camera: small JPEG and WebP files, and nothing else."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mimica.errors import UnreadableMediaError
from mimica.media.frame import MOST_BYTES, decode_frame


def encoded(form: str, width: int = 64, height: int = 48) -> bytes:
    memory = BytesIO()
    Image.new("RGB", (width, height), (200, 60, 20)).save(memory, form)
    return memory.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_red_green_blue(form: str) -> None:
    image = decode_frame(encoded(form))
    assert (image.shape, image.dtype) == ((48, 64, 3), np.uint8)
    assert np.abs(image[20, 20].astype(int) - (200, 60, 20)).max() < 12


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no whole JPEG"),
        (b"\xff\xd8 rubbish", "no whole JPEG"),
        (encoded("JPEG")[:300], "no whole JPEG"),
        (encoded("PNG"), "no whole JPEG"),
        (encoded("GIF"), "no whole JPEG"),
        (encoded("JPEG", 2000, 20), "2000 by 20 pixels"),
        (bytes(MOST_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableMediaError, match=why):
        decode_frame(data)
