"""The teacher's parts that need no MediaPipe: mattes, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import toy

from mimica.errors import InputError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.teacher import Teacher, grabcut_person, refine_matte


def test_a_missing_model_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"face_landmarker\.task|mimica\[teacher\]"):
        Teacher(tmp_path / "face_landmarker.task")


def test_grabcut_finds_a_plain_person(atlas: HeadAtlas) -> None:
    fitted = toy.make_fitted(atlas)
    rng = np.random.default_rng(0)
    person = fitted.matte > 127
    image = np.where(person[..., None], [180, 120, 100], [60, 90, 160]) + rng.normal(0, 6, (512, 512, 1))
    found = grabcut_person(np.clip(image, 0, 255).astype(np.uint8), fitted.landmarks) > 0.5
    assert (found & person).sum() / (found | person).sum() > 0.9


def test_a_matte_follows_the_photos_edge() -> None:
    image = np.full((128, 128, 3), 40, np.uint8)
    image[:, 64:] = 200
    coarse = np.zeros((128, 128), np.float32)
    coarse[:, 60:] = 1  # four pixels off
    refined = refine_matte(image, cv2.GaussianBlur(coarse, (0, 0), 3))
    assert np.abs(refined[:, 64:].astype(int) - 255).mean() < 40
    assert refined[:, 66].mean() - refined[:, 61].mean() > 80
