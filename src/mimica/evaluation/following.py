"""How closely an animation follows its driver: curves of mouth, eyes and head, read by an independent network.

Both videos are read with MediaPipe's Face Landmarker (extra `teacher`, its model file given by the user), which had no
part in making the animation. Blind to: tongue, puffed cheeks, what the mouth's inside looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.core.camera import angles_from_rotation
from mimica.media.video_reader import open_video

FloatArray = NDArray[np.float64]

CURVES = ("mouth", "eyes", "yaw", "pitch", "roll", "smile", "gaze_x")
_UPPER_LIP, _LOWER_LIP = 13, 14
_EYES = ((33, 133, 159, 145), (263, 362, 386, 374))


@dataclass(frozen=True, slots=True, eq=False)
class FaceCurves:
    """(T, 7) values in the order of `CURVES`, NaN where no face was seen.

    mouth: gap of the inner lips over the distance of the eyes' outer corners. eyes: lid gap over eye width, mean of
    both. yaw, pitch, roll: degrees. smile, gaze_x: MediaPipe's blendshape scores (mean of the smiles; look out minus
    look in of the left eye).
    """

    values: FloatArray


@contextmanager
def landmarker(model: Path | str) -> Iterator[Any]:
    """MediaPipe's Face Landmarker on `model` (.task)."""
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)), output_face_blendshapes=True,
        output_facial_transformation_matrixes=True, num_faces=1,
    )  # fmt: skip
    detector = vision.FaceLandmarker.create_from_options(options)
    try:
        yield detector
    finally:
        detector.close()


def face_curves(video: Path | str, detector: Any) -> FaceCurves:
    """Read the curves of every frame of a video."""
    with open_video(video) as reader:
        return FaceCurves(np.array([_measure(frame.image, detector) for frame in reader]))


def _measure(image: NDArray[np.uint8], detector: Any) -> list[float]:
    import mediapipe as mp

    found = detector.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image)))
    if not found.face_landmarks:
        return [np.nan] * len(CURVES)
    height, width = image.shape[:2]
    points = np.array([[p.x * width, p.y * height] for p in found.face_landmarks[0]])
    span = np.linalg.norm(points[33] - points[263])
    mouth = np.linalg.norm(points[_UPPER_LIP] - points[_LOWER_LIP]) / span
    eyes = np.mean(
        [np.linalg.norm(points[up] - points[low]) / np.linalg.norm(points[a] - points[b]) for a, b, up, low in _EYES]
    )
    matrix = np.array(found.facial_transformation_matrixes[0])[:3, :3]
    angles = angles_from_rotation(matrix / np.linalg.norm(matrix, axis=0))
    score = {item.category_name: item.score for item in found.face_blendshapes[0]}
    smile = (score["mouthSmileLeft"] + score["mouthSmileRight"]) / 2
    gaze = score["eyeLookOutLeft"] - score["eyeLookInLeft"]
    return [float(mouth), float(eyes), *map(float, angles), float(smile), float(gaze)]


@dataclass(frozen=True, slots=True)
class Following:
    """Per curve: correlation, slope (output per driver), the driver's own spread, over frames where both are seen."""

    correlation: dict[str, float]
    slope: dict[str, float]
    spread: dict[str, float]
    seen: float


def follow(driver: FaceCurves, output: FaceCurves) -> Following:
    """Compare two videos frame by frame."""
    both = ~np.isnan(driver.values[:, 0]) & ~np.isnan(output.values[:, 0])
    correlation, slope, spread = {}, {}, {}
    for index, name in enumerate(CURVES):
        x, y = driver.values[both, index], output.values[both, index]
        spread[name] = float(x.std()) if len(x) else 0.0
        if len(x) < 3 or x.std() < 1e-9 or y.std() < 1e-9:
            correlation[name] = slope[name] = float("nan")
            continue
        correlation[name] = float(np.corrcoef(x, y)[0, 1])
        slope[name] = float(np.polyfit(x, y, 1)[0])
    return Following(correlation, slope, spread, float(both.mean()))
