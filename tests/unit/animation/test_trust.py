from __future__ import annotations

import numpy as np
from acting_driver import acting

from mimica.animation.trust import damped, trust_in

TIMES = np.arange(50) / 25


def test_usual_scores_are_believed_and_fallen_ones_are_not() -> None:
    scores = np.full(50, 0.88, np.float32)
    scores[20:25] = 0.7
    scores[30] = np.nan
    scores[40] = 0.79
    trust = trust_in(scores, np.zeros(50, np.int64))
    assert (trust[:20] == 1).all()
    assert (trust[20:25] == 0).all()
    assert trust[30] == 0
    assert 0.2 < trust[40] < 0.8


def test_each_track_has_its_own_usual_score() -> None:
    scores = np.concatenate([np.full(25, 0.9), np.full(25, 0.7)]).astype(np.float32)
    assert (trust_in(scores, np.repeat([0, 1], 25)) == 1).all()


def test_what_is_believed_stays_and_doubted_readings_are_drawn_to_their_neighbours() -> None:
    track = acting(50)
    track.expression[:] = 0.2
    track.expression[25] = 1.0
    trust = np.ones(50, np.float32)
    trust[25] = 0.5
    drawn = damped(track, TIMES, trust)
    np.testing.assert_array_equal(drawn.angles_deg[trust == 1], track.angles_deg[trust == 1])
    assert 0.5 < drawn.expression[25, 0] < 0.65
    assert drawn.confidence[25] == 0.5


def test_what_is_hardly_believed_is_a_loss() -> None:
    trust = np.ones(50, np.float32)
    trust[10:20] = 0.1
    assert (damped(acting(50), TIMES, trust).confidence[10:20] == 0).all()
