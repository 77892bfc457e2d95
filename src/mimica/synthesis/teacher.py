"""Labels for training photos: MediaPipe's dense landmarks, blendshape scores and pose, and a person matte.

Used when the data set is made, never by what a user runs. MediaPipe is imported on first use; it wants an environment
of its own (docs/adr/0004). The matte comes from its selfie segmentation where the installed version has one (0.10),
else from GrabCut seeded by the landmarks. This module does not know the rig.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.errors import InputError, NoFaceError
from mimica.synthesis.camera import CROP_SIZE

FACE_SHARE = 2.3
"""Side of a portrait crop in heights of the face."""

SMALLEST_FACE_PX = 70


@dataclass(frozen=True)
class Labels:
    """`landmarks` (478, 3) float32 px; `scores` blendshapes by name; `pose` (4, 4) of the canonical face."""

    landmarks: NDArray[np.float32]
    scores: dict[str, float]
    pose: NDArray[np.float64]


@dataclass(frozen=True)
class PortraitCrop:
    """A photo's labelled crop: `image` (512, 512, 3) uint8 RGB, `matte` (512, 512) uint8, `crop` x0, y0, side px."""

    image: NDArray[np.uint8]
    labels: Labels
    matte: NDArray[np.uint8]
    crop: tuple[float, float, float]


class Teacher:
    """MediaPipe's Face Landmarker behind one call; a context manager."""

    def __init__(self, task: Path | str) -> None:
        """Load `face_landmarker.task`. Raises InputError when MediaPipe or the file is missing."""
        if not Path(task).is_file():
            raise InputError(f"{task}: no such file; give MediaPipe's face_landmarker.task")
        try:
            import mediapipe
            from mediapipe.tasks.python import vision
            from mediapipe.tasks.python.core.base_options import BaseOptions
        except ImportError as error:
            raise InputError(f"teacher: MediaPipe is not installed ({error}); pip install 'mimica[teacher]'") from error
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(task)),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            num_faces=1,
        )
        self._mediapipe: Any = mediapipe
        self._landmarker = vision.FaceLandmarker.create_from_options(options)
        solutions = getattr(mediapipe, "solutions", None)
        self._segmenter = solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) if solutions else None

    def __enter__(self) -> Teacher:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release MediaPipe's graph; it complains when the interpreter does it."""
        self._landmarker.close()

    def label(self, image: NDArray[np.uint8]) -> Labels | None:
        """Labels of the one face in an RGB image (H, W, 3), or None."""
        picture = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        found = self._landmarker.detect(picture)
        if not found.face_landmarks:
            return None
        height, width = image.shape[:2]
        points = [[point.x * width, point.y * height, point.z * width] for point in found.face_landmarks[0]]
        scores = {category.category_name: float(category.score) for category in found.face_blendshapes[0]}
        return Labels(
            np.array(points, np.float32), scores, np.array(found.facial_transformation_matrixes[0], np.float64)
        )

    def matte(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(H, W) uint8 how much of each pixel is the person."""
        if self._segmenter is not None:
            coarse = self._segmenter.process(np.ascontiguousarray(image)).segmentation_mask.astype(np.float32)
        else:
            coarse = grabcut_person(image, landmarks)
        return refine_matte(image, coarse)

    def crop(self, photo: NDArray[np.uint8]) -> PortraitCrop:
        """The labelled 512 px crop around the face of an RGB photo. NoFaceError when there is none large enough."""
        labels = self.label(photo)
        if labels is None:
            raise NoFaceError("photo: no face was found; choose a photo that shows one face clearly")
        low, high = labels.landmarks[:468, :2].min(0), labels.landmarks[:468, :2].max(0)
        height = float(high[1] - low[1])
        if height < SMALLEST_FACE_PX:
            raise NoFaceError(
                f"photo: the face is {height:.0f} px high, {SMALLEST_FACE_PX} are needed; choose a larger photo"
            )
        side = int(min(FACE_SHARE * height, *photo.shape[:2]))
        centre = (low + high) / 2 - [0, 0.04 * height]
        x0, y0 = (int(np.clip(centre[k] - side / 2, 0, photo.shape[1 - k] - side)) for k in (0, 1))
        method = cv2.INTER_AREA if side > CROP_SIZE else cv2.INTER_CUBIC
        image = cv2.resize(photo[y0 : y0 + side, x0 : x0 + side], (CROP_SIZE, CROP_SIZE), interpolation=method)
        labels = self.label(image)
        if labels is None:
            raise NoFaceError("photo: the face was lost in its own crop; choose another photo")
        return PortraitCrop(image, labels, self.matte(image, labels.landmarks), (float(x0), float(y0), float(side)))


def grabcut_person(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32], iterations: int = 4
) -> NDArray[np.float32]:
    """(H, W) 0 or 1: GrabCut (Rother et al. 2004) at half size, the face sure, a head-and-shoulders shape probable."""
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    points = landmarks[:468, :2] / 2
    low, high = points.min(0), points.max(0)
    (width, height), centre = high - low, (low + high) / 2
    mask = np.full(half.shape[:2], cv2.GC_PR_BGD, np.uint8)
    head = (float(centre[0]), float(centre[1] - 0.12 * height)), (float(1.5 * width), float(1.75 * height)), 0.0
    cv2.ellipse(mask, head, cv2.GC_PR_FGD, -1)
    chin, bottom = int(high[1]), half.shape[0]
    neck = np.array([[centre[0] - 0.4 * width, chin - 5], [centre[0] + 0.4 * width, chin - 5],
                     [centre[0] + 1.2 * width, bottom], [centre[0] - 1.2 * width, bottom]], np.int32)  # fmt: skip
    cv2.fillConvexPoly(mask, neck, cv2.GC_PR_FGD)
    mask[: max(1, int(low[1] - 0.9 * height))] = cv2.GC_BGD
    cv2.fillConvexPoly(mask, cv2.convexHull(points.astype(np.int32)), cv2.GC_FGD)
    cv2.setRNGSeed(0)  # GrabCut clusters colours from random starts
    cv2.grabCut(half, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), iterations, cv2.GC_INIT_WITH_MASK)
    person = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, numbers = cv2.connectedComponents(person)
    if count > 2:
        person = (numbers == numbers[int(centre[1]), int(centre[0])]).astype(np.uint8)
    return cv2.resize(person.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def refine_matte(
    image: NDArray[np.uint8], coarse: NDArray[np.float32], window: int = 17, epsilon: float = 1e-3
) -> NDArray[np.uint8]:
    """(H, W) uint8: guided filter (He et al. 2010) of a coarse matte 0..1 along the photo's own edges."""
    guide = image.astype(np.float32).mean(2) / 255

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(values, (window, window))

    mean_guide, mean_matte = mean(guide), mean(coarse)
    slope = (mean(guide * coarse) - mean_guide * mean_matte) / (mean(guide * guide) - mean_guide**2 + epsilon)
    offset = mean_matte - slope * mean_guide
    return (np.clip(mean(slope) * guide + mean(offset), 0, 1) * 255).astype(np.uint8)
