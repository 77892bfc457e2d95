"""Are the driver's blinks blinked: precision and recall of closings of both eyes, 0..1, higher is better.

A blink is a stretch of 0.03..0.7 s in which even the wider eye (its opening over its usual opening nearby) falls below
half. It is matched by any closing of the other video that falls below two thirds, lasts no longer than 1.5 s and lies
within `tolerance_s` (0.15 s by default) of it: without the looser bound a lid at 49 % here and 51 % there would be a
miss.

What fools it: a reader that cannot see closed lids; looking far down, which half closes the lids; blinks that close by
only a third count as arrived (the slope of the eyes tells). Winks do not count: both eyes must close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CLOSED, NEARLY_CLOSED = 0.5, 0.67
USUAL_WITHIN_S, USUAL_PERCENTILE = 1.5, 75
SHORTEST_S, LONGEST_S, MERGE_S = 0.03, 0.7, 0.07
LONGEST_MATCH_S = 1.5
TOLERANCE_S = 0.15


@dataclass(frozen=True, slots=True)
class BlinkScore:
    """`driver`, `output`: how many blinks each has; NaN precision when the output has none, NaN recall when the
    driver has none."""

    precision: float
    recall: float
    driver: int
    output: int


def closings(
    opening: NDArray[np.floating], times_s: NDArray[np.floating], below: float = CLOSED, longest_s: float = LONGEST_S
) -> FloatArray:
    """(B, 2) first and last second of the stretches in which both eyes are closed further than `below`, from
    `eye_opening` (T, 2) at `times_s` (T,)."""
    known = np.isfinite(opening).all(-1)
    eyes, times = np.asarray(opening, np.float64)[known], np.asarray(times_s, np.float64)[known]
    if len(times) < 3:
        return np.empty((0, 2))
    closed = np.concatenate([[False], openness(eyes, times) < below, [False]])
    begin, end = np.flatnonzero(~closed[:-1] & closed[1:]), np.flatnonzero(closed[:-1] & ~closed[1:]) - 1
    step = float(np.median(np.diff(times)))
    spans: list[tuple[float, float]] = []
    for first, last in zip(times[begin], times[end], strict=True):
        if spans and first - spans[-1][1] - step < MERGE_S:
            spans[-1] = (spans[-1][0], float(last))
        else:
            spans.append((float(first), float(last)))
    kept = [span for span in spans if SHORTEST_S - 1e-9 <= span[1] - span[0] + step <= longest_s]
    return np.array(kept, np.float64).reshape(-1, 2)


def openness(eyes: FloatArray, times_s: FloatArray) -> FloatArray:
    """(T,) opening of the wider eye over its usual opening within `USUAL_WITHIN_S`, about 1 when open."""
    starts = np.searchsorted(times_s, times_s - USUAL_WITHIN_S)
    ends = np.searchsorted(times_s, times_s + USUAL_WITHIN_S, side="right")
    usual = np.array(
        [np.percentile(eyes[low:high], USUAL_PERCENTILE, axis=0) for low, high in zip(starts, ends, strict=True)]
    )
    usual = np.maximum(usual, 0.5 * np.percentile(eyes, USUAL_PERCENTILE, axis=0))  # where eyes stay closed for long
    return (eyes / np.maximum(usual, 1e-9)).max(-1)


def blink_score(
    driver: NDArray[np.floating],
    output: NDArray[np.floating],
    times_s: NDArray[np.floating],
    tolerance_s: float = TOLERANCE_S,
) -> BlinkScore:
    """`eye_opening` (T, 2) of driver and output at the same `times_s` (T,)."""
    own, made = closings(driver, times_s), closings(output, times_s)
    own_loose, made_loose = (closings(eyes, times_s, NEARLY_CLOSED, LONGEST_MATCH_S) for eyes in (driver, output))
    return BlinkScore(
        _share_matched(made, own_loose, tolerance_s), _share_matched(own, made_loose, tolerance_s), len(own), len(made)
    )


def _share_matched(blinks: FloatArray, others: FloatArray, tolerance_s: float) -> float:
    """Of `blinks` (B, 2), whose middle one of `others` (C, 2) contains or misses by no more than the tolerance; each
    of the others matches once, in order of time."""
    if not len(blinks):
        return float("nan")
    matched, free = 0, list(others)
    for middle in blinks.mean(1):
        for index, (first, last) in enumerate(free):
            if first - tolerance_s - 1e-9 <= middle <= last + tolerance_s + 1e-9:
                matched += 1
                del free[index]
                break
    return matched / len(blinks)
