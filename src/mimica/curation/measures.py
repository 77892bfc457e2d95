"""What pictures say about their own quality: sharpness, light, something before the face, letters over the picture.

Each is a plain number with a stated range; `judge` knows which are good enough. Crops are (N, N, 3) uint8 RGB.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import CropFrame
from mimica.core.records import Face

Image = NDArray[np.uint8]

BLACK, WHITE = 8, 247
OVERLAY_PX = 192
FACE_IN_WIDE = 0.62
"""Share of the wide crop, about its middle, in which letters are not looked for: teeth and lashes look like them."""
STROKE_CONTRAST = 60
LETTERS = 0.35
"""Share of a box of letters that is stroke; a plain edge fills less."""
PERSISTENT = 0.8
"""Letters laid over a picture stay where they are in this share of the looks."""


def sharpness(face: Image) -> float:
    """Variance of the Laplacian over the variance of luma, of a tight crop of 96 px or more; 0 is flat or blurred.

    The ratio does not follow contrast, so a dim face is not taken for a blurred one.
    """
    grey = cv2.cvtColor(cv2.resize(face, (96, 96), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var() / (grey.var() + 1.0))


def light(face: Image) -> tuple[float, float]:
    """(median luma 0..255, share of pixels that are black or white out) of a tight crop's middle."""
    margin = face.shape[0] // 4
    grey = cv2.cvtColor(face[margin:-margin, margin:-margin], cv2.COLOR_RGB2GRAY)
    return float(np.median(grey)), float(((grey <= BLACK) | (grey >= WHITE)).mean())


def disagreement(face: Face, crop: CropFrame, landmarks: NDArray[np.float32]) -> float:
    """How far the finder's eyes and mouth corners lie from the encoder's, as a share of the crop's side.

    Two networks agree on what they see and guess apart what they do not: a hand, a microphone or a turn to the profile.
    `landmarks` (70, 2) in crop units, as the encoder gives them.
    """
    seen = crop.to_crop(face.points[[0, 1, 3, 4]])
    read = landmarks[[69, 68, 48, 54]]
    return float(np.linalg.norm(seen - read, axis=1).max())


@dataclass(slots=True)
class OverlayDetector:
    """Letters and marks laid over a film: dense strokes beside the face that stay put while the picture moves."""

    looks: list[NDArray[np.bool_]] = field(default_factory=list)

    def look(self, wide: Image) -> None:
        """Take in a wide crop, resized to `OVERLAY_PX`."""
        grey = cv2.cvtColor(
            cv2.resize(wide, (OVERLAY_PX, OVERLAY_PX), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
        )
        stroke = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > STROKE_CONTRAST
        line = cv2.morphologyEx(stroke.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 9), np.uint8))
        count, _labels, stats, _ = cv2.connectedComponentsWithStats(line)
        letters = np.zeros(stroke.shape, bool)
        for index in range(1, count):
            x, y, width, height, _ = (int(value) for value in stats[index])
            box = stroke[y : y + height, x : x + width]
            rises = np.abs(
                np.diff(
                    (grey[y + height // 2, x : x + width] > grey[y : y + height, x : x + width].mean()).astype(np.int8)
                )
            )
            if 5 <= height <= 40 and width >= 2.5 * height and box.mean() >= LETTERS and rises.sum() >= 6:
                letters[y : y + height, x : x + width] = True
        low, high = round(OVERLAY_PX * (1 - FACE_IN_WIDE) / 2), round(OVERLAY_PX * (1 + FACE_IN_WIDE) / 2)
        letters[low:high, low:high] = False
        self.looks.append(letters)

    @property
    def share(self) -> float:
        """Share of the picture under letters that stayed, 0..1."""
        if not self.looks:
            return 0.0
        return float((np.mean(self.looks, axis=0) >= PERSISTENT).mean())
