"""One driver on another's clock: several faces of a picture perform, and the main driver gives the time.

This module does not know videos or portraits.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mimica.animation.driver import Driver, Shot
from mimica.core.easing import smoothstep
from mimica.core.motion import MotionTrack

FloatArray = NDArray[np.float32]

REST_S = 0.6
"""A driver that is over lets its face ease to rest in so many seconds."""


def on_clock(driver: Driver, times: tuple[Fraction, ...], durations: tuple[Fraction | None, ...]) -> Driver:
    """`driver` as it is at other `times`, both counted from their own first frame.

    Between its frames motion is interpolated; after its last one it eases to its own rest and stays there.
    """
    if driver.times == times:
        return driver
    own = np.array([float(moment - driver.times[0]) for moment in driver.times], np.float64)
    wanted = np.array([float(moment - times[0]) for moment in times], np.float64)
    track, rest = driver.track, driver.rest_at(len(driver) - 1)
    over = smoothstep((wanted - own[-1]) / REST_S, 0.0, 1.0).astype(np.float32)

    def at(values: FloatArray, at_rest: FloatArray | float) -> FloatArray:
        flat = values.reshape(len(values), -1)
        played = np.stack([np.interp(wanted, own, column) for column in flat.T], 1)
        target = np.broadcast_to(np.asarray(at_rest, np.float32).reshape(-1), played.shape[1:])
        return (played + (target - played) * over[:, None]).astype(np.float32).reshape(-1, *values.shape[1:])

    nearest = np.clip(np.searchsorted(own, wanted - 1e-9), 0, len(own) - 1)
    moved = MotionTrack(
        expression=at(track.expression, rest.expression), angles_deg=at(track.angles_deg, rest.angles_deg),
        position=at(track.position, rest.position), scale=at(track.scale, rest.scale),
        gaze_deg=at(track.gaze_deg, rest.gaze_deg), confidence=track.confidence[nearest],
    )  # fmt: skip
    shots = tuple(Shot(int(np.searchsorted(wanted, own[shot.start])), shot.rest) for shot in driver.shots)
    return replace(driver, track=moved, times=times, durations=durations, shots=shots)


def lasts(driver: Driver) -> float:
    """Seconds from the first frame to the end of the last one, as far as that is known."""
    return driver.seconds + float(driver.durations[-1] or 0)
