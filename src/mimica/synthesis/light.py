"""The light of a photo as second-order spherical harmonics of the skin's brightness.

(Ramamoorthi & Hanrahan 2001: nine coefficients hold 98 % of the irradiance of a diffuse surface.) This module does
not know colours; light is a grey level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@njit(cache=True, nogil=True)
def harmonics(normals):
    """(N, 9) real spherical harmonics up to order 2 (unnormalised) of unit normals (N, 3)."""
    basis = np.empty((normals.shape[0], 9), np.float32)
    for k in range(normals.shape[0]):
        x, y, z = normals[k, 0], normals[k, 1], normals[k, 2]
        basis[k, 0], basis[k, 1], basis[k, 2], basis[k, 3] = 1.0, x, y, z
        basis[k, 4], basis[k, 5], basis[k, 6] = x * y, x * z, y * z
        basis[k, 7], basis[k, 8] = x * x - y * y, 3 * z * z - 1
    return basis


@dataclass(frozen=True)
class Light:
    """`coefficients` (9,) float32 brightness by direction; `median` brightness of the skin, both 0..1."""

    coefficients: FloatArray
    median: float

    @classmethod
    def of_skin(cls, normals: FloatArray, brightness: FloatArray, chosen: NDArray[np.bool_]) -> Light:
        """Least squares over the chosen vertices, those near the median brightness counting most."""
        basis = harmonics(normals).astype(np.float64)
        median = float(np.median(brightness[chosen])) if chosen.any() else 0.5
        weight = chosen * np.exp(-(((brightness - median) / (0.5 * median)) ** 2))
        ridge = np.diag([1e-3] + [weight.sum() * 0.01] * 8)
        solved = np.linalg.solve((basis * weight[:, None]).T @ basis + ridge, (basis * weight[:, None]).T @ brightness)
        return cls(solved.astype(np.float32), median)

    def on(self, normals: FloatArray) -> FloatArray:
        """(N,) brightness that falls on unit normals (N, 3)."""
        return harmonics(normals) @ self.coefficients
