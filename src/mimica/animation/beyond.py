"""Beyond the photo's edge: what a turning head brings into view that the camera cut off."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import look_up, smooth_step

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

MIRRORED = (0.03, 0.10)
"""In face widths: up to the first, hair and clothes go on as their mirror image; from the second on as their blurred
colours. A whole mirror image would show a second pair of eyes above a face that fills its photo."""
MARGIN = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class ContinuedImage:
    """A picture with a margin of what may lie beyond its edges; (H + 2 margin, W + 2 margin, 3 or 4) uint8.

    The fourth channel is the matte, 0..255: OpenCV looks up four channels in half the time of three.
    """

    image: Image
    margin_px: int

    @classmethod
    def of(cls, image: Image, face_width_px: float, matte: FloatArray | None = None) -> ContinuedImage:
        """`image` (H, W, 3) uint8 RGB continued for a face so wide. matte: (H, W) 0..1, whose edges repeat."""
        margin = max(2, round(MARGIN * face_width_px))
        around = (margin, margin, margin, margin)
        mirrored = cv2.copyMakeBorder(image, *around, cv2.BORDER_REFLECT_101)
        repeated = cv2.copyMakeBorder(image, *around, cv2.BORDER_REPLICATE)
        height, width = image.shape[:2]
        sigma = MIRRORED[1] * face_width_px
        scale = min(1.0, 4 / sigma)  # a wide blur is a narrow one of a smaller picture
        small = cv2.resize(repeated, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(small, (0, 0), sigma * scale)
        blurred = cv2.resize(blurred, (width + 2 * margin, height + 2 * margin), interpolation=cv2.INTER_LINEAR)
        x = np.arange(width + 2 * margin, dtype=np.float32) - margin
        y = np.arange(height + 2 * margin, dtype=np.float32) - margin
        across = np.maximum(np.maximum(-x, x - (width - 1)), 0)
        down = np.maximum(np.maximum(-y, y - (height - 1)), 0)
        far = np.hypot(across[None, :], down[:, None])
        weight = smooth_step(far, MIRRORED[0] * face_width_px, MIRRORED[1] * face_width_px)
        mixed = cv2.blendLinear(blurred, mirrored, weight, 1 - weight)
        mixed[margin : margin + height, margin : margin + width] = image
        if matte is None:
            return cls(np.asarray(mixed, np.uint8), margin)
        owned = cv2.copyMakeBorder(cv2.convertScaleAbs(matte, alpha=255), *around, cv2.BORDER_REPLICATE)
        return cls(np.dstack([mixed, owned]).astype(np.uint8), margin)

    def look_up(self, places: FloatArray) -> Image:
        """Samples at `places` (h, w, 2) in pixels of the picture itself, pixel centres at integers."""
        return look_up(self.image, places + np.float32(self.margin_px))

    def look_up_moved(self, shift: FloatArray, corner: tuple[int, int]) -> Image:
        """The same for a rectangle whose first pixel is at `corner` (x, y): pixel by pixel, `shift` (h, w, 2) away."""
        offset = (corner[0] + self.margin_px, corner[1] + self.margin_px, 0, 0)
        return look_up(self.image, cv2.add(shift, offset), moves=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
