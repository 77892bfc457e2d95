"""How one curve over time follows another: correlation, slope and lag, which only together tell the truth.

- correlation: −1..1, higher is better, Pearson's. Fooled by damping: a curve at a tenth of its height correlates 1. Low
  for a curve that hardly moves, whoever made it: look at `spread`.
- slope: output per driver by least squares, 1 is best; below 1 the motion is damped. Fooled by noise in the *driver's*
  reading, which pulls it towards 0 (regression dilution), by lag, which does the same, and by an output that is louder
  but unrelated in places. Two faces are two rulers: another mouth's full opening may measure 20 % more.
- lag: frames by which the output is late (negative: early), 0 is best, by the peak of the cross-correlation of the
  two curves' speeds between −`max_lag` and +`max_lag`, parabolic between frames. (Of the speeds, since slow curves
  are alike at any lag.) Fooled by periodic motion: a whole period late looks in time.

Correlation and slope are taken without undoing the lag: a late mouth is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MAX_LAG = 8
LEAST_SAMPLES = 5
STILL = 1e-9
SPEED_OVER = 2
"""Frames over which a speed is taken: one would measure the reader's noise."""
LEAST_CORRELATION = 0.3
"""A lag is told when the speeds are at least this alike at some lag; elsewhere the peak is chance."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`spread`: standard deviation of the driver's curve in its own unit; `samples`: frames where both are known."""

    correlation: float
    slope: float
    lag_frames: float
    spread: float
    samples: int


def agreement(
    driver: NDArray[np.floating], output: NDArray[np.floating], *, least_spread: float = 0.0, max_lag: int = MAX_LAG
) -> Agreement:
    """Compare two curves (T,) of the same frames, NaN where unknown. Less than `least_spread` of movement in the
    driver, or too few frames, give NaN. An output that stands still has slope 0 and correlation 0."""
    x, y = np.asarray(driver, np.float64), np.asarray(output, np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    count, nothing = int(both.sum()), float("nan")
    if count < LEAST_SAMPLES:
        return Agreement(nothing, nothing, nothing, nothing, count)
    spread = float(x[both].std())
    if spread <= max(least_spread, STILL):
        return Agreement(nothing, nothing, nothing, spread, count)
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    slope = float(a @ b / (a @ a))
    return Agreement(_correlation(x, y), slope, lag(x, y, max_lag), spread, count)


def lag(driver: FloatArray, output: FloatArray, max_lag: int = MAX_LAG) -> float:
    """Frames by which `output` (T,) is late behind `driver` (T,); NaN where they do not move alike at any lag."""
    driver, output = (curve[SPEED_OVER:] - curve[:-SPEED_OVER] for curve in (driver, output))
    reach = min(max_lag, len(driver) - LEAST_SAMPLES)
    if reach < 1:
        return float("nan")
    shifts = range(-reach, reach + 1)
    likeness = np.array([_shifted_correlation(driver, output, shift) for shift in shifts])
    if not np.isfinite(likeness).any() or np.nanmax(likeness) < LEAST_CORRELATION:
        return float("nan")
    peak = int(np.nanargmax(likeness))
    if 0 < peak < len(likeness) - 1 and np.isfinite(likeness[peak - 1 : peak + 2]).all():
        before, here, after = likeness[peak - 1 : peak + 2]
        bend = before - 2 * here + after
        between = 0.5 * (before - after) / bend if bend < -1e-12 else 0.0
        return float(shifts[peak] + between)
    return float(shifts[peak])


def _shifted_correlation(driver: FloatArray, output: FloatArray, shift: int) -> float:
    length = len(driver) - abs(shift)
    return _correlation(driver[max(0, -shift) :][:length], output[max(0, shift) :][:length])


def _correlation(x: FloatArray, y: FloatArray) -> float:
    """NaN where `x` stands still, 0 where only `y` does."""
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < LEAST_SAMPLES or x[both].std() < STILL:
        return float("nan")
    if y[both].std() < STILL:
        return 0.0
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
