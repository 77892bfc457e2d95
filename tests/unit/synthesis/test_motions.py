"""Sampled motions and clips: repeatable, bounded, and shaped as faces move."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mimica.core.motion import RIG_NAMES
from mimica.synthesis.clips import BLINK_S, blinks, saccades, sample_clip
from mimica.synthesis.motions import ExpressionSampler, sample_performance

NAMES = (*RIG_NAMES, "PupilDilate_L", "PupilDilate_R")


@pytest.fixture
def sampler() -> ExpressionSampler:
    return ExpressionSampler(NAMES)


def test_a_seed_is_a_motion(sampler: ExpressionSampler) -> None:
    first, second = (sample_performance(sampler, np.random.default_rng([3, 4])) for _ in range(2))
    np.testing.assert_array_equal(first[0].expression, second[0].expression)
    np.testing.assert_array_equal(first[0].angles_deg, second[0].angles_deg)
    assert first[1] == second[1]


def test_everything_that_peers_fail_at_is_sampled(sampler: ExpressionSampler) -> None:
    rng = np.random.default_rng(0)
    drawn = [sample_performance(sampler, rng)[0] for _ in range(800)]
    expression = np.stack([one.expression for one in drawn])
    share = dict(zip(NAMES, (expression > 0.2).mean(0), strict=True))
    for name in RIG_NAMES:
        assert share[name] > 0.01, name
    for name in ("cheekPuff_L", "mouthPucker", "mouthRollUpper", "eyeBlink_R", "noseSneer_L", "jawOpen"):
        assert share[name] > 0.05, name
    assert share["PupilDilate_L"] == 0
    one_sided = np.abs(expression[:, NAMES.index("mouthSmile_L")] - expression[:, NAMES.index("mouthSmile_R")]) > 0.3
    assert one_sided.mean() > 0.02
    assert np.mean([one.tongue[0] > 0.3 for one in drawn]) > 0.05
    assert np.mean([one.gaze_rad[0, 0] < one.gaze_rad[1, 0] - 0.1 for one in drawn]) > 0.02  # crossed
    assert expression.min() >= 0
    assert expression.max() <= 1.21
    angles = np.abs(np.stack([one.angles_deg for one in drawn]))
    assert (angles.max(0) <= [34, 23, 20]).all()
    assert angles[:, 0].std() > 7


def test_lids_follow_the_gaze(sampler: ExpressionSampler) -> None:
    weights = np.zeros(len(NAMES), np.float32)
    sampler.follow_gaze(weights, -0.35)
    assert weights[NAMES.index("eyeLookDown_L")] == 1
    sampler.follow_gaze(weights, 0.175)
    assert weights[NAMES.index("eyeLookDown_L")] == 0
    assert weights[NAMES.index("eyeLookUp_R")] == pytest.approx(0.5)


def test_a_clip_is_smooth_and_the_same_at_any_rate(sampler: ExpressionSampler) -> None:
    slow = sample_clip(sampler, np.random.default_rng(5), 26, Fraction(25))
    fast = sample_clip(sampler, np.random.default_rng(5), 51, Fraction(50))
    for a, b in zip(slow, fast[::2], strict=True):
        np.testing.assert_allclose(a.expression, b.expression, atol=1e-5)
        np.testing.assert_allclose(a.angles_deg, b.angles_deg, atol=1e-5)
        np.testing.assert_allclose(a.gaze_rad, b.gaze_rad, atol=1e-5)
    angles = np.stack([frame.angles_deg for frame in fast])
    assert np.abs(np.diff(angles, axis=0)).max() < 4  # 200 °/s
    skin = np.stack([frame.expression for frame in fast])[
        :, [NAMES.index("mouthSmile_L"), NAMES.index("browInnerUp_L")]
    ]
    assert np.abs(np.diff(skin, axis=0)).max() < 0.15


def test_a_clip_of_one_frame(sampler: ExpressionSampler) -> None:
    assert len(sample_clip(sampler, np.random.default_rng(0), 1)) == 1


def test_blinks_close_fast_and_open_slower() -> None:
    time = np.arange(0, 60, 0.005)
    closed = blinks(time, np.random.default_rng(1))
    assert closed.max() > 0.99
    assert closed.min() >= 0
    speed = np.diff(closed)
    assert speed.max() > -speed.min()
    assert 5 <= ((closed[1:] > 0.5) & (closed[:-1] <= 0.5)).sum() <= 35
    assert (closed > 0).mean() < 35 * BLINK_S / 60 + 0.05


def test_gaze_jumps_between_fixations() -> None:
    time = np.arange(0, 4, 0.01)
    targets = np.random.default_rng(0).normal(0, 0.3, (12, 2, 2))
    gaze = saccades(time, np.random.default_rng(2), targets)
    moving = np.abs(np.diff(gaze[:, 0, 0])) > 1e-4
    assert 0.02 < moving.mean() < 0.4
    np.testing.assert_allclose(gaze[0], targets[0], atol=1e-9)
