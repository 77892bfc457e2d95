"""How crops are laid over a face: the one place where training and run time agree on it. Pure geometry."""

from __future__ import annotations

import math

from mimica.core.geometry import CropFrame

CROP_CM = 24.0
"""Side of the tight face crop, in centimetres of the head (median of the first data set: 24.05)."""
ORIGIN_IN_CROP = (0.505, 0.493)
"""Where the head's origin lies in the tight crop (median of the same)."""
WIDE_PER_CROP = 1.85
"""Side of the portrait crop (hair, shoulders, background) in tight crops."""
MOUTH_WINDOW = (0.50, 0.375)
EYE_WINDOW = (0.27, 0.18)
"""Width and height of the zoomed windows, in sides of the tight crop."""


def crop_around(origin_x_px: float, origin_y_px: float, scale_px_per_cm: float) -> CropFrame:
    """The tight crop of a head whose origin shows at this pixel at this scale."""
    side = CROP_CM * scale_px_per_cm
    return CropFrame(
        origin_x_px - (ORIGIN_IN_CROP[0] - 0.5) * side, origin_y_px - (ORIGIN_IN_CROP[1] - 0.5) * side, side
    )


def placement_in_photo(crop: CropFrame, placement: tuple[float, float, float]) -> tuple[float, float, float]:
    """(origin x px, origin y px, px per cm) of the MotionEncoder's `placement` in a crop without roll."""
    x, y = crop.to_image([placement[0], placement[1]])
    return float(x), float(y), math.exp(placement[2]) * crop.side_px
