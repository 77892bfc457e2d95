from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimica.errors import UsageError
from mimica.training.config import TrainConfig
from mimica.training.task import seed_of_step


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(UsageError, match="unknown key 'step'; known are checkpoint_every_s, clip_norm"):
        TrainConfig.from_mapping({"step": 3})
    with pytest.raises(UsageError, match="unknown key 'learning_rate'"):
        TrainConfig(steps=3).with_changes(learning_rate=1.0)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"steps": 0},
        {"steps": 2.5},
        {"steps": True},
        {"steps": "9"},
        {"minutes": 0},
        {"minutes": float("inf")},
        {"steps": 1, "seed": -1},
        {"steps": 1, "device": "tpu"},
        {"steps": 1, "threads": 0},
        {"steps": 1, "workers": -1},
        {"steps": 1, "warmup_steps": -1},
        {"steps": 1, "final_rate": 1.5},
        {"steps": 1, "clip_norm": 0},
        {"steps": 1, "ema_decay": 1.0},
        {"steps": 1, "log_every_steps": 0},
        {"steps": 1, "evaluate_every_s": -1},
        {"steps": 1, "checkpoint_every_s": -0.5},
    ],
)
def test_values_out_of_range_are_errors(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="training configuration"):
        TrainConfig.from_mapping(values)


def test_goes_through_a_mapping_and_is_frozen() -> None:
    config = TrainConfig(minutes=3, seed=4)
    assert TrainConfig.from_mapping(config.to_mapping()) == config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 5  # pyright: ignore[reportAttributeAccessIssue]


@given(st.integers(1, 10_000), st.integers(0, 200), st.floats(0, 1), st.integers(0, 20_000), st.floats(0, 1e4))
def test_the_rate_stays_within_its_bounds(
    steps: int, warmup_steps: int, final_rate: float, step: int, minutes: float
) -> None:
    config = TrainConfig(steps=steps, minutes=60, warmup_steps=warmup_steps, final_rate=final_rate)
    assert 0 <= config.rate_at(step, minutes) <= 1
    assert 0 <= config.progress(step, minutes) <= 1


def test_the_rate_rises_then_falls_to_its_end() -> None:
    config = TrainConfig(steps=1000, warmup_steps=99, final_rate=0.1)
    rates = [config.rate_at(step, 0) for step in range(1001)]
    assert rates[0] == pytest.approx(0.01, rel=1e-2)
    assert rates[:80] == sorted(rates[:80])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert rates[-1] == pytest.approx(0.1)


def test_the_rate_by_time() -> None:
    config = TrainConfig(minutes=10, warmup_steps=0, final_rate=0)
    assert config.rate_at(0, 0) == 1
    assert config.rate_at(500, 5) == pytest.approx(0.5)
    assert config.rate_at(500, 10) == pytest.approx(0)
    assert config.progress(500, 11) == 1


def test_every_step_has_its_own_seed() -> None:
    seeds = {seed_of_step(3, step) for step in range(100_000)}
    assert len(seeds) == 100_000
    assert not seeds & {seed_of_step(4, step) for step in range(100)}
