"""What lies over a filmed face: a hand, a cup, a microphone. There the source stays as it is.

The networks look through what covers a face, so they cannot tell. Here the skin is remembered as it usually looks, laid
out by its place on the head, so that turns and nods do not blur it. What differs from that by far more than it usually
varies, and comes in from beyond the face's outline, lies over it; a mouth that opens or an eye that shuts does not come
in from outside. What covers a face most of the time is taken for a part of it. This module does not know what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import look_up, push_pull

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

LOOK_PX = 96
"""Side of the crops that are compared: that of the canonical map."""
CELL_CM = 0.4
LOW_CM, HIGH_CM = np.array([-9.6, -12.0]), np.array([9.6, 9.6])
"""What part of the head is laid out, in canonical x and y."""
LEAST_LEVELS, USUAL_SPREADS = 22.0, 3.0
"""A place differs when it is off by more grey levels than this and so many usual spreads together."""
MOST_SPREAD, DOUBT = 12.0, 0.55
"""Spreads count up to so many levels. Around what differs for certain, this share of the difference is enough."""
LEAST_SHARE = 0.02
"""A spot that is a smaller share of the face is a shadow, a highlight or noise."""
RIM_SHARE = 0.06
"""How near to the outline a spot must come, in sides of the crop, to have come in from outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A face crop: image (96, 96, 3), where on the head each pixel lies (96, 96, 3) cm, how surely it is face."""

    image: Image
    canonical: FloatArray
    face: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class FaceMemory:
    """How the skin usually looks, by its place on the head: `usual` (rows, columns, 3), `spread` (rows, columns)."""

    usual: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, looks: Sequence[Look]) -> FaceMemory:
        """From some dozen looks from all over the video; without any that shows skin nothing is ever covered."""
        sheets = np.stack([sheet for look in looks if np.isfinite(sheet := _laid_out(look)).any()] or [_nothing()])
        light = np.nanmedian(sheets, axis=(0, 1, 2))
        sheets *= ((light + 1) / (np.nanmedian(sheets, axis=(1, 2), keepdims=True) + 1)).astype(np.float32)
        enough = np.isfinite(sheets[..., 0]).sum(0) >= max(1, len(sheets) // 4)
        filled = np.where(enough[..., None], sheets, 0)
        usual = np.where(enough[..., None], np.nanmedian(filled, axis=0), 0).astype(np.float32)
        off = np.abs(filled - usual).max(-1)
        spread = np.where(enough, np.nanmedian(off, axis=0) * 1.4826, 0).astype(np.float32)
        weight = enough.astype(np.float32)
        return cls(push_pull(usual, weight), push_pull(spread, weight))

    def covered(self, look: Look) -> FloatArray:
        """(96, 96) 0..1 of the crop: 1 where something lies over the face."""
        inside = cv2.morphologyEx((look.face > 0.6).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8))
        if not (inside.any() and self.usual.any()):
            return np.zeros_like(look.face)
        place = ((look.canonical[..., :2] - LOW_CM) / CELL_CM - 0.5).astype(np.float32)
        expected, spread = look_up(self.usual, place), look_up(self.spread, place)
        seen = look.image.astype(np.float32)
        skin = inside > 0
        seen *= np.clip(np.median((expected[skin] + 8) / (seen[skin] + 8), axis=0), 0.6, 1.7).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(seen, (0, 0), 1.2), np.float32)
        away = np.abs(soft - expected).max(-1)
        least = LEAST_LEVELS + USUAL_SPREADS * np.minimum(spread, MOST_SPREAD)
        sure = cv2.morphologyEx(((away > least) & skin).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        strange = ((away > DOUBT * least) & skin).astype(np.uint8)
        strange = cv2.bitwise_or(cv2.morphologyEx(strange, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), sure)
        reach = 2 * round(RIM_SHARE * len(inside)) + 1
        rim = inside - cv2.erode(inside, np.ones((reach, reach), np.uint8))
        found = np.zeros_like(inside)
        count, spots = cv2.connectedComponents(strange)
        for spot in range(1, count):
            cells = spots == spot
            if sure[cells].sum() >= LEAST_SHARE * skin.sum() and (rim[cells] > 0).sum() >= 4:
                found[cells] = 1
        found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8))
        found = cv2.dilate(found, np.ones((5, 5), np.uint8))
        return np.asarray(cv2.GaussianBlur(found.astype(np.float32), (0, 0), 1.5), np.float32)


def _nothing() -> FloatArray:
    columns, rows = np.ceil((HIGH_CM - LOW_CM) / CELL_CM).astype(int)
    return np.zeros((rows, columns, 3), np.float32)


def _laid_out(look: Look) -> FloatArray:
    """(rows, columns, 3) mean colour of the pixels at each place of the head, NaN where none was seen."""
    columns, rows = np.ceil((HIGH_CM - LOW_CM) / CELL_CM).astype(int)
    place = np.floor((look.canonical[..., :2] - LOW_CM) / CELL_CM).astype(int)
    used = (look.face > 0.8) & (place >= 0).all(-1) & (place < [columns, rows]).all(-1)
    cell = place[used][:, 1] * columns + place[used][:, 0]
    colours = cv2.GaussianBlur(look.image, (0, 0), 0.8)[used]
    count = np.bincount(cell, minlength=rows * columns).astype(np.float32)
    total = np.stack([np.bincount(cell, colours[:, c], rows * columns) for c in range(3)], 1)
    mean = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)
    return mean.astype(np.float32).reshape(rows, columns, 3)
