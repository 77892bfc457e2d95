"""Stills and films inside the page: strips of driver, right result and every system, side by side, as data URIs.

Stills are taken from the released films, with their label and mark. This module does not measure.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from mimica.errors import MimicaError
from mimica.evaluation.cases import Image, read_frames

STILLS, STILL_PX = 8, 132
WEBP_QUALITY = 78


def strip(film: Path, moments: Iterable[float] | None = None, frames: int | None = None) -> str | None:
    """One row of stills of a film as a data URI; None where it cannot be read. moments: shares of its length."""
    try:
        images = read_frames(film, frames)[0]
    except MimicaError:
        return None
    shares = list(moments or np.linspace(0.04, 0.96, STILLS))
    chosen = [images[round(share * (len(images) - 1))] for share in shares]
    row = np.hstack([_thumbnail(image) for image in chosen])
    encoded = cv2.imencode(".webp", row[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])[1].tobytes()
    return "data:image/webp;base64," + base64.b64encode(encoded).decode()


def film_uri(film: Path) -> str:
    """The whole film as a data URI."""
    return "data:video/mp4;base64," + base64.b64encode(film.read_bytes()).decode()


def _thumbnail(image: Image) -> Image:
    """A square of the picture's middle."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 3, (width - side) // 2
    part = image[top : top + side, left : left + side]
    return cv2.resize(part, (STILL_PX, STILL_PX), interpolation=cv2.INTER_AREA).astype(np.uint8)
