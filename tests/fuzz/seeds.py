"""Small good files to mutate, one of each format that the readers open; made in code, the same every time."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

PHOTOS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000", "AVIF", "TGA")
VIDEOS = (
    ("mp4", "libx264"), ("mkv", "libx264"), ("mov", "mpeg4"), ("webm", "libvpx-vp9"), ("avi", "mjpeg"),
    ("ts", "mpeg2video"), ("flv", "flv1"), ("gif", "gif"), ("h264", "libx264"), ("ogg", "libtheora"),
)  # fmt: skip


def photo(kind: str) -> bytes:
    """A picture of 24 × 20 pixels in that format."""
    pixels = np.random.default_rng(1).integers(0, 255, (20, 24, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def video(folder: Path, ending: str, codec: str) -> bytes:
    """Eight frames of 48 × 32 pixels, and a tone where the container takes AAC."""
    path = folder / f"seed.{ending}"
    known = av.codec.Codec(codec, "w").video_formats or ()
    pixel_format = "rgb8" if codec == "gif" else "yuvj420p" if codec == "mjpeg" else "yuv420p"
    assert codec == "mjpeg" or pixel_format in [each.name for each in known]
    dice = np.random.default_rng(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 48, 32, pixel_format
        stream.codec_context.thread_count = 1
        for _ in range(8):
            frame = av.VideoFrame.from_ndarray(dice.integers(0, 255, (32, 48, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame.reformat(format=pixel_format)))
        container.mux(stream.encode(None))
    return path.read_bytes()


def every(folder: Path) -> list[tuple[str, str, bytes]]:
    """(kind, name, bytes) of every seed: photos, then videos; codecs that this build lacks are left out."""
    found = [("photo", f"{kind.lower()}.img", photo(kind)) for kind in PHOTOS]
    for ending, codec in VIDEOS:
        if codec in av.codecs_available:
            found.append(("video", f"film.{ending}", video(folder, ending, codec)))
    return found
