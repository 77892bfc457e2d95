import numpy as np
import pytest

from mimica.animation.tone import Tone


@pytest.fixture(scope="module")
def colourful() -> np.ndarray:
    rng = np.random.default_rng(3)
    smooth = rng.uniform(0, 255, (6, 6, 3)).repeat(16, 0).repeat(16, 1)
    return smooth.astype(np.uint8)


def sepia(grey: np.ndarray) -> np.ndarray:
    return np.clip(grey[..., None] * np.array([1.0, 0.85, 0.65]) + np.array([20, 8, 0]), 0, 255)


def test_a_colour_photo_leaves_colours_alone(colourful: np.ndarray) -> None:
    flesh = np.array([[180.0, 90, 85]], np.float32)
    tone = Tone.of(colourful)
    assert tone.toned == 0
    np.testing.assert_array_equal(tone.apply(flesh), flesh)


def test_a_grey_photo_makes_flesh_grey(colourful: np.ndarray) -> None:
    grey = np.repeat(colourful.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    out = Tone.of(grey).apply(np.array([[180.0, 90, 85]], np.float32))
    brightness = 0.299 * 180 + 0.587 * 90 + 0.114 * 85
    np.testing.assert_allclose(out, np.full((1, 3), brightness), atol=1.0)


def test_a_sepia_photo_makes_flesh_sepia(colourful: np.ndarray) -> None:
    grey = colourful.mean(2)
    photo = sepia(grey).astype(np.uint8)
    out = Tone.of(photo).apply(np.array([[200.0, 60, 60]], np.float32))[0]
    own = sepia(np.array([100.0]))[0]
    assert out[0] > out[1] > out[2]
    np.testing.assert_allclose(out / out.sum(), own / own.sum(), atol=0.03)
