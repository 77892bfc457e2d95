from __future__ import annotations

import numpy as np

from mimica.animation.smoothing import (
    SMOOTHING_S,
    SPEECH_SMOOTHING_S,
    smooth_adaptively,
    smooth_gaze,
    smooth_motion,
)
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES

TIMES_S = np.arange(60) / 25


def test_a_constant_stays() -> None:
    assert np.allclose(smooth_adaptively(np.full((60, 2), 0.4, np.float32), TIMES_S), 0.4)


def test_noise_shrinks_and_a_blink_stays() -> None:
    random = np.random.default_rng(0)
    values = random.normal(0, 0.01, (60, 1)).astype(np.float32)
    values[30:33] += np.array([[0.5], [1.0], [0.5]], np.float32)
    smooth = smooth_adaptively(values, TIMES_S)
    assert smooth[31, 0] > 0.9
    assert smooth[:25].std() < 0.8 * values[:25].std()


def test_no_lag() -> None:
    step = np.concatenate([np.zeros(30), np.ones(30)]).astype(np.float32)[:, None]
    smooth = smooth_adaptively(step, TIMES_S)
    assert np.allclose(smooth[:, 0], 1 - smooth[::-1, 0], atol=1e-5)


def test_speech_of_four_openings_a_second_keeps_its_strength_at_its_own_width_only() -> None:
    speech = np.abs(np.sin(np.pi * 4 * TIMES_S))[:, None].astype(np.float32)
    both = smooth_adaptively(np.repeat(speech, 2, axis=1), TIMES_S, np.array([SPEECH_SMOOTHING_S, SMOOTHING_S]))
    kept = both.std(axis=0) / speech.std()
    assert kept[0] > 0.6
    assert kept[1] < 0.3
    assert np.array_equal(both[:, 1:], smooth_adaptively(speech, TIMES_S))


def test_eyes_jump_and_rest() -> None:
    random = np.random.default_rng(1)
    truth = np.where(np.arange(60) < 30, -20, 15)[:, None, None] + np.zeros((60, 2, 2))
    noisy = (truth + random.normal(0, 1.5, truth.shape)).astype(np.float32)
    smooth = smooth_gaze(noisy, TIMES_S)
    left = np.abs(smooth - truth).mean(1).mean(1)
    assert left[28:32].max() < 2.0
    assert left.mean() < 0.7 * np.abs(noisy - truth).mean()
    assert np.allclose(smooth_gaze(noisy[:1], TIMES_S[:1]), noisy[:1])


def test_each_part_of_a_face_is_smoothed_in_its_own_way() -> None:
    random = np.random.default_rng(2)
    count = len(EXPRESSION_NAMES)
    rows = random.normal(0, 1, (60, count + 10 + 4)).astype(np.float32)
    smooth = smooth_motion(rows, TIMES_S)
    for name, width_s in (("jawOpen", SPEECH_SMOOTHING_S), ("browInnerUp_L", SMOOTHING_S)):
        own = slice(EXPRESSION_INDEX[name], EXPRESSION_INDEX[name] + 1)
        assert np.array_equal(smooth[:, own], smooth_adaptively(rows[:, own], TIMES_S, width_s))
    gaze = slice(count + 6, count + 10)
    assert np.array_equal(smooth[:, gaze], smooth_gaze(rows[:, gaze].reshape(-1, 2, 2), TIMES_S).reshape(-1, 4))
    rest = np.r_[count : count + 6, count + 10 : count + 14]
    assert np.array_equal(smooth[:, rest], smooth_adaptively(rows[:, rest], TIMES_S))
