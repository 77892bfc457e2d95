from __future__ import annotations

from dataclasses import replace

import numpy as np

from mimica.animation.steady_reading import SHARE, TimedReading, bilateral, steadied


def test_noise_is_averaged_and_an_edge_in_time_is_not() -> None:
    rng = np.random.default_rng(0)
    truth = np.where(np.arange(9) < 4, 0.2, 0.9)
    maps = [np.full((40, 40), value, np.float32) + rng.normal(0, 0.02, (40, 40)).astype(np.float32) for value in truth]
    mean = bilateral(maps, np.ones(9, np.float32), 4, SHARE)
    assert abs(float(mean.mean()) - 0.9) < 0.002  # nothing of the 0.2 before
    assert mean.std() < 0.55 * maps[4].std()  # five frames agree


def test_a_frame_alone_is_itself() -> None:
    values = np.random.default_rng(1).random((5, 7, 3)).astype(np.float32)
    assert np.allclose(bilateral([values], np.ones(1, np.float32), 0, SHARE), values)


def test_steadied_readings_keep_their_place_and_far_frames_do_not_count(portrait) -> None:  # pyright: ignore
    own = portrait.reading
    other = replace(own, depth=own.depth + 0.2, matte=own.matte * 0)
    near = steadied([TimedReading(own, 1.0), TimedReading(other, 1.04)], 0)
    assert own.depth.mean() < near.depth.mean() < own.depth.mean() + 0.1
    assert np.allclose(near.matte, own.matte)  # it says something else: a change, no noise
    assert near.crop == own.crop
    far = steadied([TimedReading(own, 1.0), TimedReading(other, 2.0)], 0)
    assert np.allclose(far.depth, own.depth)
