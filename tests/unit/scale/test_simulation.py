"""The simulations against known answers, and against the formulas that the scaling document uses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mimica.scale.simulation import (
    Fleet,
    best_interval_s,
    expected_makespan_s,
    expected_training_s,
    expected_wait_s,
    run_requests,
    run_tasks,
    run_training,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_equal_tasks_without_failures_take_what_they_must() -> None:
    shift = run_tasks(np.full(40, 3.0), Fleet(nodes=2, cores=5), rng())
    assert (shift.makespan_s, shift.begun, shift.failures, shift.wasted_share) == (12.0, 40, 0, 0.0)


def test_a_slow_scheduler_is_the_bound() -> None:
    shift = run_tasks(np.full(100, 1.0), Fleet(nodes=50, cores=2, dispatch_s=0.5), rng())
    assert shift.makespan_s == pytest.approx(51.0)
    assert expected_makespan_s(np.full(100, 1.0), Fleet(50, 2, dispatch_s=0.5)) == pytest.approx(50.5)


@pytest.mark.parametrize("mtbf_s", [math.inf, 2000.0, 500.0])
def test_failures_cost_what_the_formula_says_and_lose_no_task(mtbf_s: float) -> None:
    durations = rng().lognormal(2, 0.7, 6000)
    fleet = Fleet(nodes=10, cores=4, mtbf_s=mtbf_s, repair_s=100)
    shift = run_tasks(durations, fleet, rng())
    assert shift.makespan_s == pytest.approx(expected_makespan_s(durations, fleet), rel=0.06)
    assert shift.begun >= len(durations)
    assert (shift.failures > 0) == (not math.isinf(mtbf_s))


def test_training_takes_what_daly_says() -> None:
    asked = (200_000.0, 64, 1_000_000.0, 1000.0, 20.0, 300.0)
    measured = np.mean([run_training(*asked, np.random.default_rng(seed)) for seed in range(30)])
    assert measured == pytest.approx(expected_training_s(*asked), rel=0.03)


def test_youngs_interval_is_the_best() -> None:
    best = best_interval_s(64, 1_000_000, 20)
    times = [expected_training_s(1e6, 64, 1e6, best * factor, 20, 300) for factor in (0.4, 1.0, 2.5)]
    assert times[1] == min(times)


def test_waiting_is_erlangs() -> None:
    service = np.random.default_rng(1).exponential(2.0, 200_000)
    waits = run_requests(4.0, service, 10, rng())
    assert waits.mean() == pytest.approx(expected_wait_s(4.0, 2.0, 10), rel=0.1)
    assert expected_wait_s(1.0, 0.5, 1) == pytest.approx(0.5)  # M/M/1: ρ / (1 − ρ) · service
    assert expected_wait_s(5.0, 2.0, 10) == math.inf
