"""Where the mark lies in a picture that was scaled, cut, shifted, turned or mirrored.

The repeated tile has coefficients at whole numbers of periods; in a picture transformed by an affine map they sit at
the transformed frequencies, and a shift turns their phases. So the picture is transformed once, each hypothesis of
scale and angle samples its spectrum at some 70 points, and one small inverse FFT tries every shift. This module knows
the sync carriers only, so that finding the place says nothing about the payload.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.safety.mark.canvas import Canvas
from mimica.safety.mark.carrier import TILE_PX, carriers

SCALES = tuple(1.015**step for step in range(-24, 25))  # a factor of 0.70 to 1.43 on each canvas
ANGLES_DEG = tuple(0.85 * step for step in range(-7, 8))
_SHIFT_GRID = 32
_CHUNK = 256
_REFINING_ROUNDS = 12
_REFINING_TRIES = 80


@dataclass(frozen=True, slots=True)
class Placement:
    """Affine place of the tile on a canvas.

    `matrix` (2, 2): canvas px (from the canvas's centre) to tiles; `shift` (2,): phase of the centre, tiles.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged."""
        return bool(np.linalg.det(self.matrix) < 0)

    @property
    def tile_px(self) -> tuple[float, float]:
        """Length of a tile's sides on the canvas, px."""
        sides = np.linalg.inv(self.matrix)
        return float(np.hypot(*sides[:, 0])), float(np.hypot(*sides[:, 1]))

    @property
    def angle_deg(self) -> float:
        """Clockwise turn of the tile on the canvas, degrees."""
        down = np.linalg.inv(self.matrix)[:, 1]
        return math.degrees(math.atan2(-down[0], down[1]))


def untouched(canvas: Canvas, mirrored: bool = False) -> Placement:
    """The placement of a mark in a picture that nobody cut: a tile begins at the first (mirrored: last) pixel."""
    height, width = canvas.shape
    direction = -1.0 if mirrored else 1.0
    matrix = np.diag([direction, 1.0]) / TILE_PX
    return Placement(matrix, -np.array([width - 1, height - 1]) / 2 / TILE_PX)


class Spectrum:
    """The Fourier transform of a canvas about its centre, readable at any frequency."""

    def __init__(self, canvas: Canvas) -> None:
        height, width = canvas.shape
        self._side = cv2.getOptimalDFTSize(math.ceil(2.5 * max(height, width)))
        padded = np.zeros((self._side, self._side), np.float32)
        padded[:height, :width] = canvas
        pairs = np.asarray(cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT), np.float32)
        self._values = pairs.view(np.complex64)[..., 0]
        # phases about the picture's centre vary slowly with frequency, so that `at` may interpolate
        periods = np.fft.fftfreq(self._side)
        self._values *= np.exp(2j * np.pi * periods * (width - 1) / 2).astype(np.complex64)
        self._values *= np.exp(2j * np.pi * periods * (height - 1) / 2).astype(np.complex64)[:, None] / canvas.size

    def at(self, frequencies: NDArray[np.floating]) -> NDArray[np.complex64]:
        """Values (…,) at frequencies (…, 2) in periods a px along x and y, bilinear between the padded transform's."""
        place = np.asarray(frequencies, np.float64) * self._side
        low = np.floor(place).astype(np.intp)
        x, y = np.moveaxis((place - low).astype(np.float32), -1, 0)
        left, top = np.moveaxis(low % self._side, -1, 0)
        right, bottom = (left + 1) % self._side, (top + 1) % self._side
        values = self._values
        upper = values[top, left] * (1 - x) + values[top, right] * x
        lower = values[bottom, left] * (1 - x) + values[bottom, right] * x
        return upper * (1 - y) + lower * y

    def coefficients(self, placement: Placement) -> NDArray[np.float32]:
        """Coefficients (N, 2) of the tile at a placement, times the carriers' signs: positive where sync fits."""
        layout = carriers()
        values = self.at(layout.frequencies @ placement.matrix)
        values = values * np.exp(2j * np.pi * (layout.frequencies @ placement.shift))
        return (np.stack([values.real, values.imag], axis=1) * layout.signs).astype(np.float32)


def search(spectrum: Spectrum, mirrored: bool, most: int) -> list[tuple[float, Placement]]:
    """The `most` likeliest (correlation of the sync, placement), best first, over SCALES × ANGLES_DEG × all shifts."""
    matrices = _hypotheses(mirrored)
    frequencies, pattern = _sync()
    heights = np.empty(len(matrices), np.float32)
    places = np.empty(len(matrices), np.intp)
    x, y = frequencies.astype(np.intp).T
    for start in range(0, len(matrices), _CHUNK):
        chunk = matrices[start : start + _CHUNK]
        values = spectrum.at(frequencies @ chunk) * pattern.conj()
        grid = np.zeros((len(chunk), _SHIFT_GRID, _SHIFT_GRID), np.complex64)
        grid[:, y, x] = values
        fit = np.fft.ifft2(grid).real.reshape(len(chunk), -1) * _SHIFT_GRID**2
        size = np.sqrt((np.abs(values) ** 2).sum(1) * len(frequencies))
        places[start : start + _CHUNK] = fit.argmax(1)
        heights[start : start + _CHUNK] = fit.max(1) / np.maximum(size, 1e-12)
    best = np.argsort(-heights, kind="stable")[:most]
    found: list[tuple[float, Placement]] = []
    for index in best:
        row, column = divmod(int(places[index]), _SHIFT_GRID)
        found.append((float(heights[index]), Placement(matrices[index], np.array([column, row]) / _SHIFT_GRID)))
    return found


def refine(spectrum: Spectrum, start: Placement, spread: float = 1.0) -> tuple[float, Placement]:
    """(correlation of the sync, placement) after a seeded random descent around `start` over all six numbers.

    spread: how far to look, 1 = the distance between two hypotheses of `search`.
    """
    frequencies, pattern = _sync()
    random = np.random.Generator(np.random.PCG64(1))
    best, best_fit = start, -1.0
    step = np.array([0.005, 0.005, 0.005, 0.005, 0.02, 0.02]) * spread
    for _ in range(_REFINING_ROUNDS):
        tries = random.standard_normal((_REFINING_TRIES, 6)) * step
        tries[0] = 0
        turns = np.eye(2) + tries[:, :4].reshape(-1, 2, 2)
        matrices = best.matrix @ turns
        shifts = best.shift + tries[:, 4:]
        values = spectrum.at(frequencies @ matrices)
        phases = np.exp(2j * np.pi * (shifts @ frequencies.T))
        fit = (values * phases * pattern.conj()).real.sum(1)
        size = np.sqrt((np.abs(values) ** 2).sum(1) * len(frequencies))
        fit = fit / np.maximum(size, 1e-12)
        winner = int(fit.argmax())
        if fit[winner] > best_fit:
            best_fit = float(fit[winner])
            best = replace(best, matrix=matrices[winner], shift=shifts[winner])
        step = step * 0.75
    return best_fit, best


@cache
def _sync() -> tuple[NDArray[np.float64], NDArray[np.complex64]]:
    """Frequencies (S, 2) of the sync carriers and their values (S,), of modulus 1."""
    layout = carriers()
    signs = layout.signs[layout.is_sync]
    return layout.frequencies[layout.is_sync], ((signs[:, 0] + 1j * signs[:, 1]) / np.sqrt(2)).astype(np.complex64)


@cache
def _hypotheses(mirrored: bool) -> NDArray[np.float64]:
    """Matrices (M, 2, 2) of `Placement`."""
    matrices: list[NDArray[np.float64]] = []
    for scale in SCALES:
        for angle_deg in ANGLES_DEG:
            angle = math.radians(angle_deg)
            turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
            matrices.append(np.diag([-1.0 if mirrored else 1.0, 1.0]) @ turn / (TILE_PX * scale))
    return np.array(matrices)
