"""Contact sheets: photo, driver frames and results in rows, to be looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.media.video_reader import open_video

Image = NDArray[np.uint8]


def frames_at(video: Path | str, count: int) -> list[Image]:
    """`count` frames spread evenly over a video."""
    with open_video(video) as reader:
        images = [frame.image for frame in reader]
    return [images[index] for index in np.linspace(0, len(images) - 1, count).round().astype(int)]


def thumbnail(image: Image, size_px: int) -> Image:
    """The whole picture, letterboxed in black, (size_px, size_px, 3)."""
    height, width = image.shape[:2]
    scale = size_px / max(height, width)
    small = cv2.resize(
        image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    canvas = np.zeros((size_px, size_px, 3), np.uint8)
    top, left = (size_px - small.shape[0]) // 2, (size_px - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def contact_sheet(rows: list[list[Image]]) -> Image:
    """Rows of equally sized thumbnails, short rows filled with black, as one picture."""
    longest = max(len(row) for row in rows)
    blank = np.zeros_like(rows[0][0])
    return np.vstack([np.hstack(row + [blank] * (longest - len(row))) for row in rows])
