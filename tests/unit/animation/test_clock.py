from __future__ import annotations

from fractions import Fraction

import numpy as np

from mimica.animation.clock import REST_S, on_clock
from mimica.animation.driver import Driver
from mimica.animation.retarget import DriverRest
from mimica.core.motion import EXPRESSION_NAMES, MotionTrack


def driver(count: int, fps: int, begin: Fraction = Fraction(0)) -> Driver:
    """Its head turns by 10° a second; at rest it looks to −5°."""
    seconds = np.arange(count, dtype=np.float32) / fps
    size = len(EXPRESSION_NAMES)
    angles = np.stack([10 * seconds, 0 * seconds, 0 * seconds], 1)
    track = MotionTrack(
        np.tile(seconds[:, None], (1, size)), angles, np.zeros((count, 2), np.float32), np.ones(count, np.float32),
        np.zeros((count, 2, 2), np.float32), np.ones(count, np.float32),
    )  # fmt: skip
    rest = DriverRest(
        np.zeros(size, np.float32), np.array([-5, 0, 0], np.float32), np.zeros(2, np.float32), 1.0,
        np.zeros((2, 2), np.float32),
    )  # fmt: skip
    times = tuple(begin + Fraction(index, fps) for index in range(count))
    return Driver(track, rest, times, (Fraction(1, fps),) * count)


def test_another_rate_and_start_keep_the_motion_in_time() -> None:
    clock, other = driver(25, 25), driver(60, 60, Fraction(7))
    played = on_clock(other, clock.times, clock.durations)
    assert played.times == clock.times
    seconds = np.array([float(moment) for moment in clock.times])
    np.testing.assert_allclose(played.track.angles_deg[:, 0], 10 * seconds, atol=1e-4)
    np.testing.assert_allclose(played.track.expression[:, 3], seconds, atol=1e-5)


def test_a_driver_that_is_over_rests() -> None:
    clock, short = driver(90, 30), driver(31, 30)
    turned = on_clock(short, clock.times, clock.durations).track.angles_deg[:, 0]
    assert turned[30] == 10.0
    after = 30 + round(30 * REST_S)
    np.testing.assert_allclose(turned[after:], -5.0)
    assert (np.diff(turned[30:after]) < 0).all()
    assert np.abs(np.diff(turned)).max() < 3.0  # it eases, no jump


def test_a_longer_driver_is_cut_and_its_own_clock_changes_nothing() -> None:
    clock = driver(10, 25)
    assert len(on_clock(driver(100, 25), clock.times, clock.durations)) == 10
    assert on_clock(clock, clock.times, clock.durations) is clock
