"""Face embeddings by dlib's ResNet (packages dlib-bin and face-recognition-models), for `metrics.identity`.

The weights come as a package; nothing is downloaded. dlib's five-point model aligns faces that are not located yet; its
68-point model, whose data are non-commercial, is never loaded. This module does not judge likeness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.evaluation.landmark_layout import Landmarks

FloatArray = NDArray[np.float64]

EMBEDDING = 128


def _dlib() -> Any:
    import dlib

    return dlib


@dataclass(frozen=True, slots=True, eq=False)
class IdentityModel:
    """dlib's detector, five-point aligner and embedding (extra `evaluate`). About 0.2 s a face on one core."""

    detector: Any
    aligner: Any
    embedder: Any

    @classmethod
    def load(cls) -> IdentityModel:
        """The packaged weights. Raises UsageError when the extra is missing."""
        spec = find_spec("face_recognition_models")
        if spec is None or spec.origin is None or find_spec("dlib") is None:
            raise UsageError("identity: dlib or its weights are not installed; pip install 'mimica[evaluate]'")
        dlib = _dlib()
        folder = Path(spec.origin).parent / "models"
        return cls(
            dlib.get_frontal_face_detector(),
            dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat")),
            dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat")),
        )

    @staticmethod
    def available() -> bool:
        """Whether the extra is installed."""
        return find_spec("face_recognition_models") is not None and find_spec("dlib") is not None

    def embed(self, image: NDArray[np.uint8]) -> FloatArray | None:
        """(128,) of the largest face of `image` (H, W, 3) uint8 RGB, None when there is none."""
        image = np.ascontiguousarray(image)
        boxes = self.detector(image, 1 if max(image.shape[:2]) < 400 else 0)
        if not boxes:
            return None
        box = max(boxes, key=lambda rectangle: rectangle.area())
        return np.array(self.embedder.compute_face_descriptor(image, self.aligner(image, box)))

    def embed_at(self, image: NDArray[np.uint8], landmarks: NDArray[np.floating], layout: Landmarks) -> FloatArray:
        """(128,) of the face at `landmarks` (N, 2) px, aligned by them; NaN where they are."""
        if not np.isfinite(landmarks).all():
            return np.full(EMBEDDING, np.nan)
        dlib = _dlib()
        low, high = np.floor(landmarks.min(0)).astype(int), np.ceil(landmarks.max(0)).astype(int)
        five = [dlib.point(*(int(value) for value in np.floor(landmarks[index]))) for index in layout.five]
        box = dlib.rectangle(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        face = dlib.full_object_detection(box, five)
        return np.array(self.embedder.compute_face_descriptor(np.ascontiguousarray(image), face))

    def embed_all(
        self, images: Iterable[NDArray[np.uint8]], landmarks: NDArray[np.floating], layout: Landmarks
    ) -> FloatArray:
        """(T, 128) of T images with their landmarks (T, N, 2) px."""
        rows = [self.embed_at(image, points, layout) for image, points in zip(images, landmarks, strict=True)]
        return np.array(rows, np.float64).reshape(-1, EMBEDDING)


def similarity(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """1 for equal embeddings, above 0.4 for one person by dlib's own threshold."""
    return 1.0 - float(np.linalg.norm(first - second))
