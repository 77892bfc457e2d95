from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mimica.animation.losses import BACK_S, HOLD_S, SHORT_S, TO_REST_S, acting_cuts, bridge_losses, widened
from mimica.animation.retarget import driver_rest
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, MotionTrack

RATE = 25
JAW = EXPRESSION_INDEX["jawOpen"]


def calm(seconds: float) -> tuple[MotionTrack, np.ndarray]:
    """An actor who smiles a little and now and then opens the jaw."""
    times = np.arange(int(seconds * RATE)) / RATE
    count = len(times)
    expression = np.zeros((count, len(EXPRESSION_NAMES)), np.float32)
    expression[:, JAW] = 0.4 + 0.4 * np.sin(times * 2)
    angles = np.stack([10 * np.sin(times), 0 * times, 0 * times], 1).astype(np.float32)
    track = MotionTrack(
        expression, angles, np.full((count, 2), 100, np.float32), np.full(count, 9, np.float32),
        np.zeros((count, 2, 2), np.float32), np.ones(count, np.float32),
    )  # fmt: skip
    return track, times


def lost(track: MotionTrack, times: np.ndarray, *spans: tuple[float, float]) -> MotionTrack:
    """The same with nonsense where nothing was seen."""
    gone = np.any([(times >= start) & (times < end) for start, end in spans], axis=0)
    expression = np.where(gone[:, None], 9, track.expression).astype(np.float32)
    angles = np.where(gone[:, None], -77, track.angles_deg).astype(np.float32)
    return replace(track, expression=expression, angles_deg=angles, confidence=(~gone).astype(np.float32))


def test_nothing_lost_is_nothing_changed() -> None:
    track, times = calm(2)
    assert bridge_losses(track, times) == (track, ())


def test_a_long_loss_holds_eases_to_rest_and_back() -> None:
    whole, times = calm(8)
    track, notes = bridge_losses(lost(whole, times, (3, 6)), times)
    rest = driver_rest(lost(whole, times, (3, 6)))
    jaw = track.expression[:, JAW]
    before = whole.expression[int(3 * RATE) - 1, JAW]
    held = (times >= 3) & (times < 3 + HOLD_S - 1 / RATE)
    np.testing.assert_allclose(jaw[held], before, atol=1e-6)
    resting = (times > 3 + HOLD_S + TO_REST_S) & (times < 6 - BACK_S)
    np.testing.assert_allclose(jaw[resting], rest.expression[JAW], atol=1e-6)
    np.testing.assert_allclose(track.angles_deg[resting], np.tile(rest.angles_deg, (resting.sum(), 1)), atol=1e-4)
    seen = (times < 3) | (times >= 6)
    np.testing.assert_array_equal(jaw[seen], whole.expression[seen, JAW])
    assert np.abs(np.diff(jaw)).max() < 0.13  # no jerk: 0.8 of the way in ten frames
    assert any("3.0–6.0 s" in note for note in notes)


def test_a_short_loss_is_passed_over_smoothly() -> None:
    whole, times = calm(4)
    track, notes = bridge_losses(lost(whole, times, (1, 1 + SHORT_S - 0.1)), times)
    gap = (times >= 1) & (times < 1 + SHORT_S - 0.1)
    low, high = sorted(whole.expression[[RATE - 1, int((1 + SHORT_S - 0.1) * RATE)], JAW])
    assert ((track.expression[gap, JAW] >= low - 1e-6) & (track.expression[gap, JAW] <= high + 1e-6)).all()
    assert notes == ("a short loss of the actor's face was bridged",)


@pytest.mark.parametrize("span", [(0.0, 2.0), (6.0, 9.0)])
def test_at_the_ends_the_face_rests(span: tuple[float, float]) -> None:
    whole, times = calm(8)
    track, _ = bridge_losses(lost(whole, times, span), times)
    rest = driver_rest(lost(whole, times, span))
    end = 0 if span[0] == 0 else -1
    assert track.expression[end, JAW] == pytest.approx(float(rest.expression[JAW]), abs=1e-6)
    assert np.abs(np.diff(track.expression[:, JAW])).max() < 0.13


def test_nothing_is_bridged_across_a_cut() -> None:
    whole, times = calm(4)
    cut = 2 * RATE
    first = lost(whole, times, (1.5, 2.5))
    track, notes = bridge_losses(first, times, [cut])
    alone, _ = bridge_losses(first[:cut], times[:cut])
    np.testing.assert_array_equal(track.expression[:cut], alone.expression)
    assert any("1.5–2.5 s" in note for note in notes)  # one loss for a person, on both sides of the cut


def test_a_shot_without_the_actor_is_a_loss_and_no_shot() -> None:
    _, times = calm(8)
    confidence = np.ones(len(times), np.float32)
    confidence[2 * RATE : 5 * RATE] = 0
    (cut,) = acting_cuts(confidence, times, [2 * RATE, 5 * RATE])
    assert times[cut] == pytest.approx(5 - BACK_S - HOLD_S, abs=1 / RATE)
    assert acting_cuts(confidence, times, [3 * RATE]) == (3 * RATE,)
    confidence[5 * RATE :] = 0
    assert acting_cuts(confidence, times, [2 * RATE, 5 * RATE]) == ()
    confidence[:] = 1
    confidence[: 2 * RATE] = 0
    assert acting_cuts(confidence, times, [2 * RATE]) == ()


def test_around_a_shot_without_the_actor_nothing_jumps() -> None:
    """Measured from the rest of its shot, the face is at rest when the next shot begins."""
    whole, times = calm(8)
    track = lost(whole, times, (2, 5))
    cuts = acting_cuts(track.confidence, times, [2 * RATE, 5 * RATE])
    filled, _ = bridge_losses(track, times, cuts)
    (cut,) = cuts
    for part, edge in ((filled[:cut], -1), (filled[cut:], 0)):
        rest = driver_rest(part)
        assert part.expression[edge, JAW] == pytest.approx(float(rest.expression[JAW]), abs=0.05)


def test_many_losses_are_told_briefly() -> None:
    whole, times = calm(20)
    spans = [(2 * k, 2 * k + 1) for k in range(1, 9)]
    _, notes = bridge_losses(lost(whole, times, *spans), times)
    assert "and 3 times more" in notes[0]


def test_the_moments_around_a_long_loss_are_lost_too_but_for_cuts() -> None:
    _, times = calm(4)
    confidence = np.ones(len(times), np.float32)
    confidence[50:75] = 0
    confidence[20] = 0  # too short to matter
    wide = widened(confidence, times, [])
    assert np.flatnonzero(wide == 0).tolist() == [20, *range(45, 77)]
    assert np.flatnonzero(widened(confidence, times, [50, 75]) == 0).tolist() == [20, *range(50, 75)]
