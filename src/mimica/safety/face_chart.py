"""The chart of faces: a small copy of a photo with numbered boxes, so that a person can tell which face is number 2.

It is the one picture that Mimica writes without release, and it can be: nothing in it is animated. To keep it so, it
takes the photo's file and reads that itself; pixels that a program made cannot leave this way. This module does not
know how faces are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica import __version__
from mimica.errors import UsageError
from mimica.media.image import load_photo
from mimica.media.image_writer import FORMATS, save_image

CHART_PX: Final = 1024
"""Longest side: enough to see who is who."""
BOX_RGB: Final = (255, 214, 10)
INK_RGB: Final = (18, 18, 22)


def save_face_chart(photo: Path, boxes: Sequence[NDArray[np.floating]], out: Path) -> None:
    """Write `photo` with each of `boxes` (4,), left, top, right, bottom in its pixels, drawn and numbered from 1.

    out: .png, .jpg or .webp. Raises UnreadableMediaError for the photo, UsageError and OutputError for `out`.
    """
    if out.suffix.lower() not in FORMATS:
        raise UsageError(f"chart {out}: the ending {out.suffix!r} is no picture here; use {', '.join(FORMATS)}")
    if out.exists() and out.samefile(photo):
        raise UsageError(f"chart {out}: is also the photo and would be overwritten; give another name")
    note = f"A photo as it is, its faces numbered by Mimica {__version__}; nothing in it was generated."
    save_image(out, drawn_chart(load_photo(photo).image, boxes), {"description": note})


def drawn_chart(image: NDArray[np.uint8], boxes: Sequence[NDArray[np.floating]]) -> NDArray[np.uint8]:
    """`image` (H, W, 3) uint8 RGB at most `CHART_PX` long, with numbered boxes; the last one lies on top."""
    height, width = image.shape[:2]
    scale = min(1.0, CHART_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    chart = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    line = max(2, round(max(size) / 400))
    for number, box in enumerate(boxes, start=1):
        left, top, right, bottom = (round(float(edge) * scale) for edge in box)
        cv2.rectangle(chart, (left, top), (right, bottom), BOX_RGB, line, cv2.LINE_AA)
        letters = float(np.clip((right - left) / 90, 0.5, 1.6))
        (wide, high), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_SIMPLEX, letters, line)
        x = int(np.clip(left, 0, max(0, size[0] - wide - 4 * line)))
        y = int(np.clip(top - high - 4 * line, 0, max(0, size[1] - high - 4 * line)))  # above, not over the eyes
        cv2.rectangle(chart, (x, y), (x + wide + 4 * line, y + high + 4 * line), BOX_RGB, cv2.FILLED)
        place = (x + 2 * line, y + high + 2 * line)
        cv2.putText(chart, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, letters, INK_RGB, line, cv2.LINE_AA)
    return np.asarray(chart, np.uint8)
