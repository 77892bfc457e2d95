"""Scenes: deterministic, labelled where the faces are, mirrored without mixing up the eyes; styles keep the shape."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimica.training import finder_styles
from mimica.training.finder_scenes import MAX_FACES, SCENE_PX, LabelledPortrait, SceneMaker

EYE, OTHER_EYE, NOSE, MOUTH, OTHER_MOUTH = 468, 473, 4, 61, 291


def drawn_portrait() -> LabelledPortrait:
    """A disc with a red right eye and a blue left one; landmarks on its rim and its features."""
    angle = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    marks = np.stack([100 + 40 * np.cos(angle), 90 + 50 * np.sin(angle)], 1).astype(np.float32)
    features = {EYE: (82, 75), OTHER_EYE: (118, 75), NOSE: (100, 95), MOUTH: (85, 115), OTHER_MOUTH: (115, 115)}
    for index, place in features.items():
        marks[index] = place
    image = np.full((200, 200, 3), 90, np.uint8)
    matte = np.zeros((200, 200), np.uint8)
    for canvas, colour in ((image, (230, 200, 170)), (matte, (255,))):
        cv2.ellipse(canvas, (100, 90), (40, 50), 0, 0, 360, colour, -1)
    cv2.circle(image, (82, 75), 7, (255, 0, 0), -1)
    cv2.circle(image, (118, 75), 7, (0, 0, 255), -1)
    return LabelledPortrait(image, marks, matte)


@pytest.fixture
def maker() -> SceneMaker:
    return SceneMaker([drawn_portrait()])


def test_the_same_generator_draws_the_same_scene(maker: SceneMaker) -> None:
    first, second = (SceneMaker([drawn_portrait()]).scene(np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_labels_have_the_promised_form(maker: SceneMaker) -> None:
    rng = np.random.default_rng(0)
    counts = []
    for _ in range(25):
        image, faces = maker.scene(rng)
        assert image.shape == (SCENE_PX, SCENE_PX, 3)
        assert image.dtype == np.uint8
        assert faces.shape[1:] == (14,)
        assert (faces[:, 2:4] > faces[:, :2]).all()
        counts.append(len(faces))
    assert min(counts) == 0
    assert 1 < max(counts) <= MAX_FACES


def test_points_lie_on_what_they_name_also_when_mirrored(maker: SceneMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mimica.training.finder_scenes.stylise", lambda image, rng: image)
    monkeypatch.setattr("mimica.training.finder_scenes.degrade", lambda image, rng: image)
    rng = np.random.default_rng(1)
    seen = {True: 0, False: 0}
    for _ in range(40):
        image, faces = maker.scene(rng)
        for face in faces:
            if face[3] - face[1] < 60:
                continue
            (rx, ry), (lx, ly) = face[4:8].reshape(2, 2).astype(int)
            if min(rx, ry, lx, ly) < 0 or max(rx, ry, lx, ly) >= SCENE_PX:
                continue
            right, left = image[ry, rx].astype(int), image[ly, lx].astype(int)
            if {int(right.argmax()), int(left.argmax())} != {0, 2}:
                continue  # something lies over it
            assert rx < lx  # the person's right eye is at the image's left, mirrored or not
            seen[bool(right[0] > right[2])] += 1
    assert min(seen.values()) > 2  # both as drawn and mirrored


@pytest.mark.parametrize("style", [finder_styles.stylise, finder_styles.degrade])
def test_styles_keep_shape_and_type(style: object) -> None:
    assert callable(style)
    rng = np.random.default_rng(2)
    for _ in range(60):
        image = rng.integers(0, 256, (64, 96, 3), np.uint8)
        styled = style(image, rng)
        assert styled.shape == image.shape
        assert styled.dtype == np.uint8
