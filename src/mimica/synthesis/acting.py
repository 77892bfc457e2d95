"""What written performances are made of: strengths by name, blinks, and speech. Each changes (T, K) strengths in place.

The random clips of `clips` do not need it. This module does not know portraits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BLINK_HALF_S = 0.12


def strengths(values: Mapping[str, float], names: tuple[str, ...]) -> FloatArray:
    """(K,) strengths in the order of `names`; a bare name sets both sides, an unknown one nothing."""
    row = np.zeros(len(names))
    for name, value in values.items():
        for full in (name, f"{name}_L", f"{name}_R"):
            if full in names:
                row[names.index(full)] = value
    return row


def blink(expression: FloatArray, time: FloatArray, names: tuple[str, ...], moments_s: Iterable[float]) -> None:
    """Close both lids around each moment; `time` (T,) seconds."""
    for moment in moments_s:
        closed = np.clip(1 - np.abs(time - moment) / BLINK_HALF_S, 0, 1) ** 0.6
        for side in "LR":
            row = names.index(f"eyeBlink_{side}")
            expression[:, row] = np.maximum(expression[:, row], closed)


def speak(expression: FloatArray, time: FloatArray, names: tuple[str, ...], span_s: tuple[float, float]) -> None:
    """Syllables within `span_s`: an opening jaw over vowels that differ in rounding and width."""
    start, stop = span_s
    talk = (time > start) & (time < stop)
    local = time[talk] - start
    fade = np.clip(np.minimum(local, stop - start - local) / 0.15, 0, 1)
    beat = np.abs(np.sin(np.pi * 3.2 * local)) ** 1.5 * (0.75 + 0.25 * np.sin(5.1 * local))
    vowel = np.sin(2 * np.pi * 1.1 * local)
    for name, values in {
        "jawOpen": 0.42 * beat,
        "mouthFunnel": 0.55 * np.clip(vowel, 0, 1) * beat,
        "mouthStretch_L": 0.4 * np.clip(-vowel, 0, 1) * beat,
        "mouthStretch_R": 0.4 * np.clip(-vowel, 0, 1) * beat,
        "mouthLowerDown_L": 0.3 * beat,
        "mouthLowerDown_R": 0.3 * beat,
    }.items():
        row = names.index(name)
        expression[talk, row] = np.maximum(expression[talk, row], values * fade)
