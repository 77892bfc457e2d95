"""Bad and odd pictures, one row a class: each is refused in its own clear line, or read as it is meant."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mimica.errors import UnreadableMediaError
from mimica.media import load_photo

PIXELS = np.random.default_rng(5).integers(0, 255, (48, 64, 3), np.uint8)


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(PIXELS)
    (picture if mode == "RGB" else picture.convert(mode)).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes, crc: int | None = None) -> bytes:
    code = zlib.crc32(name + data) if crc is None else crc
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", code)


def png(
    width: int, height: int, data: bytes | None = None, depth: int = 8, colour: int = 2, extra: bytes = b""
) -> bytes:
    rows = zlib.compress(b"".join(b"\0" + bytes(3 * width) for _ in range(height))) if data is None else data
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bad_crc() -> bytes:
    data = bytearray(png(8, 8))
    data[29] ^= 255  # of IHDR
    return bytes(data)


def resized(data: bytes, at: int, layout: str, *size: int) -> bytes:
    return data[:at] + struct.pack(layout, *size) + data[at + struct.calcsize(layout) :]


def jpeg_with(marker: bytes) -> bytes:
    data = encoded("JPEG")
    return data[:2] + marker + data[2:]


def exif(payload: bytes) -> bytes:
    return jpeg_with(b"\xff\xe1" + struct.pack(">H", len(payload) + 8) + b"Exif\0\0" + payload)


def sof_size(width: int, height: int) -> bytes:
    data = encoded("JPEG")
    return resized(data, data.index(b"\xff\xc0") + 5, ">HH", height, width)


def frames(kind: str, count: int = 3) -> bytes:
    buffer = io.BytesIO()
    rest = [Image.fromarray(np.roll(PIXELS, 5 * i, 1)) for i in range(1, count)]
    Image.fromarray(PIXELS).save(buffer, kind, save_all=True, append_images=rest)
    return buffer.getvalue()


def tiff_loop() -> bytes:
    entry = struct.pack("<HHII", 256, 4, 1, 4) + struct.pack("<HHII", 257, 4, 1, 4)
    return b"II*\0" + struct.pack("<IH", 8, 2) + entry + struct.pack("<I", 8)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing in it": ("a.jpg", lambda: b"", "empty"),
    "one byte": ("a.jpg", lambda: b"\xff", "not a picture"),
    "zeros": ("a.png", lambda: bytes(5000), "not a picture"),
    "text": ("a.jpg", lambda: b"Dear all, " * 90, "not a picture"),
    "a web page": ("a.jpg", lambda: b"<!doctype html><html><body>404</body></html>", "not a picture"),
    "a vector drawing": ("a.png", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a picture"),
    "a document": ("a.jpg", lambda: b"%PDF-1.7\n1 0 obj\n", "not a picture"),
    "a program for a printer": ("a.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "a metafile": ("a.wmf", lambda: b"\xd7\xcd\xc6\x9a" + bytes(80), "not a picture"),
    "an archive": ("a.png", lambda: b"PK\x03\x04" + bytes(80), "not a picture"),
    "a Photoshop file": ("a.psd", lambda: b"8BPS\0\1" + bytes(80), "not a picture"),
    "an icon": ("a.ico", lambda: encoded("ICO"), "not a picture"),
    "a film": ("a.mp4", lambda: b"\0\0\0\x18ftypmp42" + bytes(80), "is a video"),
    "HEIC of nothing": ("a.heic", lambda: b"\0\0\0\x18ftypheic" + bytes(80), "HEIC|damaged|not a picture"),
    "PNG of wrong magic": ("a.png", lambda: b"\x88" + png(8, 8)[1:], "not a picture"),
    "PNG cut in its head": ("a.png", lambda: png(8, 8)[:20], "cut off|not a picture"),
    "PNG cut in half": ("a.png", lambda: half(encoded("PNG")), "cut off"),
    "PNG of bad check sum": ("a.png", bad_crc, "not a picture|damaged"),
    "PNG without pixels": ("a.png", lambda: png(8, 8, b""), "cut off|damaged"),
    "PNG of too few rows": ("a.png", lambda: png(64, 64, zlib.compress(bytes(64))), "cut off|damaged"),
    "PNG of no zlib": ("a.png", lambda: png(8, 8, b"no zlib at all"), "damaged|cut off"),
    "PNG of no width": ("a.png", lambda: png(0, 8), "not a picture|damaged"),
    "PNG of an unknown colour type": ("a.png", lambda: png(8, 8, colour=9), "not a picture|damaged"),
    "PNG of a huge head": ("a.png", lambda: png(60_000, 60_000, b""), "more than the limit of 180 million"),
    "PNG of the largest head": ("a.png", lambda: png(2**31 - 1, 2**31 - 1, b""), "more than the limit"),
    "PNG with a bomb of text": (
        "a.png",
        lambda: png(8, 8, extra=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000)))),
        "damaged|not a picture|text",
    ),
    "JPEG cut in its head": ("a.jpg", lambda: encoded("JPEG")[:30], "cut off|not a picture|damaged"),
    "JPEG cut in half": ("a.jpg", lambda: half(encoded("JPEG")), "cut off"),
    "JPEG of a huge head": ("a.jpg", lambda: sof_size(65_000, 65_000), "more than the limit"),
    "JPEG of no height": ("a.jpg", lambda: sof_size(64, 0), "damaged|not a picture|cut off"),
    "JPEG of nothing but a head": (
        "a.jpg",
        lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40),
        "not a picture|damaged",
    ),
    "GIF of a huge screen": ("a.gif", lambda: resized(frames("GIF"), 6, "<HH", 65_535, 65_535), "more than the limit"),
    "GIF cut off": ("a.gif", lambda: encoded("GIF")[:900], "cut off|damaged"),
    "GIF of no frame": ("a.gif", lambda: b"GIF89a\x08\0\x08\0\0\0\0;", "damaged|not a picture"),
    "WebP cut off": ("a.webp", lambda: half(encoded("WEBP")), "damaged|cut off|not a picture"),
    "WebP of nothing": ("a.webp", lambda: b"RIFF\x40\0\0\0WEBPVP8 " + bytes(64), "damaged|not a picture"),
    "TIFF cut off": ("a.tif", lambda: half(encoded("TIFF")), "cut off|damaged|not a picture"),
    "TIFF that points behind itself": ("a.tif", lambda: b"II*\0\xff\xff\xff\x7f", "damaged|not a picture"),
    "TIFF that points at itself": ("a.tif", tiff_loop, "damaged|not a picture"),
    "BMP of a huge head": ("a.bmp", lambda: resized(encoded("BMP"), 18, "<ii", 90_000, 90_000), "more than the limit"),
    "BMP cut off": ("a.bmp", lambda: half(encoded("BMP")), "cut off|damaged"),
    "PPM of a huge head": ("a.ppm", lambda: b"P6 999999 999999 255\n", "more than the limit"),
    "PPM of letters for numbers": ("a.ppm", lambda: b"P6 x y 255\n" + bytes(99), "damaged|not a picture"),
    "PPM cut off": ("a.ppm", lambda: half(encoded("PPM")), "cut off|damaged"),
    "JPEG 2000 cut off": ("a.jp2", lambda: encoded("JPEG2000")[:100], "damaged|cut off|not a picture"),
    "AVIF cut off": ("a.avif", lambda: half(encoded("AVIF")), "damaged|cut off|not a picture"),
}

READ: dict[str, Callable[[], bytes]] = {
    "one pixel": lambda: png(1, 1),
    "one row": lambda: png(3000, 1),
    "palette": lambda: encoded("PNG", "P"),
    "one bit": lambda: encoded("PNG", "1"),
    "16-bit grey": lambda: png(8, 8, zlib.compress(bytes(8 * 17)), depth=16, colour=0),
    "CMYK": lambda: encoded("JPEG", "CMYK"),
    "progressive": lambda: encoded("JPEG", progressive=True),
    "animated PNG": lambda: frames("PNG"),
    "animated WebP": lambda: frames("WEBP"),
    "animated GIF of 300 frames": lambda: frames("GIF", 300),
    "EXIF of noise": lambda: exif(bytes(range(256))),
    "EXIF that turns by 99": lambda: exif(b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x112, 3, 1, 99) + bytes(4)),
    "EXIF that points behind itself": lambda: exif(b"II*\0\xff\xff\xff\x7f"),
    "colour profile of noise": lambda: encoded("JPEG", icc_profile=b"no profile" * 30),
    "colour profile of nothing": lambda: encoded("PNG", icc_profile=b"\0"),
    "a comment of 60 KB": lambda: jpeg_with(b"\xff\xfe\xfd\xe8" + b"x" * (0xFDE8 - 2)),
    "rubbish behind the end": lambda: encoded("JPEG") + bytes(range(256)) * 50,
    "another format's name": lambda: encoded("PNG"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_in_one_line(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, make, says = REFUSED[kind]
    path = tmp_path / name
    path.write_bytes(make())
    with pytest.raises(UnreadableMediaError, match=says) as caught:
        load_photo(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert "; " in message  # cause; remedy
    assert len(message) < len(str(path)) + 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", READ)
def test_it_is_odd_but_read(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(READ[kind]())
    image = load_photo(path).image
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert capfd.readouterr() == ("", "")


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(REFUSED) + len(READ) >= 60


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file kinds")
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("pipe", "not a regular file"),
        ("device", "not a regular file"),
        ("broken link", "no such file"),
        ("link in a circle", "cannot be opened|no such file"),
        ("folder", "is a folder"),
        ("link to a folder", "is a folder"),
        ("address", "no such file"),
        ("NUL in the name", "cannot be opened|no such file"),
        ("name of 5000 letters", "cannot be opened|no such file"),
        ("forbidden", "cannot be opened"),
    ],
)
@pytest.mark.parametrize("reader", ["photo", "video"])
def test_what_is_no_file_is_never_waited_for(kind: str, says: str, reader: str, tmp_path: Path) -> None:
    from mimica.media import open_video

    path: Path | str = tmp_path / "it"
    folder = tmp_path / "folder"
    folder.mkdir()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path = Path("/dev/zero")
        case "broken link":
            Path(path).symlink_to(tmp_path / "gone")
        case "link in a circle":
            Path(path).symlink_to(path)
        case "folder":
            path = folder
        case "link to a folder":
            Path(path).symlink_to(folder)
        case "address":
            path = "http://127.0.0.1:9/face.jpg"
        case "NUL in the name":
            path = "a\0b.jpg"
        case "name of 5000 letters":
            path = "x" * 5000
        case _:
            if os.geteuid() == 0:
                pytest.skip("the superuser may read everything")
            Path(path).write_bytes(encoded("PNG"))
            Path(path).chmod(0)
    with pytest.raises(UnreadableMediaError, match=says) as caught:
        (load_photo if reader == "photo" else open_video)(path)
    assert "\n" not in str(caught.value)
