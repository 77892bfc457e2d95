"""A camera's picture as a browser sends it: a small JPEG or WebP file in memory, from a stranger.

Decode it in a process of its own. This module does not know cameras.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from mimica.errors import UnreadableMediaError

MOST_BYTES: Final = 1 << 20
LONGEST_PX: Final = 1280


def decode_frame(data: bytes) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) uint8 RGB of a picture of at most 1 MiB and 1280 pixels a side.

    Raises UnreadableMediaError for anything else, before its pixels are decoded where its head says so.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableMediaError("the camera's picture: is larger than 1 MiB; send it smaller, 640 by 480 is enough")
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "WEBP")) as picture:
            if max(picture.size) > LONGEST_PX:
                raise UnreadableMediaError(
                    f"the camera's picture: has {picture.width} by {picture.height} pixels; send at most {LONGEST_PX}"
                )
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise UnreadableMediaError("the camera's picture: is no whole JPEG or WebP; send such a file") from error
