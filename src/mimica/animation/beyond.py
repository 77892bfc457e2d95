"""Beyond the photo's edge: what a turning head brings into view that the camera cut off."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import smooth_step, strips
from mimica.animation.sharp_image import SharpImage

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

MIRRORED = (0.03, 0.10)
"""In face widths: up to the first, hair and clothes go on as their mirror image; from the second on as their blurred
colours. A whole mirror image would show a second pair of eyes above a face that fills its photo."""
MARGIN = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class ContinuedImage:
    """A picture with a margin of what may lie beyond its edges.

    Its fourth channel is the matte, 0..255: OpenCV looks up four channels in half the time of three.
    """

    image: SharpImage
    margin_px: int

    @classmethod
    def of(
        cls, image: Image, face_width_px: float, matte: FloatArray | None = None, *, once: bool = False
    ) -> ContinuedImage:
        """`image` (H, W, 3) uint8 RGB continued for a face so wide. matte: (H, W) 0..1, whose edges repeat; everywhere
        1 when None. once: see `SharpImage`."""
        margin = max(2, round(MARGIN * face_width_px))
        around = (margin, margin, margin, margin)
        mirrored = cv2.copyMakeBorder(image, *around, cv2.BORDER_REFLECT_101)
        repeated = cv2.copyMakeBorder(image, *around, cv2.BORDER_REPLICATE)
        height, width = image.shape[:2]
        sigma = MIRRORED[1] * face_width_px
        scale = min(1.0, 4 / sigma)  # a wide blur is a narrow one of a smaller picture
        small = cv2.resize(repeated, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        del repeated
        blurred = cv2.GaussianBlur(small, (0, 0), sigma * scale)
        blurred = cv2.resize(blurred, (width + 2 * margin, height + 2 * margin), interpolation=cv2.INTER_LINEAR)
        x = np.arange(width + 2 * margin, dtype=np.float32) - margin
        y = np.arange(height + 2 * margin, dtype=np.float32) - margin
        across = np.maximum(np.maximum(-x, x - (width - 1)), 0)
        down = np.maximum(np.maximum(-y, y - (height - 1)), 0)
        continued = np.empty((*mirrored.shape[:2], 4), np.uint8)
        for rows in strips(*mirrored.shape[:2]):
            far = np.hypot(across[None, :], down[rows, None])
            weight = smooth_step(far, MIRRORED[0] * face_width_px, MIRRORED[1] * face_width_px)
            continued[rows, :, :3] = cv2.blendLinear(blurred[rows], mirrored[rows], weight, 1 - weight)
        del blurred, mirrored
        continued[margin : margin + height, margin : margin + width, :3] = image
        owned = np.ones((height, width), np.float32) if matte is None else matte
        continued[..., 3] = cv2.copyMakeBorder(cv2.convertScaleAbs(owned, alpha=255), *around, cv2.BORDER_REPLICATE)
        return cls(SharpImage.of(continued, once=once), margin)

    def look_up(self, places: FloatArray) -> Image:
        """Samples (h, w, 4) at `places` (h, w, 2) in pixels of the picture itself, pixel centres at integers."""
        return self.image.look_up(places + np.float32(self.margin_px))
