"""Trust in the ruler, without pixels: the driver is its own perfect output, and each fault moves its metric alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_NAMES
from mimica.evaluation.face_trace import FaceTrace, Reading
from mimica.evaluation.landmark_layout import ANCHORS
from mimica.evaluation.metrics import METRICS
from mimica.evaluation.metrics.blinks import closings
from mimica.evaluation.metrics.comparison import compare_traces, curves

FRAMES, RATE = 250, 25.0
BLINKS = (30, 85, 140, 190, 230)
TOLERANCE = 0.02
LOOSE = {
    "place_y.lag_frames": 0.1,
    "jitter.ratio": 0.1,
    "pose.absolute_deg": 0.1,
    "pose.mean_removed_deg": 0.1,
    "gaze.absolute_deg": 0.1,
}


def smooth(seed: int, width: float = 5.0) -> NDArray[np.float64]:
    """(FRAMES,) a smooth random curve of unit spread."""
    kernel = np.exp(-0.5 * (np.arange(-45, 46) / width) ** 2)
    curve = np.convolve(np.random.default_rng(seed).normal(size=FRAMES + 90), kernel, "valid")
    return (curve - curve.mean()) / curve.std()


def face(mouth: float, eyes: tuple[float, float], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """(70, 2) px: a schematic face 200 px wide whose outer eye corners are 120 px apart."""
    points = np.zeros((70, 2))
    points[:17] = [[100 * np.cos(a), 20 + 110 * np.sin(a)] for a in np.linspace(np.pi, 0, 17)]
    points[17:27] = [[x, -45] for x in np.linspace(-70, 70, 10)]
    points[27:36] = [*([0, y] for y in (-20, -5, 10, 25)), *([x, 35] for x in (-16, -8, 0, 8, 16))]
    for start, centre, opening in ((36, -40, eyes[0]), (42, 40, eyes[1])):
        lid = opening * 40 / 2
        points[start : start + 6] = np.array([[-20, 0], [-7, -lid], [7, -lid], [20, 0], [7, lid], [-7, lid]])
        points[start : start + 6] += [centre, -20]
    points[48:60] = [[35 * np.cos(a), 75 + 15 * np.sin(a)] for a in np.linspace(np.pi, 3 * np.pi, 12, False)]
    gap = mouth * 120 / 2
    points[60:68] = [[-25, 75], [-10, 75 - gap], [0, 75 - gap], [10, 75 - gap], [25, 75], [10, 75 + gap], [0, 75 + gap],
                     [-10, 75 + gap]]  # fmt: skip
    points[68:70] = [[40, -20], [-40, -20]]
    return points + 200 + shift


class Actor:
    """A performance whose parts can be changed one by one before it is read."""

    def __init__(self) -> None:
        self.mouth = 0.15 + 0.05 * smooth(1)
        self.eyes = np.full(FRAMES, 0.33) + 0.012 * smooth(2)
        for blink in BLINKS:
            self.eyes[blink - 2 : blink + 3] *= [0.6, 0.2, 0.1, 0.2, 0.6]
        self.angles = np.stack([8 * smooth(3, 9), 5 * smooth(4, 9), 4 * smooth(5, 9)], 1)
        self.gaze = np.stack([10 * smooth(6), 6 * smooth(7)], 1)
        self.smile = 0.4 + 0.2 * smooth(8)
        self.sway = 1.0
        self.tremble = np.random.default_rng(9).normal(0, 0.05, (FRAMES, 2))

    def trace(self) -> FaceTrace:
        strengths = np.zeros((FRAMES, len(EXPRESSION_NAMES)))
        for side in "LR":
            strengths[:, EXPRESSION_NAMES.index(f"mouthSmile_{side}")] = self.smile
        shift = 3.0 * self.sway * self.angles[:, :2] + self.tremble
        points = [face(mouth, (eye, eye), move) for mouth, eye, move in zip(self.mouth, self.eyes, shift, strict=True)]
        readings: list[Reading | None] = [
            Reading(*row, EXPRESSION_NAMES, "drawn")
            for row in zip(points, self.gaze, self.angles, strengths, strict=True)
        ]
        empty = Reading.empty(ANCHORS.count, EXPRESSION_NAMES, "drawn")
        return FaceTrace.from_readings(np.arange(FRAMES) / RATE, readings, empty)


def later(curve: NDArray[np.float64], frames: float) -> NDArray[np.float64]:
    """The curve (T,) or (T, C) shown so many frames later."""
    at = np.arange(len(curve)) - frames
    columns = curve.reshape(len(curve), -1)
    moved = np.stack([np.interp(at, np.arange(len(curve)), column) for column in columns.T], 1)
    return moved.reshape(curve.shape)


PERFECT = compare_traces(Actor().trace(), Actor().trace())


def moved(output: FaceTrace) -> set[str]:
    """Names of the metrics that differ from those of a perfect output."""
    numbers = compare_traces(Actor().trace(), output)
    assert numbers.keys() == PERFECT.keys()
    return {
        name
        for name, value in numbers.items()
        if not abs(value - PERFECT[name]) <= LOOSE.get(name, TOLERANCE)  # NaN counts as moved
    }


def test_every_number_is_in_the_registry() -> None:
    assert PERFECT.keys() <= METRICS.keys()


def test_the_driver_as_its_own_output_is_perfect() -> None:
    for name, value in PERFECT.items():
        best = {"higher": 1.0, "one": 1.0, "zero": 0.0, "lower": 0.0}[METRICS[name].better]
        assert value == pytest.approx(best, abs=1e-5), name


@pytest.mark.parametrize("frames", [1.0, 2.5, 3.7])
def test_a_delayed_copy_is_found_late_by_as_much(frames: float) -> None:
    actor = Actor()
    for part in ("mouth", "eyes", "angles", "gaze", "smile"):
        setattr(actor, part, later(getattr(actor, part), frames))
    numbers = compare_traces(Actor().trace(), actor.trace())
    for curve in ("mouth", "eyes", "yaw", "pitch", "roll", "place_x", "gaze_yaw", "gaze_pitch", "smile"):
        assert numbers[f"{curve}.lag_frames"] == pytest.approx(frames, abs=0.5), curve
    assert numbers["blinks.recall"] == 1.0  # still within the tolerance of 0.15 s
    assert numbers["found.share"] == 1.0
    early = compare_traces(actor.trace(), Actor().trace())
    assert early["mouth.lag_frames"] == pytest.approx(-frames, abs=0.5)


def test_only_the_late_part_is_late() -> None:
    actor = Actor()
    actor.mouth = later(actor.mouth, 2.0)
    assert moved(actor.trace()) == {"mouth.lag_frames", "mouth.correlation", "mouth.slope"}


@pytest.mark.parametrize("share", [0.3, 0.6, 1.3])
def test_a_damped_mouth_moves_the_slope_alone(share: float) -> None:
    actor = Actor()
    actor.mouth = 0.15 + share * (actor.mouth - 0.15)
    assert moved(actor.trace()) == {"mouth.slope"}
    assert compare_traces(Actor().trace(), actor.trace())["mouth.slope"] == pytest.approx(share, abs=1e-6)


def test_a_trembling_copy_moves_the_jitter_alone() -> None:
    actor = Actor()
    actor.tremble = 6 * actor.tremble
    assert moved(actor.trace()) == {"jitter.ratio"}
    assert compare_traces(Actor().trace(), actor.trace())["jitter.ratio"] > 3


def test_jitter_does_not_depend_on_the_size_of_the_picture() -> None:
    trace = Actor().trace()
    half = replace(trace, landmarks=trace.landmarks / 2, box=trace.box / 2)
    assert moved(half) == set()


def test_a_missed_blink_costs_recall_and_an_invented_one_precision() -> None:
    missed = Actor()
    missed.eyes[28:33] = 0.33
    assert moved(missed.trace()) == {"blinks.recall", "eyes.correlation", "eyes.slope"}
    assert compare_traces(Actor().trace(), missed.trace())["blinks.recall"] == pytest.approx(0.8)
    invented = Actor()
    invented.eyes[110:115] *= [0.6, 0.2, 0.1, 0.2, 0.6]
    assert {"blinks.precision"} == {name for name in moved(invented.trace()) if name.startswith("blinks")}
    assert compare_traces(Actor().trace(), invented.trace())["blinks.precision"] == pytest.approx(5 / 6)


def test_a_blink_just_short_of_half_is_no_miss_but_one_that_hardly_closes_is() -> None:
    def recall(share: float) -> float:
        actor = Actor()
        for blink in BLINKS:
            actor.eyes[blink - 2 : blink + 3] = 0.33 * share
        return compare_traces(Actor().trace(), actor.trace())["blinks.recall"]

    assert recall(0.55) == 1.0
    assert recall(0.75) == 0.0


def test_closed_eyes_are_no_blinks_and_winks_are_none() -> None:
    asleep = np.full((FRAMES, 2), 0.33)
    asleep[100:200] = 0.02
    times = np.arange(FRAMES) / RATE
    assert len(closings(asleep, times)) == 0
    winking = np.full((FRAMES, 2), 0.33)
    winking[100:106, 0] = 0.02
    assert len(closings(winking, times)) == 0
    winking[100:106, 1] = 0.02
    assert closings(winking, times) == pytest.approx(np.array([[4.0, 4.2]]))


def test_a_constant_turn_is_only_absolute_error() -> None:
    trace = Actor().trace()
    turned = replace(trace, angles_deg=trace.angles_deg + np.array([0.0, 0.0, 10.0]))
    assert moved(turned) == {"pose.absolute_deg"}
    assert compare_traces(trace, turned)["pose.absolute_deg"] == pytest.approx(10.0, abs=1e-6)


def test_a_head_that_goes_twice_as_far_moves_the_slope_of_its_place_alone() -> None:
    actor = Actor()
    actor.sway = 2.0
    assert moved(actor.trace()) == {"place_x.slope", "place_y.slope"}
    assert compare_traces(Actor().trace(), actor.trace())["place_x.slope"] == pytest.approx(2, abs=0.02)


def test_a_constant_squint_is_only_absolute_error() -> None:
    trace = Actor().trace()
    shifted = replace(trace, gaze_deg=trace.gaze_deg + np.array([6.0, 0.0]))
    assert moved(shifted) == {"gaze.absolute_deg"}
    assert compare_traces(trace, shifted)["gaze.absolute_deg"] == pytest.approx(6.0, abs=0.2)


def test_a_still_photo_follows_nothing() -> None:
    actor = Actor()
    for part in ("mouth", "eyes", "angles", "gaze", "smile", "tremble"):
        curve = getattr(actor, part)
        setattr(actor, part, np.broadcast_to(curve[:1], curve.shape).copy())
    numbers = compare_traces(Actor().trace(), actor.trace())
    for name in ("mouth.slope", "mouth.correlation", "yaw.slope", "blinks.recall", "jitter.ratio"):
        assert numbers[name] == pytest.approx(0, abs=1e-12), name
    assert np.isnan(numbers["mouth.lag_frames"])
    assert np.isnan(numbers["blinks.precision"])


def test_frames_without_a_face_are_left_out_and_counted() -> None:
    whole = Actor().trace()
    lost = np.arange(FRAMES) % 5 == 0
    gone = {
        name: np.where(lost.reshape(-1, *[1] * (getattr(whole, name).ndim - 1)), np.nan, getattr(whole, name))
        for name in ("mouth_opening", "eye_opening", "gaze_deg", "angles_deg", "landmarks", "box", "expressions")
    }
    numbers = compare_traces(whole, replace(whole, found=~lost, **gone))
    assert numbers["found.share"] == pytest.approx(0.8)
    assert numbers["mouth.correlation"] == pytest.approx(1.0)
    assert numbers["pose.absolute_deg"] == pytest.approx(0.0, abs=1e-5)


def test_a_calm_driver_says_nothing_about_following() -> None:
    calm = Actor()
    calm.mouth = 0.15 + 0.1 * (calm.mouth - 0.15)
    assert np.isnan(compare_traces(calm.trace(), Actor().trace())["mouth.slope"])


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_clips_too_short_to_tell_give_nan(frames: int) -> None:
    trace = Actor().trace()[:frames]
    numbers = compare_traces(trace, trace)
    assert np.isnan(numbers["mouth.correlation"])
    assert np.isnan(numbers["jitter.ratio"])


def test_traces_of_different_frames_or_readers_are_refused() -> None:
    trace = Actor().trace()
    with pytest.raises(ValueError, match="same frames"):
        compare_traces(trace, trace[:-1])
    with pytest.raises(ValueError, match="same reader"):
        compare_traces(trace, replace(trace, source="mediapipe"))


def test_the_curves_have_the_registry_names() -> None:
    assert tuple(curves(Actor().trace())) == tuple(
        dict.fromkeys(name.split(".")[0] for name in METRICS if name.endswith(".lag_frames"))
    )
