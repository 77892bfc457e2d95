"""How large the pictures of a video may be. This module does not know what writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mimica.errors import UsageError

LARGEST_FRAME_PX: Final = 139_264 * 256
"""H.264's highest level (6.2) ends at so many macroblocks."""
COMMON_SIDE_PX: Final = 4096
"""Larger pictures are beyond most phones' and browsers' decoders."""


def check_frame_size(path: Path, size: tuple[int, int]) -> None:
    """Raises UsageError when H.264 has no level for pictures of `size` (width, height)."""
    width, height = size
    if width * height > LARGEST_FRAME_PX:
        raise UsageError(
            f"{path}: H.264 ends at {LARGEST_FRAME_PX / 1e6:.1f} million pixels, {width}×{height} are "
            f"{width * height / 1e6:.1f}; use --framing crop, or a smaller copy of the photo"
        )
