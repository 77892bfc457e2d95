"""Faces of a curated clip as the MotionEncoder wants them: tight crops of consecutive frames, without labels.

Face and crop are found by the shipped networks, as in animation. This module does not know what is trained on them.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.animation.networks import ENCODER_PX, Networks
from mimica.animation.prepare import aligned_crop
from mimica.faces.alignment import extract, face_crop
from mimica.media import open_video

Crops = NDArray[np.uint8]


@cache
def _networks() -> Networks:
    """On one CPU thread, so that the same frame gives the same crop wherever it is cut."""
    return Networks.load("cpu", threads=1)


def face_window(video: bytes, start_s: float, count: int) -> Crops | None:
    """Crops (count, 192, 192, 3) uint8 RGB of `count` consecutive frames from `start_s` of an MP4; None where the first
    shows no face. All have the first one's crop, so that what moves in them is the face; the last repeats at the end.

    Raises UnreadableMediaError when the video cannot be decoded.
    """
    with tempfile.TemporaryDirectory(prefix="mimica-clip-") as folder:
        path = Path(folder) / "clip.mp4"
        path.write_bytes(video)
        with open_video(path) as film:
            start = Fraction(start_s).limit_denominator(1000)
            images = [frame.image for frame in islice(film.frames(start), count)]
    networks = _networks()
    faces = networks.finder.find(images[0]) if images else []
    if not faces:
        return None
    crop = aligned_crop(images[0], face_crop(faces[0]), networks)
    crops = [extract(image, crop, ENCODER_PX) for image in images]
    return np.stack([*crops, *[crops[-1]] * (count - len(crops))])
