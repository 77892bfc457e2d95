"""Two evaluations against each other: what improved beyond noise, by paired bootstrap over the cases they share.

Cases are drawn with replacement; the interval holds the middle 95 % of the mean change in distance from perfect
(Efron & Tibshirani 1993, percentile method). Improved: the whole interval is below 0. With few cases an interval is
too narrow rather than too wide, and of a hundred metrics without any difference about five fall outside: read the
list, not one line. This module does not know how the numbers came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.metrics import METRICS
from mimica.evaluation.results import Evaluation

FloatArray = NDArray[np.float64]
Verdict = Literal["improved", "worse", "within noise", "too few cases"]

DRAWS = 4000
LEVEL = 0.95
LEAST_CASES = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one system in one suite. before, after: means over the `cases` that both have. change, low, high:
    of the distance from perfect, below 0 is better."""

    suite: str
    system: str
    metric: str
    cases: int
    before: float
    after: float
    change: float
    low: float
    high: float
    verdict: Verdict


def compare(before: Evaluation, after: Evaluation, systems: list[str] | None = None, seed: int = 0) -> list[Change]:
    """Every metric that both have, for the systems that both have (or the ones named)."""
    changes: list[Change] = []
    for suite in (name for name in before.suites if name in after.suites):
        for system in (name for name in before.systems if name in after.systems):
            if systems is not None and system not in systems:
                continue
            for metric in (name for name in before.metrics(suite) if name in after.metrics(suite)):
                old, new = before.values(suite, system, metric), after.values(suite, system, metric)
                shared = sorted(old.keys() & new.keys())
                if shared:
                    pairs = np.array([(old[case], new[case]) for case in shared])
                    changes.append(_change(suite, system, metric, pairs, seed))
    return changes


def _change(suite: str, system: str, metric: str, pairs: FloatArray, seed: int) -> Change:
    distance = METRICS[metric].distance
    moved = np.array([distance(float(new)) - distance(float(old)) for old, new in pairs])
    low, high = interval(moved, seed)
    verdict: Verdict = "within noise"
    if len(moved) < LEAST_CASES:
        verdict = "too few cases"
    elif high < 0:
        verdict = "improved"
    elif low > 0:
        verdict = "worse"
    before, after = pairs.mean(0)
    return Change(
        suite, system, metric, len(moved), float(before), float(after), float(moved.mean()), low, high, verdict
    )


def interval(values: FloatArray, seed: int = 0) -> tuple[float, float]:
    """The middle 95 % of the mean of `values` (N,) drawn with replacement."""
    drawn = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)))
    means = values[drawn].mean(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
