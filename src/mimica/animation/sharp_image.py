"""A picture that is looked up between its pixels: almost as sharp as bicubic samples, at the price of bilinear ones.

Once per picture, samples are put between its pixels (Lanczos 1979, eight taps); from then on the doubled picture is
looked up bilinearly, seven times as fast as the picture bicubically. On three portraits at shifts of 0, ⅛, … ½ pixel
98 % of the bicubic samples' fine detail is left, where bilinear ones keep 81 %. This module does not know faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import look_up

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

MOST_PX = 2_500_000
"""Larger pictures are not doubled, which takes four times their memory, but sampled bicubically."""
_TIMES = np.arange(-3.5, 4)
_LANCZOS = np.sinc(_TIMES) * np.sinc(_TIMES / 4)
_LANCZOS /= _LANCZOS.sum()
_MEAN = np.array([0, 0, 0, 0.5, 0.5, 0, 0, 0])
_ONE = np.array([0, 0, 0, 1.0, 0, 0, 0, 0])


@dataclass(frozen=True, slots=True, eq=False)
class SharpImage:
    """`image` (scale · H, scale · W, C) uint8: pixel (x, y) of the picture is (scale · x, scale · y) of it."""

    image: Image
    scale: int

    @classmethod
    def of(cls, image: Image, *, once: bool = False) -> SharpImage:
        """`image` (H, W, 3 or 4) uint8: three colours, and a map that is sampled bilinearly, lest it ring.

        once: it is looked up a few times only, which is not worth doubling it.
        """
        height, width, channels = image.shape
        if once or height * width > MOST_PX:
            return cls(np.ascontiguousarray(image), 1)
        doubled = np.empty((2 * height, 2 * width, channels), np.uint8)
        for taps, some in ((_LANCZOS, slice(0, 3)), (_MEAN, slice(3, channels))):
            if some.start == channels:
                break
            part = np.ascontiguousarray(image[..., some])
            for down, along_y in enumerate((_ONE, taps)):
                for right, along_x in enumerate((_ONE, taps)):
                    between = cv2.sepFilter2D(
                        part, -1, along_x, along_y, anchor=(3, 3), borderType=cv2.BORDER_REPLICATE
                    )
                    doubled[down::2, right::2, some] = between.reshape(height, width, -1)
        return cls(doubled, 2)

    def look_up(self, places: FloatArray) -> Image:
        """Samples (h, w, C) at `places` (h, w, 2) in pixels of the picture, centres at integers; edges repeat."""
        if self.scale == 1:
            return look_up(self.image, places, how=cv2.INTER_CUBIC)
        return look_up(self.image, places * np.float32(self.scale))
