"""Transfer functions and primaries: light from another colour system to 8-bit BT.709.

Signals are 0..1 of full range; *linear* light is relative to SDR diffuse white (1.0 = 203 cd/m², ITU-R BT.2408).
Sources: SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG), BT.1886 (SDR display), BT.2020, BT.709, SMPTE EG 432-1 (Display P3).
This module does not know pixel formats, YUV matrices or files.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Transfer = Literal["sdr", "pq", "hlg"]
Primaries = Literal["bt709", "bt2020", "p3"]

REFERENCE_WHITE_CD = 203.0
PEAK_CD = 1000.0
"""Highlights at or above this become SDR white."""
SDR_GAMMA = 2.4
SHOULDER_START = 0.6
"""Linear light up to this passes unchanged: faces are exposed below it, the highlights above share the rest."""
HLG_SYSTEM_GAMMA = 1.2

_WHITE_D65_XY = (0.3127, 0.3290)
_PRIMARIES_XY: dict[Primaries, tuple[tuple[float, float], ...]] = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_CODE_BITS = 12
_ROOT_STEPS = 4096


def _xyz(x: float, y: float) -> NDArray[np.float64]:
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


def rgb_to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """(3, 3) matrix from linear RGB of the given primaries (white D65) to CIE XYZ with Y = 1 for white."""
    columns = np.stack([_xyz(x, y) for x, y in _PRIMARIES_XY[primaries]], axis=1)
    weights: NDArray[np.float64] = np.linalg.inv(columns) @ _xyz(*_WHITE_D65_XY)
    return columns * weights


def to_bt709_matrix(primaries: Primaries) -> NDArray[np.float64]:
    """(3, 3) matrix from linear RGB of the given primaries to linear BT.709 RGB; rows sum to one."""
    return np.linalg.inv(rgb_to_xyz("bt709")) @ rgb_to_xyz(primaries)


def pq_to_linear(signal: NDArray[np.floating]) -> NDArray[np.float64]:
    """SMPTE ST 2084 EOTF: signal 0..1 to display light relative to reference white (1.0 = 203 cd/m²)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = np.clip(signal, 0.0, 1.0).astype(np.float64) ** (1 / m2)
    return 10000.0 / REFERENCE_WHITE_CD * (np.maximum(root - c1, 0.0) / (c2 - c3 * root)) ** (1 / m1)


def hlg_to_scene(signal: NDArray[np.floating]) -> NDArray[np.float64]:
    """ITU-R BT.2100 HLG inverse OETF: signal 0..1 to scene light 0..1 (the OOTF is not applied)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    value = np.clip(signal, 0.0, 1.0).astype(np.float64)
    return np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)


def shoulder(light: NDArray[np.floating], peak: float = PEAK_CD / REFERENCE_WHITE_CD) -> NDArray[np.floating]:
    """Tone curve on linear light: identity up to ``SHOULDER_START``, then smooth to 1.0 at ``peak``, never above.

    The shoulder is Reinhard's extended curve x(1 + x/p²)/(1 + x), whose slope at its start is one.
    """
    room = 1.0 - SHOULDER_START
    x = np.maximum(light - SHOULDER_START, 0.0) / room
    p = (peak - SHOULDER_START) / room
    rolled = SHOULDER_START + room * x * (1.0 + x / p**2) / (1.0 + x)
    return np.minimum(np.where(light <= SHOULDER_START, light, rolled), 1.0)


@cache
def _linear_table(transfer: Transfer) -> NDArray[np.float32]:
    codes = np.linspace(0.0, 1.0, 1 << _CODE_BITS)
    if transfer == "pq":
        return pq_to_linear(codes).astype(np.float32)
    if transfer == "hlg":
        return hlg_to_scene(codes).astype(np.float32)
    return (codes**SDR_GAMMA).astype(np.float32)


@cache
def _encode_table() -> NDArray[np.uint8]:
    root = np.linspace(0.0, 1.0, _ROOT_STEPS)
    return np.rint(255.0 * (root**2) ** (1 / SDR_GAMMA)).astype(np.uint8)


def to_sdr(image: NDArray[np.uint16], transfer: Transfer, primaries: Primaries) -> NDArray[np.uint8]:
    """Full-range RGB of another colour system as 8-bit SDR in BT.709 primaries (gamma 2.4).

    ``image`` (H, W, 3) uint16 RGB, 0..65535; returns (H, W, 3) uint8. PQ and HLG are tone-mapped by ``shoulder`` on
    the largest channel, which keeps hue; wide-gamut SDR is only converted and clipped.
    """
    height, width, _ = image.shape
    out = np.empty((height, width, 3), np.uint8)
    rows = max(1, (1 << 18) // max(1, width))  # about 3 MB of float32 at a time: stays in cache
    for top in range(0, height, rows):
        out[top : top + rows] = _to_sdr_rows(image[top : top + rows], transfer, primaries)
    return out


def _to_sdr_rows(image: NDArray[np.uint16], transfer: Transfer, primaries: Primaries) -> NDArray[np.uint8]:
    light = _linear_table(transfer)[image >> (16 - _CODE_BITS)]
    if transfer == "hlg":
        luminance = light @ rgb_to_xyz(primaries)[1].astype(np.float32)
        # BT.2100 OOTF: display = peak · Y^(γ − 1) · scene
        gain = np.float32(PEAK_CD / REFERENCE_WHITE_CD) * luminance ** np.float32(HLG_SYSTEM_GAMMA - 1)
        light *= gain[..., None]
    if primaries != "bt709":
        light = light @ to_bt709_matrix(primaries).T.astype(np.float32)
    np.maximum(light, 0.0, out=light)
    if transfer != "sdr":
        largest = light.max(axis=-1)
        light *= (shoulder(largest) / np.maximum(largest, np.float32(1e-6)))[..., None].astype(np.float32)
    root = np.sqrt(np.minimum(light, 1.0))
    return _encode_table()[np.rint(root * (_ROOT_STEPS - 1)).astype(np.int32)]
