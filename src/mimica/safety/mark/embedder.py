"""Write the mark: `Marker`.

Everything costly happens on the small canvas; the full frame only gets the upscaled difference added to its three
channels. The mark knows its picture (informed embedding, after Malvar and Florencio's improved spread spectrum, 2003):
where the picture itself speaks against a bit, that bit is written more strongly, else more weakly.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.mark.canvas import Canvas, normalised, to_canvas
from mimica.safety.mark.carrier import (
    CANVAS_PX,
    SMALL_CANVAS_PX,
    SMALL_PX,
    TILE_PX,
    analyse,
    carriers,
    fold,
    parts_per_bit,
    soft_bits,
    synthesise,
)
from mimica.safety.mark.codec import encode

Coefficients = NDArray[np.float32]

MIN_SIDE_PX = 64
PSNR_DB = 41.5
"""Least PSNR of the mark's difference on the canvas; clipping and rounding to uint8 move the frame's own by tenths."""
STRENGTH = 0.45
"""Most deviation of the mark, in units of what the place hides: 0.45 levels on a clear sky."""
SMALL_PSNR_DB, SMALL_STRENGTH = 40.2, 0.7  # the same for pictures of few pixels, each of which has to carry more
_FLAT_LEVELS = 1.0  # deviation that a place without any texture hides
_STEPS_PER_LEVEL = 12.0  # fineness of the difference while it is scaled up
_REACH = 10.5  # levels, the most that a byte of such steps holds
_STRIP_PX = 64
_TEXTURE_CEILING = 6.0  # levels; beyond it more texture hides no more


class Marker:
    """Writes one id into pictures, invisibly; stateless between frames, so any frame alone can be marked and read.

    mark_id: 0..65535. Raises UsageError when it is outside. Same frame and id in, same pixels out.
    """

    def __init__(self, mark_id: int) -> None:
        word = encode(mark_id)
        layout = carriers()
        self.mark_id = int(mark_id)
        self._sense = np.where(layout.is_sync[:, None], np.float32(1), word[layout.bits])
        self._unit = TILE_PX**2 / (2.0 * float(np.sqrt(self._sense.size / 2)))
        """Size of each coefficient part at which a tile has deviation 1 (Parseval)."""

    def mark(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """frame: (H, W, 3) uint8 RGB, 64 px or more a side. Returns a marked copy of the same shape.

        Raises UsageError when the array is of another shape, type or size.
        """
        _check(frame)
        height, width = frame.shape[:2]
        canvas_px = CANVAS_PX if min(height, width) >= SMALL_PX else SMALL_CANVAS_PX
        limits = (PSNR_DB, STRENGTH) if canvas_px == CANVAS_PX else (SMALL_PSNR_DB, SMALL_STRENGTH)
        difference = self._difference(to_canvas(frame, canvas_px), *limits)
        return _add(frame, difference)

    def _difference(self, canvas: Canvas, psnr_db: float, strength: float) -> Canvas:
        """What to add to the canvas (h, w), levels, within both limits."""
        _, deviation = normalised(canvas)
        mask = _mask(deviation)
        budget = 255.0 / 10 ** (psnr_db / 20)
        strength = min(strength, budget / float(np.sqrt(np.mean(mask * mask))))
        target = strength * self._unit
        first = (self._sense * target).astype(np.float32)
        reached = analyse(fold(normalised(canvas + _spread(synthesise(first), mask))[0])) * self._sense
        tile = synthesise(self._corrected(first, reached, target))
        return _spread(tile, mask)

    def _corrected(self, first: Coefficients, reached: Coefficients, target: float) -> Coefficients:
        """Coefficients (N, 2) that lift what falls short and spare what is safe, at no more energy than `first`."""
        layout = carriers()
        lacking = np.empty_like(first)
        per_bit = target - soft_bits(reached) / parts_per_bit()
        lacking[~layout.is_sync] = per_bit[layout.bits[~layout.is_sync]]
        lacking[layout.is_sync] = target - float(reached[layout.is_sync].mean())
        wanted = first + self._sense * np.clip(lacking, -0.6 * target, 1.2 * target)
        excess = float(np.sqrt(np.mean(wanted**2) / np.mean(first**2)))
        return wanted / max(excess, 1.0)


def _mask(deviation: Canvas) -> Canvas:
    """Deviation that the picture hides (h, w): that of the calmest place near by, so that no edge glows into a wall."""
    calmest = cv2.erode(deviation, np.ones((9, 9), np.uint8))
    return np.minimum(cv2.blur(calmest, (5, 5)) + _FLAT_LEVELS, _TEXTURE_CEILING)


def _spread(tile: NDArray[np.float32], mask: Canvas) -> Canvas:
    height, width = mask.shape
    rows, columns = -(-height // TILE_PX), -(-width // TILE_PX)
    return np.tile(tile, (rows, columns))[:height, :width] * mask


def _add(frame: NDArray[np.uint8], difference: Canvas) -> NDArray[np.uint8]:
    """frame plus the canvas's difference on all three channels, rounded and clipped.

    The difference is scaled up as bytes of 1/12 level, strip by strip: new memory costs more than arithmetic here.
    """
    height, width = frame.shape[:2]
    coded = cv2.convertScaleAbs(np.clip(difference, -_REACH, _REACH), alpha=_STEPS_PER_LEVEL, beta=128)
    if coded.shape != (height, width):
        shrinks = min(height, width) < min(coded.shape)
        coded = cv2.resize(coded, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    levels = np.rint((np.arange(256) - 128) / _STEPS_PER_LEVEL)
    raise_by, lower_by = np.maximum(levels, 0).astype(np.uint8), np.maximum(-levels, 0).astype(np.uint8)
    marked = np.empty(frame.shape, np.uint8)
    for start in range(0, height, _STRIP_PX):
        rows = slice(start, start + _STRIP_PX)
        raised = cv2.cvtColor(cv2.LUT(coded[rows], raise_by), cv2.COLOR_GRAY2RGB)
        lowered = cv2.cvtColor(cv2.LUT(coded[rows], lower_by), cv2.COLOR_GRAY2RGB)
        cv2.subtract(cv2.add(frame[rows], raised), lowered, dst=marked[rows])
    return marked


def _check(given: object) -> None:
    frame = cast("NDArray[np.generic]", given)
    if not isinstance(given, np.ndarray) or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        kind = f"{frame.dtype} {frame.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        raise UsageError(f"frame to mark: is {kind}, not (H, W, 3) uint8 RGB; convert it first")
    height, width = int(frame.shape[0]), int(frame.shape[1])
    if min(height, width) < MIN_SIDE_PX:
        raise UsageError(f"frame to mark: {width} × {height} px is too small for a mark; use {MIN_SIDE_PX} px or more")
