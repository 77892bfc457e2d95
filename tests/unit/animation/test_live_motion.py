"""Live motion: noise goes, motion passes at once, the rest is found or pressed, a lost face comes to rest."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mimica.animation.live_motion import (
    HOLD_S,
    REST_WINDOW_S,
    CausalSmoother,
    LiveDriver,
    LiveRest,
    Smoothing,
    as_track,
)
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES

STEP_S = 1 / 30
JAW, YAW, X, LOG_SCALE = (
    EXPRESSION_INDEX["jawOpen"],
    len(EXPRESSION_NAMES),
    len(EXPRESSION_NAMES) + 3,
    len(EXPRESSION_NAMES) + 5,
)


def row(jaw: float = 0.0, yaw: float = 0.0) -> np.ndarray:
    values = np.zeros(len(EXPRESSION_NAMES) + 10, np.float32)
    values[[JAW, YAW, X, LOG_SCALE]] = jaw, yaw, 320, np.log(20)
    return values


def test_noise_of_a_resting_face_is_smoothed() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, (200, 1)).astype(np.float32)
    smoother = CausalSmoother((Smoothing(1, 0.03, 0.08, 12.0),))
    smooth = np.concatenate([smoother.smooth(value, index * STEP_S) for index, value in enumerate(noise)])
    assert smooth[50:].std() < 0.5 * noise[50:].std()
    assert abs(float(smooth[50:].mean())) < 0.01


def test_noise_is_learned() -> None:
    noise = np.random.default_rng(1).normal(0, 0.3, (300, 1)).astype(np.float32)
    smoother = CausalSmoother((Smoothing(1, 0.001, 0.08, 12.0),))  # ten times off at first: everything passes
    smooth = np.concatenate([smoother.smooth(value, index * STEP_S) for index, value in enumerate(noise)])
    assert smooth[200:].std() < 0.6 * noise[200:].std()


def test_a_blink_passes_at_once() -> None:
    smoother = CausalSmoother()
    for index in range(30):
        smoother.smooth(row(), index * STEP_S)
    assert smoother.smooth(row(jaw=0.9), 30 * STEP_S)[JAW] > 0.8
    assert smoother.smooth(row(), 31 * STEP_S)[JAW] < 0.1


def test_two_frames_of_one_moment_do_no_harm() -> None:
    smoother = CausalSmoother()
    smoother.smooth(row(), 1.0)
    assert np.isfinite(smoother.smooth(row(jaw=0.5), 1.0)).all()


def test_the_first_frame_is_the_first_rest() -> None:
    assert LiveRest().update(row(yaw=12), 0.0).angles_deg[0] == pytest.approx(12)


def test_the_rest_glides_to_where_the_driver_rests() -> None:
    rest = LiveRest()
    found = [rest.update(row(yaw=10.0 if index else 0.0), index * STEP_S).angles_deg[0] for index in range(300)]
    assert found[0] == 0
    assert found[-1] == pytest.approx(10, abs=0.1)
    assert np.abs(np.diff(found)).max() < 0.5  # degrees from one frame to the next


def test_memory_does_not_grow() -> None:
    rest = LiveRest()
    for index in range(int(3 * REST_WINDOW_S / STEP_S)):
        rest.update(row(), index * STEP_S)
    assert len(rest._rows) <= REST_WINDOW_S / STEP_S + 1


def test_a_calibration_holds_until_it_is_forgotten() -> None:
    rest = LiveRest()
    assert not rest.calibrate()
    for index in range(60):
        rest.update(row(yaw=0.0 if index < 40 else 8.0), index * STEP_S)
    assert rest.calibrate()
    for index in range(60, 700):
        used = rest.update(row(yaw=-20), index * STEP_S)
    assert used.angles_deg[0] == pytest.approx(8, abs=0.05)
    rest.forget()
    for index in range(700, 1000):
        used = rest.update(row(yaw=-20), index * STEP_S)
    assert used.angles_deg[0] == pytest.approx(-20, abs=0.2)


class Reader:
    """In place of the networks: rows as written, None where no face is seen."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self.next: np.ndarray | None = None

    def add(self, image: np.ndarray, time_s: float) -> bool:
        seen = self.next is not None
        self.rows.append(np.append(self.next if seen else np.full(len(row()), np.nan), [1.0]).astype(np.float32))
        return seen

    def pop(self) -> np.ndarray:
        return self.rows.pop()


@pytest.fixture
def driver() -> tuple[LiveDriver, Reader]:
    made, reader = LiveDriver(SimpleNamespace(finder=None)), Reader()
    made._reader = reader
    return made, reader


def test_before_the_first_face_there_is_no_pose(driver) -> None:
    made, reader = driver
    assert made.read(np.zeros(1), 0.0) is None
    reader.next = row(jaw=0.5)
    pose = made.read(np.zeros(1), STEP_S)
    assert pose.seen
    assert pose.track.expression[0, JAW] == pytest.approx(0.5)
    assert reader.rows == []


def test_a_lost_face_is_held_and_then_returns_to_rest(driver) -> None:
    made, reader = driver
    reader.next = row()
    for index in range(30):
        made.read(np.zeros(1), index * STEP_S)
    reader.next = row(jaw=0.9, yaw=30)
    for index in range(30, 33):
        made.read(np.zeros(1), index * STEP_S)
    reader.next = None
    lost = [made.read(np.zeros(1), (33 + index) * STEP_S) for index in range(120)]
    assert not any(pose.seen for pose in lost)
    held = int(HOLD_S / STEP_S) - 1
    assert lost[held].track.expression[0, JAW] == lost[0].track.expression[0, JAW] > 0.8
    assert lost[-1].track.expression[0, JAW] == pytest.approx(lost[-1].rest.expression[JAW], abs=0.01)
    assert lost[-1].track.angles_deg[0] == pytest.approx(lost[-1].rest.angles_deg, abs=0.1)


def test_rows_and_tracks_are_the_same() -> None:
    track = as_track(row(jaw=0.3, yaw=5)[None])
    assert (track.expression[0, JAW], track.angles_deg[0, 0]) == (pytest.approx(0.3), 5)
    assert track.scale[0] == pytest.approx(20)
    assert track.position[0].tolist() == [320, 0]
