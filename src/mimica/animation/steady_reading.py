"""Readings of neighbouring frames of a video, averaged where they say the same: what flickers is damped, what moves is
not delayed.

A bilateral mean over time (Tomasi and Manduchi 1998, along time alone): a neighbour counts by how near it is in time
and how close its value is. Maps lie in crops and windows that travel with the head, so that the same cell is the same
skin. This module does not know pixels' colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mimica.animation.reading import FeatureReading, PortraitReading

FloatArray = NDArray[np.float32]

WIDTH_S = 0.06
"""Standard deviation of the weights in time."""
REACH = 4
"""Frames on either side that are looked at, at most; what lies beyond two standard deviations is not."""
CANONICAL_CM, DEPTH_CM, SHARE = 0.35, 0.5, 0.25
"""Differences beyond which two values are not the same: of places on the head, of depth, of shares 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class TimedReading:
    """A frame's reading and its time in seconds."""

    reading: PortraitReading
    time_s: float


def steadied(near: Sequence[TimedReading], index: int) -> PortraitReading:
    """The reading `near[index]`, its maps averaged with those of the others in `near`."""
    own = near[index]
    weights = np.array([np.exp(-0.5 * np.square((one.time_s - own.time_s) / WIDTH_S)) for one in near], np.float32)
    used = [place for place in range(len(near)) if weights[place] > 0.13]
    readings, shares = [near[place].reading for place in used], weights[used]

    def mean(maps: list[FloatArray], same: float) -> FloatArray:
        return bilateral(maps, shares, used.index(index), same)

    reading = own.reading
    features: list[FeatureReading] = []
    for place, feature in enumerate(reading.features):
        all_of = [one.features[place] for one in readings]
        features.append(
            replace(
                feature,
                canonical=mean([one.canonical for one in all_of], CANONICAL_CM),
                region=mean([one.region for one in all_of], SHARE),
            )
        )
    return replace(
        reading, canonical=mean([one.canonical for one in readings], CANONICAL_CM),
        depth=mean([one.depth for one in readings], DEPTH_CM), face=mean([one.face for one in readings], SHARE),
        matte=mean([one.matte for one in readings], SHARE), features=tuple(features),
    )  # fmt: skip


def bilateral(maps: list[FloatArray], weights: FloatArray, index: int, same: float) -> FloatArray:
    """Mean of maps (H, W[, C]) by `weights` (n,), of which each cell counts those that say what `maps[index]` says.

    A neighbour counts fully within half of `same` and not at all beyond it, a vector by its length.
    """
    own = maps[index]
    total, count = own * weights[index], np.full(own.shape[:2], weights[index], np.float32)
    for place, values in enumerate(maps):
        if place == index:
            continue
        away = np.abs(values - own)
        away = away if away.ndim == 2 else away.max(2)
        share = weights[place] * np.clip(2 - away * (2 / same), 0, 1)
        total = total + values * (share if values.ndim == 2 else share[..., None])
        count += share
    return (total / (count if own.ndim == 2 else count[..., None])).astype(np.float32)
