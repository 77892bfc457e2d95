from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimica.animation.occlusion import LOOK_PX, FaceMemory, Look
from mimica.animation.source_track import FADE_S, faded


def look(light: float = 1.0, shift: int = 0, seed: int = 0) -> Look:
    """A round face with dark eyes and lips, in a crop that it may be shifted in."""
    grid = np.stack(np.meshgrid(np.arange(LOOK_PX), np.arange(LOOK_PX)), -1) - LOOK_PX / 2 + 0.5
    face = grid - np.array([shift, 0])
    image = np.full((LOOK_PX, LOOK_PX, 3), (60, 90, 60), np.float32)
    inside = np.linalg.norm(face, axis=-1) < 34
    image[inside] = (200, 160, 130)
    for x, y, width, height in ((-13, -10, 5, 2.5), (13, -10, 5, 2.5), (0, 16, 9, 3)):
        image[((face[..., 0] - x) / width) ** 2 + ((face[..., 1] - y) / height) ** 2 < 1] = (90, 40, 40)
    image = image * light + np.random.default_rng(seed).normal(0, 3, image.shape)
    canonical = np.concatenate([face * np.array([0.25, -0.25]), np.zeros((*face.shape[:2], 1))], -1)
    return Look(image.clip(0, 255).astype(np.uint8), canonical.astype(np.float32), inside.astype(np.float32))


@pytest.fixture(scope="module")
def memory() -> FaceMemory:
    return FaceMemory.of([look(0.9 + 0.02 * index, index - 5, index) for index in range(10)])


@pytest.mark.parametrize(("light", "shift"), [(1.0, 0), (0.75, 4), (1.2, -4)])
def test_the_face_itself_in_another_light_and_place_is_not_covered(
    memory: FaceMemory, light: float, shift: int
) -> None:
    assert memory.covered(look(light, shift, 99)).max() < 0.05


def test_a_hand_that_comes_in_from_below_is_told(memory: FaceMemory) -> None:
    seen = look(seed=99)
    hand = np.zeros((LOOK_PX, LOOK_PX), np.uint8)
    cv2.line(hand, (70, 95), (55, 55), 1, 14)
    seen.image[hand > 0] = (150, 105, 80)
    covered = memory.covered(seen)
    over_face = (hand > 0) & (seen.face > 0)
    assert covered[over_face].mean() > 0.8
    away = cv2.dilate(hand, np.ones((19, 19), np.uint8)) == 0
    assert covered[away].max() < 0.05


def test_without_skin_nothing_is_remembered_and_nothing_covered() -> None:
    empty = Look(np.zeros((LOOK_PX, LOOK_PX, 3), np.uint8), np.zeros((LOOK_PX, LOOK_PX, 3), np.float32),
                 np.zeros((LOOK_PX, LOOK_PX), np.float32))  # fmt: skip
    assert FaceMemory.of([empty]).covered(empty).max() == 0


def test_a_mouth_that_opens_is_no_hand(memory: FaceMemory) -> None:
    seen = look(seed=99)
    cv2.ellipse(seen.image, (48, 62), (10, 9), 0, 0, 360, (30, 10, 10), -1)
    assert memory.covered(seen).max() < 0.05


def test_the_performance_fades_where_the_face_is_lost() -> None:
    times = np.arange(60) / 30
    seen = np.ones(60, np.float32)
    seen[25:35] = 0
    share = faded(seen, times)
    assert (share[25:35] == 0).all()
    assert (np.diff(share[15:26]) <= 0).all()
    assert share[24 - round(30 * FADE_S)] == 1
    assert share[35 + round(30 * FADE_S)] == 1
    assert 0 < share[36] < 0.5
    assert (faded(np.ones(9, np.float32), times[:9]) == 1).all()
