"""A copy of a picture that the networks read more surely: for paintings, drawings, prints and statues.

They learnt from photos. A face in dots, hatching or grain is found and read better when it is softened, or its contrast
stretched. Whether that is called for is told without truth: a reader that is sure says the same of a crop and of its
mirror image. What is drawn later is always the picture itself. This module does not know motion.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.networks import ENCODER_PX, Networks
from mimica.core.geometry import CropFrame
from mimica.faces.alignment import extract

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

SURE: Final = 0.0095
"""Mean distance, in sides of the crop, between the landmarks of a crop and of its mirror image; nine photos of ten stay
below. Chosen on 15 pictures in ten styles, measured on others: docs/bench/stylised.md."""

_MIRRORED: Final = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
     41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65, 69, 68]
)  # fmt: skip
"""Where each landmark's mirror image is: the 68 of iBUG 300-W, then the eyeballs' centres."""


def softened(picture: Image, face_px: float, share: float) -> Image:
    """`picture` blurred by a Gaussian of so many faces' widths."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.5, share * face_px)), np.uint8)


def stretched(picture: Image, face_px: float) -> Image:
    """`picture` softened a little, its lightness equalised in tiles (Zuiderveld 1994)."""
    lab = cv2.cvtColor(softened(picture, face_px, 0.01), cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.5, (4, 4)).apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


COPIES: Final[dict[str, Callable[[Image, float], Image]]] = {
    "softened": lambda picture, face_px: softened(picture, face_px, 0.012),
    "much softened": lambda picture, face_px: softened(picture, face_px, 0.025),
    "stretched": stretched,
}


def doubt(picture: Image, crop: CropFrame, networks: Networks) -> float:
    """How far the landmarks read in a crop are from those read in its mirror image, in sides of the crop."""
    plain = extract(picture, crop, ENCODER_PX)
    seen = networks.encode(plain).landmarks
    turned = networks.encode(np.ascontiguousarray(plain[:, ::-1])).landmarks[_MIRRORED]
    turned = np.stack([1 - turned[:, 0], turned[:, 1]], 1)
    return float(np.linalg.norm(seen - turned, axis=1).mean())


def clear_copy(picture: Image, crop: CropFrame, networks: Networks) -> Image:
    """`picture` (H, W, 3) uint8 RGB itself when the face in `crop` reads surely, else softened around the crop."""
    if doubt(picture, crop, networks) <= SURE:
        return picture
    return copied_around(picture, crop, COPIES["softened"])


def copied_around(picture: Image, crop: CropFrame, make: Callable[[Image, float], Image]) -> Image:
    """`picture` with `make` applied around the crop only: a photo may be large."""
    reach = 1.1 * crop.side_px
    height, width = picture.shape[:2]
    x0, x1 = (int(np.clip(crop.center_x_px + side, 0, width)) for side in (-reach, reach))
    y0, y1 = (int(np.clip(crop.center_y_px + side, 0, height)) for side in (-reach, reach))
    copy = picture.copy()
    if x1 - x0 > 8 and y1 - y0 > 8:
        copy[y0:y1, x0:x1] = make(np.ascontiguousarray(picture[y0:y1, x0:x1]), 0.62 * crop.side_px)
    return copy
