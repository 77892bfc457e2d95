"""Live motion: a driver read frame by frame, looking only at the past.

A film is smoothed and anchored over its whole length; a camera has no later frames. So a calm value is smoothed with a
little lag and a fast one passes at once, and the driver's rest is measured on the last seconds, or fixed by a press of
"this is my rest". This module does not know portraits, pixels of the output or clocks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.animation.encode import MotionReader
from mimica.animation.networks import Networks
from mimica.animation.retarget import DriverRest, driver_rest
from mimica.core.motion import EXPRESSION_NAMES, MotionTrack
from mimica.faces.tracking import FaceTracker

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]

NOISE_MEMORY_S: Final = 3.0
REST_WINDOW_S: Final = 12.0
"""The rest is that of the last seconds, at most so many."""
REST_EVERY_S: Final = 0.5
REST_GLIDE_S: Final = 1.5
"""The rest in use glides to the measured one with this time constant, so that a head never jumps."""
CALIBRATION_S: Final = 0.5
"""A calibration takes the readings of the last so many seconds."""
HOLD_S: Final = 0.5
RETURN_S: Final = 0.4
"""A face that is lost is held so long; then the portrait returns to rest with this time constant."""

_COUNT: Final = len(EXPRESSION_NAMES)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How some values are smoothed.

    noise: standard deviation to begin with; each value's own is learned within seconds. calm_s: time constant with
    which a calm value follows its readings. reach: a departure of so many times the noise is motion and passes at once.
    """

    count: int
    noise: float
    calm_s: float
    reach: float


# A blink lasts 100 ms and must pass; a head is heavy, and its trembling shows most (docs/bench/live.md).
EXPRESSION: Final = Smoothing(_COUNT, 0.015, 0.06, 10.0)
ANGLES_DEG: Final = Smoothing(3, 0.3, 0.08, 16.0)
POSITION_PX: Final = Smoothing(2, 0.3, 0.08, 16.0)
LOG_SCALE: Final = Smoothing(1, 0.002, 0.08, 16.0)
GAZE_DEG: Final = Smoothing(4, 0.8, 0.06, 12.0)
ROW: Final = (EXPRESSION, ANGLES_DEG, POSITION_PX, LOG_SCALE, GAZE_DEG)


class CausalSmoother:
    """Smooths rows of values as they come: lag where they are calm, none where they move."""

    def __init__(self, row: tuple[Smoothing, ...] = ROW) -> None:
        """row: the values of a row in order, C in all."""
        self._noise = np.repeat([part.noise for part in row], [part.count for part in row])
        self._calm_s = np.repeat([part.calm_s for part in row], [part.count for part in row])
        self._reach = np.repeat([part.reach for part in row], [part.count for part in row])
        self._state: NDArray[np.float64] = np.zeros(len(self._noise))
        self._before: list[NDArray[np.float64]] = []
        self._time_s = 0.0

    def smooth(self, row: FloatArray, time_s: float) -> FloatArray:
        """The smoothed row (C,) at `time_s`; times must not go back."""
        values = row.astype(np.float64)
        if not self._before:
            self._state, self._time_s, self._before = values, time_s, [values]
            return row.astype(np.float32)
        step_s = max(time_s - self._time_s, 0.0)
        self._time_s = time_s
        self._learn(values, step_s)
        departure = values - self._state
        ratio = np.minimum(np.abs(departure) / (self._reach * self._noise), 1e3)
        keep = ratio**4 / (1 + ratio**4)
        calm = 1 - np.exp(-step_s / self._calm_s)
        self._state = self._state + departure * (calm + (1 - calm) * keep)
        return self._state.astype(np.float32)

    def _learn(self, values: NDArray[np.float64], step_s: float) -> None:
        """Second differences are blind to steady motion: their size is that of the noise, times √6."""
        if len(self._before) == 2:
            bend = np.abs(values - 2 * self._before[1] + self._before[0])
            seen = bend * np.sqrt(np.pi / 2) / np.sqrt(6)
            share = 1 - np.exp(-step_s / NOISE_MEMORY_S)
            self._noise += (np.minimum(seen, 4 * self._noise) - self._noise) * share
            self._noise = np.maximum(self._noise, 1e-6)
        self._before = [*self._before[-1:], values]


class LiveRest:
    """The driver's rest as far as it is known: of the last seconds, or as calibrated."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, FloatArray]] = deque()
        self._target: DriverRest | None = None
        self._rest: DriverRest | None = None
        self._measured_s = self._time_s = -np.inf
        self.calibrated = False

    def update(self, row: FloatArray, time_s: float) -> DriverRest:
        """The rest to use now, after a frame in which a face was seen; row (62,) smoothed."""
        self._rows.append((time_s, row))
        while time_s - self._rows[0][0] > REST_WINDOW_S:
            self._rows.popleft()
        if self._target is None or (not self.calibrated and time_s - self._measured_s >= REST_EVERY_S):
            self._target = driver_rest(as_track(np.stack([kept for _, kept in self._rows])))
            self._measured_s = time_s
        step_s = time_s - self._time_s
        self._time_s = time_s
        share = 1.0 if self._rest is None else float(1 - np.exp(-step_s / REST_GLIDE_S))
        self._rest = self._target if self._rest is None else _between(self._rest, self._target, share)
        return self._rest

    def calibrate(self) -> bool:
        """Take the last half second as the rest, and keep it; False when no face was seen then."""
        if not self._rows:
            return False
        newest = self._rows[-1][0]
        recent = [row for time_s, row in self._rows if newest - time_s <= CALIBRATION_S]
        self._target, self.calibrated = driver_rest(as_track(np.stack(recent))), True
        return True

    def forget(self) -> None:
        """Measure the rest anew, as from the beginning, without a jump."""
        self._rows.clear()
        self.calibrated = False
        self._measured_s = -np.inf


@dataclass(frozen=True, slots=True, eq=False)
class LivePose:
    """What the driver does now: a track of one frame, the rest to measure it from, and whether a face was seen."""

    track: MotionTrack
    rest: DriverRest
    seen: bool


class LiveDriver:
    """Reads one camera's frames in order."""

    def __init__(self, networks: Networks) -> None:
        self._reader = MotionReader(networks, FaceTracker(networks.finder))
        self._smoother = CausalSmoother()
        self.rest = LiveRest()
        self._last: LivePose | None = None
        self._row: FloatArray = np.zeros(0, np.float32)
        self._seen_s = self._time_s = -np.inf

    def read(self, image: Image, time_s: float) -> LivePose | None:
        """The driver's motion in the next frame (H, W, 3) uint8 RGB; None until a face was seen for the first time."""
        seen = self._reader.add(image, time_s)
        row = self._reader.pop()[:-1]
        step_s = time_s - self._time_s
        self._time_s = time_s
        if seen:
            self._seen_s = time_s
            self._row = self._smoother.smooth(row, time_s)
            self._last = LivePose(as_track(self._row[None]), self.rest.update(self._row, time_s), True)
        elif self._last is not None:
            if time_s - self._seen_s > HOLD_S:
                goal = _rest_row(self._last.rest)
                share = 1 - np.exp(-step_s / RETURN_S)
                self._row = (self._row + (goal - self._row) * share).astype(np.float32)
            self._last = LivePose(as_track(self._row[None]), self._last.rest, False)
        return self._last


def as_track(rows: FloatArray) -> MotionTrack:
    """Rows (T, 62) of strengths, angles, position, logarithm of scale, gaze → the track that they are."""
    return MotionTrack(
        expression=rows[:, :_COUNT],
        angles_deg=rows[:, _COUNT : _COUNT + 3],
        position=rows[:, _COUNT + 3 : _COUNT + 5],
        scale=np.exp(rows[:, _COUNT + 5]),
        gaze_deg=rows[:, _COUNT + 6 : _COUNT + 10].reshape(-1, 2, 2),
        confidence=np.ones(len(rows), np.float32),
    )


def _rest_row(rest: DriverRest) -> FloatArray:
    """The row (62,) of a driver who rests."""
    tail = np.array([np.log(rest.scale)], np.float32)
    return np.concatenate([rest.expression, rest.angles_deg, rest.position, tail, rest.gaze_deg.reshape(-1)]).astype(
        np.float32
    )


def _between(start: DriverRest, end: DriverRest, share: float) -> DriverRest:
    part = np.float32(share)
    return replace(
        end,
        expression=start.expression + (end.expression - start.expression) * part,
        angles_deg=start.angles_deg + (end.angles_deg - start.angles_deg) * part,
        position=start.position + (end.position - start.position) * part,
        scale=start.scale + (end.scale - start.scale) * share,
        gaze_deg=start.gaze_deg + (end.gaze_deg - start.gaze_deg) * part,
    )
