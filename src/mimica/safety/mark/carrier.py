"""What carries the mark: a square tile, repeated over the picture, whose Fourier coefficients hold sync and payload.

Four tiles lie along a picture's short side (two where it has fewer than 112 px, too few for so fine a pattern).
Repeating makes crops harmless (any whole tile will do), a shift is cyclic, and a scaled or turned picture has the same
coefficients at scaled or turned frequencies: that is what `search` uses. The picture is looked at on a canvas: luma,
short side 256 px, so that a mark written into 4K is found in a thumbnail. Frequencies are 3..12 periods a tile (12..48
a short side): lower ones show on skin, higher ones die in encoders.
This module does not know pictures' contents or ids.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.safety.mark.codec import CODE_BITS

TILE_PX: Final = 64
TILES: Final = 4
CANVAS_PX: Final = TILE_PX * TILES
SMALL_CANVAS_PX: Final = CANVAS_PX // 2
SMALL_PX: Final = 112
"""Pictures with a short side below this are marked on the small canvas."""
LOWEST: Final = 3.0
HIGHEST: Final = 12.0
_RING: Final = 12  # neighbours in radius among which a third carries sync

Tile = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Carriers:
    """The N carriers of a tile, one complex coefficient each.

    `frequencies` (N, 2) float64, periods a tile along x and y; `signs` (N, 2) ±1 for the real and the imaginary part;
    `is_sync` (N,) bool; `bits` (N, 2) int, the code bit that each part of a payload carrier holds (−1 for sync).
    """

    frequencies: NDArray[np.float64]
    signs: NDArray[np.float32]
    is_sync: NDArray[np.bool_]
    bits: NDArray[np.intp]

    @property
    def radii(self) -> NDArray[np.float64]:
        """Distance of each carrier from frequency zero, periods a tile (N,)."""
        return np.hypot(self.frequencies[:, 0], self.frequencies[:, 1])


@cache
def carriers() -> Carriers:
    """The layout of mark version 1; signs and places come from SHAKE-256, so every platform draws the same."""
    top = int(HIGHEST)
    y, x = np.mgrid[-top : top + 1, 0 : top + 1]
    radius = np.hypot(x, y)
    half_plane = (radius >= LOWEST) & (radius <= HIGHEST) & ((x > 0) | (y > 0))
    frequencies = np.stack([x[half_plane], y[half_plane]], axis=1).astype(np.float64)
    frequencies = frequencies[np.argsort(np.hypot(frequencies[:, 0], frequencies[:, 1]), kind="stable")]
    count = len(frequencies)
    is_sync = np.zeros(count, bool)
    for start in range(0, count, _RING):
        ring = _shuffled(f"sync {start}", min(_RING, count - start))
        is_sync[start + ring[: round(len(ring) / 3)]] = True
    payload = np.flatnonzero(~is_sync)
    bits = np.full((count, 2), -1, np.intp)
    parts = np.concatenate([_shuffled(f"bits {start}", CODE_BITS) for start in range(0, 2 * len(payload), CODE_BITS)])[
        : 2 * len(payload)
    ]
    bits[payload] = parts.reshape(-1, 2)  # sorted by radius: every bit lives at low and at high frequencies
    signs = np.unpackbits(np.frombuffer(_stream("signs", count), np.uint8))[: 2 * count].astype(np.float32) * 2 - 1
    return Carriers(frequencies, signs.reshape(count, 2), is_sync, bits)


def analyse(tile: Tile) -> NDArray[np.float32]:
    """Coefficients (N, 2) of a tile (64, 64): real and imaginary parts times the carriers' signs."""
    layout = carriers()
    x, y = layout.frequencies.astype(np.intp).T
    values = np.fft.fft2(tile)[y, x]
    return (np.stack([values.real, values.imag], axis=1) * layout.signs).astype(np.float32)


def synthesise(coefficients: NDArray[np.floating]) -> Tile:
    """The tile (64, 64) whose `analyse` is `coefficients` (N, 2)."""
    layout = carriers()
    x, y = layout.frequencies.astype(np.intp).T
    spectrum = np.zeros((TILE_PX, TILE_PX), np.complex64)
    values = np.asarray(coefficients, np.float32) * layout.signs
    spectrum[y, x] = values[:, 0] + 1j * values[:, 1]
    spectrum[-y, -x] = values[:, 0] - 1j * values[:, 1]
    return np.ascontiguousarray(np.fft.ifft2(spectrum).real, np.float32)


def fold(canvas: NDArray[np.float32]) -> Tile:
    """Mean tile (64, 64) of a canvas (h, w): every pixel falls on its place in the tile."""
    height, width = canvas.shape
    rows, columns = -(-height // TILE_PX), -(-width // TILE_PX)
    padded = np.zeros((rows * TILE_PX, columns * TILE_PX), np.float32)
    padded[:height, :width] = canvas
    return padded.reshape(rows, TILE_PX, columns, TILE_PX).sum((0, 2)) * (TILE_PX**2 / canvas.size)


def soft_bits(parts: NDArray[np.floating], weights: NDArray[np.floating] | None = None) -> NDArray[np.floating]:
    """Payload parts of the coefficients (N, 2) gathered into (63,) soft values; `weights` (N,) trust carriers more."""
    layout = carriers()
    payload = ~layout.is_sync
    values = parts[payload] if weights is None else parts[payload] * weights[payload, None]
    soft = np.bincount(layout.bits[payload].ravel(), np.asarray(values, np.float64).ravel(), CODE_BITS)
    return np.asarray(soft, np.float64)


@cache
def parts_per_bit() -> NDArray[np.floating]:
    """How many parts hold each code bit (63,)."""
    return soft_bits(np.ones((len(carriers().is_sync), 2)))


def _stream(name: str, length: int) -> bytes:
    return hashlib.shake_256(f"mimica mark 1: {name}".encode()).digest(length)


def _shuffled(name: str, count: int) -> NDArray[np.intp]:
    return np.argsort(np.frombuffer(_stream(name, 8 * count), "<u8"), kind="stable")
