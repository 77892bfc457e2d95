"""Tracking: a crop that rests, follows, resizes once, survives losses, and ends at cuts; the same at any frame rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mimica.core.geometry import CropFrame
from mimica.core.records import Face
from mimica.faces.tracking import DEAD_ZONE, HOLD_S, FaceTracker, TrackedFace

DARK = np.full((540, 960, 3), 30, np.uint8)
BRIGHT = np.full((540, 960, 3), 220, np.uint8)


def face_at(x: float, y: float, height: float = 200.0, jaw: float = 1.0) -> Face:
    """A frontal face centred on (x, y); `jaw` lengthens its box as an opening mouth does."""
    width = 0.8 * height
    box = np.array([x - width / 2, y - height / 2, x + width / 2, y - height / 2 + jaw * height], np.float32)
    shares = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.08], [-0.15, 0.25], [0.15, 0.25]], np.float32)
    return Face(box, 0.9, (np.array([x, y]) + height * shares).astype(np.float32))


class ScriptedFinder:
    """Returns what the script says for the current time."""

    def __init__(self, script: Callable[[float], list[Face]]) -> None:
        self.script, self.time_s = script, 0.0

    def find(self, image: np.ndarray, *, thorough: bool = True, known: Face | None = None) -> list[Face]:
        return self.script(self.time_s)

    def find_around(self, image: np.ndarray, crop: CropFrame) -> list[Face]:
        return self.script(self.time_s)


def track(
    script: Callable[[float], list[Face]],
    times_s: np.ndarray,
    picture: Callable[[float], np.ndarray] = lambda _: DARK,
    chosen: Face | None = None,
) -> list[TrackedFace | None]:
    finder = ScriptedFinder(script)
    tracker = FaceTracker(finder, chosen)  # pyright: ignore[reportArgumentType]
    result = []
    for time_s in times_s:
        finder.time_s = float(time_s)
        result.append(tracker.update(picture(float(time_s)), float(time_s)))
    return result


def crops(tracked: list[TrackedFace | None]) -> np.ndarray:
    return np.array([[t.crop.center_x_px, t.crop.center_y_px, t.crop.side_px] for t in tracked if t is not None])


def seconds(end_s: float, rate: float = 30.0) -> np.ndarray:
    return np.arange(0, end_s, 1 / rate)


def test_a_trembling_face_gets_a_crop_at_rest() -> None:
    rng = np.random.default_rng(0)
    found = crops(track(lambda _: [face_at(*(rng.normal(0, 4, 2) + 400), 200 * rng.uniform(0.95, 1.05))], seconds(3)))
    np.testing.assert_array_equal(found, np.broadcast_to(found[0], found.shape))


def test_a_far_move_is_followed_until_the_face_is_in_the_dead_zone() -> None:
    tracked = track(lambda time_s: [face_at(300 if time_s < 0.5 else 420, 270)], seconds(3))
    last = tracked[-1]
    assert last is not None
    assert abs(last.crop.center_x_px - 420) == pytest.approx(DEAD_ZONE * last.crop.side_px, rel=0.02)
    steps = np.diff(crops(tracked)[:, 0])
    assert (steps >= 0).all()
    assert steps.max() < 0.2 * 120  # smooth, not a jump


def test_the_crop_moves_alike_at_any_frame_rate() -> None:
    def where(rate: float) -> np.ndarray:
        times = seconds(2, rate)
        found = crops(track(lambda time_s: [face_at(300 + 200 * min(time_s, 1), 270)], times))
        return np.interp(np.arange(0, 1.9, 0.1), times, found[:, 0])

    np.testing.assert_allclose(where(15), where(60), atol=8)
    np.testing.assert_allclose(where(30), where(60), atol=4)


def test_coming_closer_resizes_once_after_a_while_and_rests() -> None:
    tracked = track(lambda time_s: [face_at(480, 270, 160 if time_s < 1 else 240)], seconds(6))
    sides = crops(tracked)[:, 2]
    assert sides[seconds(6) < 1.45].max() == pytest.approx(sides[0])
    assert sides[-1] == pytest.approx(1.5 * sides[0], rel=0.03)
    assert np.diff(sides)[-15:].max() == 0


def test_a_mouth_wide_open_is_not_nearness() -> None:
    sides = crops(track(lambda time_s: [face_at(480, 270, jaw=1.25 if time_s > 0.5 else 1)], seconds(3)))[:, 2]
    assert np.ptp(sides) == 0


def test_a_nod_of_the_size_shorter_than_the_patience_changes_nothing() -> None:
    tracked = track(lambda time_s: [face_at(480, 270, 260 if 1 < time_s < 1.4 else 200)], seconds(3))
    assert np.ptp(crops(tracked)[:, 2]) == 0


def test_a_short_loss_is_held_on_the_same_track() -> None:
    tracked = track(lambda time_s: [] if 1 < time_s < 1.5 else [face_at(480, 270)], seconds(3))
    assert all(t is not None and t.track_id == 1 for t in tracked)
    lost = [t for t in tracked if t is not None and t.lost]
    assert 10 < len(lost) < 20
    assert all(t.face is None for t in lost)


def test_a_long_loss_ends_the_track() -> None:
    times = seconds(4)
    tracked = track(lambda time_s: [] if 1 < time_s < 2.5 else [face_at(480, 270)], times)
    absent = times[[t is None for t in tracked]]
    assert absent.min() == pytest.approx(1 + HOLD_S, abs=0.1)
    assert absent.max() < 2.5
    last = tracked[-1]
    assert last is not None
    assert last.track_id == 2


def test_a_scene_cut_starts_a_new_track_at_once() -> None:
    tracked = track(
        lambda time_s: [face_at(300 if time_s < 1 else 330, 270)], seconds(2), lambda t: DARK if t < 1 else BRIGHT
    )
    identities = [t.track_id for t in tracked if t is not None]
    assert identities == [1] * 30 + [2] * 30
    assert crops(tracked)[30, 0] == pytest.approx(330)


def test_light_that_changes_slowly_is_no_cut() -> None:
    picture = lambda time_s: np.clip(DARK + int(40 * time_s), 0, 255).astype(np.uint8)  # noqa: E731
    tracked = track(lambda _: [face_at(480, 270)], seconds(3), picture)
    assert {t.track_id for t in tracked if t is not None} == {1}


def test_the_actor_stays_the_actor_when_a_larger_face_comes() -> None:
    def script(time_s: float) -> list[Face]:
        return [face_at(480, 270)] if time_s < 1 else [face_at(150, 200, 300), face_at(480, 270)]

    found = crops(track(script, seconds(2)))
    assert np.ptp(found[:, 0]) == 0


def test_the_largest_near_the_middle_is_chosen_unless_one_is_given() -> None:
    both = [face_at(100, 270, 150), face_at(480, 270, 145)]
    assert crops(track(lambda _: both, seconds(0.1)))[0, 0] == pytest.approx(480)
    assert crops(track(lambda _: both, seconds(0.1), chosen=face_at(105, 275, 140)))[0, 0] == pytest.approx(100)


def test_nobody_is_nobody() -> None:
    assert track(lambda _: [], seconds(0.2)) == [None] * 6
