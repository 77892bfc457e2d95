"""Traces and their readers: shapes, gaps, files, and what the shipped encoder reads from the shipped driver."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import mimica
from mimica.core.motion import EXPRESSION_NAMES
from mimica.errors import UsageError
from mimica.evaluation.encoder_reader import EncoderReader
from mimica.evaluation.face_trace import FaceTrace, Image, Reading, read_video
from mimica.evaluation.landmark_layout import ANCHORS, MESH, eye_opening, layout_of, mouth_opening
from mimica.evaluation.mediapipe_reader import MediaPipeReader, gaze_from_scores, mimica_names
from mimica.evaluation.metrics.blinks import closings
from mimica.evaluation.metrics.comparison import compare_traces, compare_with_photo
from mimica.media.video_reader import open_video

EMPTY = Reading.empty(MESH.count, EXPRESSION_NAMES, "nobody")
DRIVER = Path(mimica.__file__).parent / "demo" / "driver.mp4"


def reading(mouth_px: float) -> Reading:
    """A face whose outer eye corners are 100 px apart, 40 px wide eyes open by 10 px, and lips apart by `mouth_px`."""
    points = np.zeros((MESH.count, 2))
    (right, right_in, upper, lower), (left, left_in, upper_left, lower_left) = MESH.eyes
    points[[right, left, right_in, left_in]] = [[0, 0], [100, 0], [40, 0], [60, 0]]
    points[list(upper + upper_left)] = [20, -5]
    points[list(lower + lower_left)] = [20, 5]
    points[list(MESH.lips_gap)] = [[50, 60], [50, 60 + mouth_px]]
    values = np.zeros(len(EXPRESSION_NAMES))
    return Reading(points + 7, np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0]), values, EXPRESSION_NAMES, "nobody")


def test_openings_are_shares_of_the_faces_own_rulers() -> None:
    trace = FaceTrace.from_readings([0.0, 0.04], [reading(25), reading(0)], EMPTY)
    assert trace.mouth_opening == pytest.approx([0.25, 0.0])
    assert trace.eye_opening == pytest.approx(np.full((2, 2), 0.25))
    assert trace.eye_distance_px == pytest.approx([100, 100])
    assert trace.box[0] == pytest.approx([7, 2, 107, 92])


def test_openings_do_not_depend_on_size_or_place() -> None:
    points = reading(25).landmarks
    for other in (points * 3.7, points + 500, points @ np.array([[0.0, 1.0], [-1.0, 0.0]])):
        assert mouth_opening(other, MESH) == pytest.approx(0.25)
        assert eye_opening(other, MESH) == pytest.approx([0.25, 0.25])


def test_a_frame_without_a_face_is_nan_and_not_found() -> None:
    trace = FaceTrace.from_readings([0, 1, 2], [reading(5), None, reading(5)], EMPTY)
    assert trace.found.tolist() == [True, False, True]
    for name in ("mouth_opening", "eye_opening", "gaze_deg", "angles_deg", "landmarks", "box", "expressions"):
        values = getattr(trace, name)
        assert np.isnan(values[1]).all(), name
        assert np.isfinite(values[[0, 2]]).all(), name


def test_a_clip_of_nothing_has_the_right_shapes() -> None:
    trace = FaceTrace.from_readings([], [], EMPTY)
    assert len(trace) == 0
    assert trace.landmarks.shape == (0, MESH.count, 2)
    assert trace.layout is MESH


def test_traces_survive_their_file(tmp_path: Path) -> None:
    trace = FaceTrace.from_readings([0, 1], [reading(5), None], EMPTY)
    trace.save(tmp_path / "clip.npz")
    again = FaceTrace.load(tmp_path / "clip.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.npz"]
    assert (again.source, again.expression_names) == (trace.source, trace.expression_names)
    np.testing.assert_array_equal(again.landmarks, trace.landmarks)
    np.testing.assert_array_equal(again.found, trace.found)


def test_wrong_shapes_are_refused() -> None:
    trace = FaceTrace.from_readings([0, 1], [reading(5), None], EMPTY)
    assert len(trace[:1]) == 1
    with pytest.raises(ValueError, match="gaze_deg"):
        FaceTrace(
            trace.times_s, trace.found, trace.mouth_opening, trace.eye_opening, trace.gaze_deg[:1], trace.angles_deg,
            trace.landmarks, trace.box, trace.expressions, trace.expression_names, trace.source,
        )  # fmt: skip
    with pytest.raises(ValueError, match="17 landmarks"):
        layout_of(17)


@pytest.fixture(scope="module")
def encoder() -> EncoderReader:
    return EncoderReader()


@pytest.fixture(scope="module")
def frames() -> list[tuple[Image, float]]:
    """Twelve frames of the shipped driver, a second apart: it turns, opens its mouth and closes its eyes."""
    with open_video(DRIVER) as reader:
        return [(frame.image, float(frame.time)) for frame in reader if frame.index % 24 == 0][:12]


def test_our_encoder_reads_the_shipped_driver(encoder: EncoderReader, frames: list[tuple[Image, float]]) -> None:
    images, times = zip(*frames, strict=True)
    trace = encoder.read(images, times)
    assert trace.source == "mimica encoder"
    assert trace.layout is ANCHORS
    assert trace.found.all()
    assert trace.times_s == pytest.approx(times)
    assert trace.expression_names == EXPRESSION_NAMES
    assert np.ptp(trace.angles_deg[:, 0]) > 8
    assert np.ptp(trace.mouth_opening) > 0.05
    jaw = trace.expressions[:, EXPRESSION_NAMES.index("jawOpen")]
    assert np.corrcoef(jaw, trace.mouth_opening)[0, 1] > 0.7
    left, top, right, bottom = trace.box.T
    assert ((left > 0) & (top > 0) & (right < 384) & (bottom < 384)).all()
    shut = trace.expressions[:, [EXPRESSION_NAMES.index(f"eyeBlink_{side}") for side in "RL"]]
    assert np.corrcoef(shut.ravel(), trace.eye_opening.ravel())[0, 1] < -0.7


def test_the_blinks_of_the_shipped_driver_are_found(encoder: EncoderReader) -> None:
    """The demo's driver blinks at 4.2 s (`synthesis.showreel.BLINKS_S`) and winks at 5.1 s, which is no blink."""
    with open_video(DRIVER) as reader:
        part = [(frame.image, float(frame.time)) for frame in reader if 3.9 <= frame.time <= 5.3]
    trace = encoder.read(*zip(*part, strict=True))
    assert closings(trace.eye_opening, trace.times_s).mean(1) == pytest.approx([4.2], abs=0.1)


def test_a_blurred_copy_is_unsharp_and_still_follows(encoder: EncoderReader, frames: list[tuple[Image, float]]) -> None:
    images, times = zip(*frames, strict=True)
    blurred = [np.asarray(cv2.GaussianBlur(image, (0, 0), 1.5), np.uint8) for image in images]
    driver, output = encoder.read(images, times), encoder.read(blurred, times)
    numbers = compare_traces(driver, output)
    for curve in ("mouth", "yaw", "smile"):
        assert numbers[f"{curve}.correlation"] > 0.95, curve
        assert numbers[f"{curve}.slope"] == pytest.approx(1.0, abs=0.15), curve
    ratio = compare_with_photo(images[0], driver[:1], blurred, output, driver)["sharpness.ratio"]
    assert ratio < 0.6
    assert compare_with_photo(images[0], driver[:1], images, driver, driver)["sharpness.ratio"] > ratio + 0.25


class Counting:
    """A reader that counts what it is given."""

    source = "nobody"

    def read(self, frames: Iterable[Image], times_s: Iterable[float]) -> FaceTrace:
        seen = [float(time) for frame, time in zip(frames, times_s, strict=True) if frame.shape == (384, 384, 3)]
        return FaceTrace.from_readings(seen, [None] * len(seen), EMPTY)

    def close(self) -> None: ...


def test_a_video_is_read_whole_with_its_own_times() -> None:
    trace = read_video(DRIVER, Counting())
    assert len(trace) == 280
    assert trace.times_s == pytest.approx(np.arange(280) / 25)


def test_our_encoder_sees_nobody_in_an_empty_picture(encoder: EncoderReader, frames: list[tuple[Image, float]]) -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    trace = encoder.read([grey, frames[0][0]], [0.0, 2.0])
    assert trace.found.tolist() == [False, True]
    assert np.isnan(trace.mouth_opening[0])


def test_as_many_times_as_frames(encoder: EncoderReader, frames: list[tuple[Image, float]]) -> None:
    with pytest.raises(ValueError, match="shorter"):
        encoder.read([frames[0][0]] * 2, [0.0])


def test_mediapipes_names_become_ours() -> None:
    assert mimica_names("mouthSmileLeft") == ("mouthSmile_L",)
    assert mimica_names("jawLeft") == ("jawLeft",)
    assert mimica_names("cheekPuff") == ("cheekPuff_L", "cheekPuff_R")
    assert mimica_names("mouthRollUpper") == ("mouthRollUpper",)


def test_gaze_to_the_image_right_and_down_is_positive() -> None:
    scores = dict.fromkeys((f"eyeLook{way}_{side}" for way in ("In", "Out", "Up", "Down") for side in "LR"), 0.0)
    right = gaze_from_scores(scores | {"eyeLookOut_L": 0.5, "eyeLookIn_R": 0.5})
    down = gaze_from_scores(scores | {"eyeLookDown_L": 0.5, "eyeLookDown_R": 0.5})
    assert right[0] > 5
    assert right[1] == 0
    assert down[1] > 5
    assert down[0] == 0


def test_a_missing_task_file_or_mediapipe_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"face\.task: no such file"):
        MediaPipeReader(tmp_path / "face.task")
    (tmp_path / "face.task").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(UsageError, match="pip install"):
        MediaPipeReader(tmp_path / "face.task")


class Nearsighted(MediaPipeReader):
    """Sees a face only where a picture is small enough: what MediaPipe does with small faces in large pictures."""

    def __init__(self, sight_px: int) -> None:
        self.sight_px, self.looks = sight_px, 0

    def _look(self, image: Image) -> Reading | None:
        self.looks += 1
        rows, columns = np.nonzero(image[..., 0])
        if max(image.shape) > self.sight_px or not len(rows):
            return None
        middle = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
        spread = np.stack([np.cos(np.arange(478)), np.sin(np.arange(478))], 1) * 10
        return Reading(middle + spread, np.zeros(2), np.zeros(3), np.zeros(52), EXPRESSION_NAMES, self.source)


def test_a_small_face_is_looked_for_where_it_was() -> None:
    def images() -> Iterator[Image]:
        for size, place in ((60, 30), (400, 36), (400, 40), (400, 300)):
            image = np.zeros((size, size, 3), np.uint8)
            image[place - 1 : place + 1, place - 1 : place + 1] = 255
            yield image

    trace = Nearsighted(100).read(images(), [0, 1, 2, 3])
    assert trace.found.tolist() == [True, True, True, False]  # the last one jumped out of the window
    assert trace.landmarks[:3].mean(1) == pytest.approx(np.array([[30, 30], [36, 36], [40, 40]]), abs=0.1)
