"""Are the driver's blinks blinked: precision and recall of closings of both eyes, 0..1, higher is better.

A blink is a stretch of 0.04..0.7 s in which even the wider eye (opening over its usual opening nearby) falls below
half. Blinks are matched one to one when their middles lie within `tolerance_s` (0.15 s by default). What fools it: a
reader that smooths or cannot see closed lids; looking far down, which half closes the lids; an output that closes its
eyes for good has no blinks and is caught by recall only. Winks do not count: both eyes must close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CLOSED = 0.5
USUAL_WITHIN_S, USUAL_PERCENTILE = 1.5, 75
SHORTEST_S, LONGEST_S, MERGE_S = 0.04, 0.7, 0.07
TOLERANCE_S = 0.15


@dataclass(frozen=True, slots=True)
class BlinkScore:
    """`driver`, `output`: how many blinks each has; NaN precision when the output has none, NaN recall when the
    driver."""

    precision: float
    recall: float
    driver: int
    output: int


def blink_times(opening: NDArray[np.floating], times_s: NDArray[np.floating]) -> FloatArray:
    """Middles (B,) in seconds of the blinks in `eye_opening` (T, 2) at `times_s` (T,)."""
    known = np.isfinite(opening).all(-1)
    eyes, times = np.asarray(opening, np.float64)[known], np.asarray(times_s, np.float64)[known]
    if len(times) < 3:
        return np.empty(0)
    starts = np.searchsorted(times, times - USUAL_WITHIN_S)
    ends = np.searchsorted(times, times + USUAL_WITHIN_S, side="right")
    usual = np.array(
        [np.percentile(eyes[low:high], USUAL_PERCENTILE, axis=0) for low, high in zip(starts, ends, strict=True)]
    )
    usual = np.maximum(usual, 0.5 * np.percentile(eyes, USUAL_PERCENTILE, axis=0))  # where eyes stay closed for long
    openness = (eyes / np.maximum(usual, 1e-9)).max(-1)
    closed = np.concatenate([[False], openness < CLOSED, [False]])
    begin, end = np.flatnonzero(~closed[:-1] & closed[1:]), np.flatnonzero(closed[:-1] & ~closed[1:]) - 1
    step = float(np.median(np.diff(times)))
    middles, last_end = [], -np.inf
    spans: list[tuple[float, float]] = []
    for first, last in zip(times[begin], times[end], strict=True):
        if spans and first - last_end - step < MERGE_S:
            spans[-1] = (spans[-1][0], float(last))
        else:
            spans.append((float(first), float(last)))
        last_end = float(last)
    for first, last in spans:
        if SHORTEST_S - 1e-9 <= last - first + step <= LONGEST_S:
            middles.append((first + last) / 2)
    return np.array(middles, np.float64)


def blink_score(driver: FloatArray, output: FloatArray, tolerance_s: float = TOLERANCE_S) -> BlinkScore:
    """Match two lists of blinks (B,) and (C,) in seconds, the nearest pairs first."""
    hits, first, second = 0, list(map(float, driver)), list(map(float, output))
    pairs = sorted((abs(a - b), i, j) for i, a in enumerate(first) for j, b in enumerate(second))
    used_first: set[int] = set()
    used_second: set[int] = set()
    for distance, i, j in pairs:
        if distance <= tolerance_s + 1e-9 and i not in used_first and j not in used_second:
            used_first.add(i)
            used_second.add(j)
            hits += 1
    precision = hits / len(second) if second else float("nan")
    recall = hits / len(first) if first else float("nan")
    return BlinkScore(precision, recall, len(first), len(second))
