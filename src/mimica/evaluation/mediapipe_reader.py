"""The independent reader: MediaPipe's Face Landmarker, which had no part in making an animation.

It needs the extra `teacher` and the model file that the user gives. Every frame is read by itself (MediaPipe's video
mode smooths, and a ruler that smooths hides jitter). Blind to the tongue and to puffed cheeks, nearly blind to
noseSneer, jawLeft/Right and mouthFrown; it reads two eyes as nearly one, so winks come out small. What it has no
score for is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.core.camera import angles_from_rotation
from mimica.core.motion import EXPRESSION_NAMES
from mimica.errors import UsageError
from mimica.evaluation.face_trace import FaceTrace, Image, Reading
from mimica.evaluation.landmark_layout import MESH

FloatArray = NDArray[np.float64]

WINDOW_PER_FACE = 2.6
"""Side of the window around the last face in face heights: there a face is found that is too small in the whole."""
_SINGLE_TO_PAIR = {"browInnerUp": ("browInnerUp_L", "browInnerUp_R"), "cheekPuff": ("cheekPuff_L", "cheekPuff_R")}
GAZE_DEG_PER_SCORE = (30.0, 20.0)
"""Degrees of gaze, to the side and up or down, per unit of MediaPipe's eyeLook scores. On 147 renders of people with
known gaze 24 and 16 predict best (`mimica.evaluation.ruler`: correlation 0.61 and 0.70); on real clips 30 and 20 agree
with our encoder."""


def mimica_names(blendshape: str) -> tuple[str, ...]:
    """MediaPipe's blendshape name → ours: "mouthSmileLeft" → "mouthSmile_L"; two for what MediaPipe knows for both."""
    if blendshape in _SINGLE_TO_PAIR:
        return _SINGLE_TO_PAIR[blendshape]
    if blendshape in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return (blendshape,)
    for side in ("Left", "Right"):
        if blendshape.endswith(side):
            return (f"{blendshape.removesuffix(side)}_{side[0]}",)
    return (blendshape,)


class MediaPipeReader:
    """A `FaceReader` on `face_landmarker.task`; also a context manager."""

    source = "mediapipe"

    def __init__(self, task_file: Path | str) -> None:
        """Raises UsageError when the file or MediaPipe is missing."""
        if not Path(task_file).is_file():
            raise UsageError(f"{task_file}: no such file; give MediaPipe's face_landmarker.task, or leave it out")
        try:
            import mediapipe
            from mediapipe.tasks.python import vision
            from mediapipe.tasks.python.core.base_options import BaseOptions
        except ImportError as error:
            raise UsageError(
                f"{task_file}: MediaPipe is not installed ({error}); pip install 'mimica[teacher]'"
            ) from error
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(task_file)), output_face_blendshapes=True,
            output_facial_transformation_matrixes=True, num_faces=1,
        )  # fmt: skip
        self._mediapipe: Any = mediapipe
        self._detector: Any = vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> MediaPipeReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._detector.close()

    def read(self, frames: Iterable[Image], times_s: Iterable[float]) -> FaceTrace:
        """See `FaceReader.read`."""
        empty = Reading.empty(MESH.count, EXPRESSION_NAMES, self.source)
        times: list[float] = []
        readings: list[Reading | None] = []
        last: Reading | None = None
        for image, time_s in zip(frames, times_s, strict=True):
            reading = self._look(image)
            if reading is None and last is not None:
                reading = self._look_around(image, last)
            last = reading if reading is not None else last
            times.append(float(time_s))
            readings.append(reading)
        return FaceTrace.from_readings(times, readings, empty)

    def _look(self, image: Image) -> Reading | None:
        picture = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        found = self._detector.detect(picture)
        if not found.face_landmarks:
            return None
        height, width = image.shape[:2]
        points = np.array([(point.x * width, point.y * height) for point in found.face_landmarks[0]])
        matrix = np.array(found.facial_transformation_matrixes[0])[:3, :3]
        angles = angles_from_rotation(matrix / np.linalg.norm(matrix, axis=0))
        scores: dict[str, float] = {}
        for item in found.face_blendshapes[0]:
            scores.update(dict.fromkeys(mimica_names(item.category_name), float(item.score)))
        strengths = np.array([scores.get(name, np.nan) for name in EXPRESSION_NAMES])
        return Reading(points, gaze_from_scores(scores), angles, strengths, EXPRESSION_NAMES, self.source)

    def _look_around(self, image: Image, last: Reading) -> Reading | None:
        """Look in an enlarged window around the last face: MediaPipe overlooks faces that are small in the picture."""
        face = last.landmarks[: MESH.face[-1] + 1]
        low, high = face.min(0), face.max(0)
        side = WINDOW_PER_FACE * float(high[1] - low[1])
        if side > 0.8 * max(image.shape[:2]):
            return None
        start = np.clip(np.floor((low + high - side) / 2), 0, None).astype(int)
        window = image[start[1] : start[1] + int(side), start[0] : start[0] + int(side)]
        reading = self._look(window) if min(window.shape[:2]) > 15 else None
        if reading is None:
            return None
        return Reading(
            reading.landmarks + start,
            reading.gaze_deg,
            reading.angles_deg,
            reading.expressions,
            EXPRESSION_NAMES,
            self.source,
        )


def gaze_from_scores(scores: dict[str, float]) -> FloatArray:
    """(2,) yaw, pitch in degrees, to the image's right and down, from MediaPipe's eyeLook scores (both eyes' mean)."""
    yaw = scores["eyeLookOut_L"] - scores["eyeLookIn_L"] + scores["eyeLookIn_R"] - scores["eyeLookOut_R"]
    down = scores["eyeLookDown_L"] + scores["eyeLookDown_R"] - scores["eyeLookUp_L"] - scores["eyeLookUp_R"]
    return np.array([yaw, down]) * np.array(GAZE_DEG_PER_SCORE) / 2
