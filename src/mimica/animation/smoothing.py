"""Smoothing: what trembles is calmed, what moves stays as it is, and nothing comes later than it was.

This module does not know whose motion it is: a driver's or a filmed portrait's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.animation.parts import part_of
from mimica.core.motion import EXPRESSION_NAMES

FloatArray = NDArray[np.float32]

SMOOTHING_S = 0.07
"""Width of the smoothing of slow changes; fast ones (blinks, plosives) pass unsmoothed."""
SPEECH_SMOOTHING_S = 0.035
"""The same for mouth and lids: someone who speaks is never calm, and 70 ms take a third of d10's openings away."""
NOISE_REACH = 6.0
"""A departure of so many times a channel's noise is motion; much less is noise."""
GAZE_STEP_DEG = 6.0
"""Eyes jump: readings of the gaze that differ by more say two things, and are not averaged. On ten actors the gaze
follows MediaPipe's at r .774, slope .80 so, where `smooth_adaptively` left r .762, slope .76 at the same unrest."""

_EXPRESSION = len(EXPRESSION_NAMES)
_GAZE = slice(_EXPRESSION + 6, _EXPRESSION + 10)
_SPEECH = [index for index, name in enumerate(EXPRESSION_NAMES) if part_of(name) in ("mouth", "eyes")]


def smooth_motion(rows: FloatArray, times_s: NDArray[np.float64]) -> FloatArray:
    """(T, C) rows that begin with expression, three angles, place, log scale and gaze; the same smoothed."""
    widths_s = np.full(rows.shape[1], SMOOTHING_S)
    widths_s[_SPEECH] = SPEECH_SMOOTHING_S
    smooth = smooth_adaptively(rows, times_s, widths_s)
    smooth[:, _GAZE] = smooth_gaze(rows[:, _GAZE].reshape(-1, 2, 2), times_s).reshape(-1, 4)
    return smooth


def smooth_adaptively(
    values: FloatArray, times_s: NDArray[np.float64], width_s: float | NDArray[np.float64] = SMOOTHING_S
) -> FloatArray:
    """(T, C) smoothed where a channel is calm, left alone where it moves; symmetric in time, so without lag.

    A Gaussian of `width_s`, one for all or (C,), gives the calm version; a sample keeps as much of its own value as it
    departs from that, measured against the channel's own noise (median absolute departure).
    """
    if len(values) < 3:
        return values.astype(np.float32)
    widths = np.broadcast_to(np.asarray(width_s, np.float64), values.shape[1:])
    calm = np.empty_like(values)
    for width in np.unique(widths):
        of_width = widths == width
        for index in range(len(values)):
            near = _near(times_s, times_s[index], width)
            weight = np.exp(-0.5 * np.square((times_s[near] - times_s[index]) / width))
            calm[index, of_width] = (values[near][:, of_width] * weight[:, None]).sum(0) / weight.sum()
    departure = values - calm
    noise = np.median(np.abs(departure), axis=0) * 1.4826 + 1e-6
    ratio = np.minimum(np.abs(departure) / (NOISE_REACH * noise), 1e3)
    keep = ratio**4 / (1 + ratio**4)
    return (calm + departure * keep).astype(np.float32)


def _near(times_s: NDArray[np.float64], time_s: float, width_s: float) -> slice:
    """The frames within three widths of a moment, one at least."""
    low, high = np.searchsorted(times_s, [time_s - 3 * width_s, time_s + 3 * width_s])
    return slice(low, max(high, low + 1))


def smooth_gaze(gaze_deg: FloatArray, times_s: NDArray[np.float64]) -> FloatArray:
    """(T, 2, 2) a bilateral mean over time (Tomasi and Manduchi 1998): fixations are calmed, saccades stay jumps.

    Both eyes are weighted by what they do together.
    """
    together = gaze_deg.mean(1)
    calm = np.empty_like(gaze_deg)
    for index, (time_s, own) in enumerate(zip(times_s, together, strict=True)):
        near = _near(times_s, time_s, SMOOTHING_S)
        apart = np.square((times_s[near] - time_s) / SMOOTHING_S)
        apart = apart + np.square((together[near] - own) / GAZE_STEP_DEG).sum(1)
        weight = np.exp(-0.5 * apart)
        calm[index] = np.einsum("t,tij->ij", weight, gaze_deg[near]) / weight.sum()
    return calm
