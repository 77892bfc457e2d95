"""Trust in the ruler: identity and expressions, on numbers whose answers are known, and dlib on two known people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES
from mimica.evaluation.face_trace import FaceTrace, Reading
from mimica.evaluation.identity import EMBEDDING, IdentityModel
from mimica.evaluation.landmark_layout import MESH
from mimica.evaluation.metrics import METRICS
from mimica.evaluation.metrics.comparison import compare_identity, spread_frames
from mimica.evaluation.metrics.expressions import GROUPS, expression_score
from mimica.evaluation.metrics.identity import identity_score, likeness

FRAMES = 60


def direction(index: int, length: float = 1.0) -> np.ndarray:
    vector = np.zeros(EMBEDDING)
    vector[index] = length
    return vector


PHOTO, DRIVER = direction(0, 0.4), direction(1, 0.4)
STRAIGHT = np.zeros(FRAMES)


def people(person: np.ndarray) -> np.ndarray:
    """(FRAMES, 128) frames of a person, who looks a little different in each."""
    return person + np.random.default_rng(2).normal(0, 0.005, (FRAMES, EMBEDDING))


def test_the_same_person_is_alike_and_leaks_nothing() -> None:
    score = identity_score(PHOTO, people(PHOTO), STRAIGHT, people(DRIVER)[:5])
    assert score.similarity > 0.93
    assert abs(score.leak) < 0.01
    assert abs(score.leak_share) < 0.02
    assert score.numbers().keys() <= METRICS.keys()


def test_an_identity_swapped_copy_is_the_driver() -> None:
    score = identity_score(PHOTO, people(DRIVER), STRAIGHT, people(DRIVER)[:5])
    assert score.similarity == pytest.approx(likeness(PHOTO, DRIVER)[0, 0], abs=0.05)
    assert score.leak_share == pytest.approx(1.0, abs=0.05)


def test_half_a_swap_leaks_in_between() -> None:
    score = identity_score(PHOTO, people((PHOTO + DRIVER) / 2), STRAIGHT, people(DRIVER)[:5])
    assert 0.3 < score.leak_share < 0.7


def test_a_person_lost_in_turning_shows_in_the_yaw_bins() -> None:
    turned = np.linspace(-45, 45, FRAMES)
    output = np.where((np.abs(turned) > 30)[:, None], people(DRIVER), people(PHOTO))
    score = identity_score(PHOTO, output, turned)
    assert score.by_yaw["0-15"] > 0.93
    assert score.by_yaw["15-30"] > 0.93
    assert score.by_yaw["30+"] < 0.55
    assert np.isnan(score.leak)


def test_nobody_gives_nan() -> None:
    nobody = np.full((FRAMES, EMBEDDING), np.nan)
    assert np.isnan(identity_score(PHOTO, nobody, STRAIGHT, people(DRIVER)).similarity)
    assert np.isnan(identity_score(PHOTO, people(PHOTO), STRAIGHT, nobody).leak)
    assert np.isnan(list(identity_score(PHOTO, people(PHOTO), STRAIGHT).by_yaw.values())[1:]).all()


def test_frames_are_spread_over_those_with_a_face() -> None:
    empty = Reading.empty(MESH.count, EXPRESSION_NAMES, "nobody")
    trace = FaceTrace.from_readings(range(10), [None] * 10, empty)
    assert spread_frames(trace, 3) == []
    trace.found[2:9] = True
    assert spread_frames(trace, 3) == [2, 5, 8]
    assert spread_frames(trace, 50) == list(range(2, 9))


class ByColour:
    """Stands in for dlib: people are told apart by the colour of their picture."""

    def embed_at(self, image: np.ndarray, landmarks: np.ndarray, layout: object) -> np.ndarray:
        return direction(int(image[0, 0, 0]), 0.4)

    def embed_all(self, images: list[np.ndarray], landmarks: np.ndarray, layout: object) -> np.ndarray:
        return np.array([self.embed_at(image, points, layout) for image, points in zip(images, landmarks, strict=True)])


def test_a_clip_is_compared_with_its_photo_and_its_driver() -> None:
    person, actor = (np.full((8, 8, 3), colour, np.uint8) for colour in (1, 2))
    face = Reading(np.ones((MESH.count, 2)), np.zeros(2), np.zeros(3), np.zeros(52), EXPRESSION_NAMES, "nobody")
    trace = FaceTrace.from_readings(range(4), [face] * 4, face)
    model: Any = ByColour()
    driver = np.array([direction(2, 0.4)])
    kept = compare_identity(model, person, trace[:1], [person] * 4, trace, driver)
    swapped = compare_identity(model, person, trace[:1], [actor] * 4, trace, driver)
    assert (kept.similarity, kept.leak) == (1.0, 0.0)
    assert swapped.similarity < 0.5
    assert swapped.leak > 0.5


def truth() -> np.ndarray:
    """(FRAMES, 52) every group performed once, one after the other."""
    strengths = np.zeros((FRAMES, len(EXPRESSION_NAMES)))
    for place, features in enumerate(GROUPS.values()):
        for feature in features:
            for name, weight in feature.items():
                strengths[8 * place : 8 * place + 6, EXPRESSION_INDEX[name]] = 0.8 * (weight > 0)
    strengths[56:, EXPRESSION_INDEX["jawOpen"]] = 0.8
    return strengths


def test_the_truth_reaches_everything() -> None:
    score = expression_score(truth(), truth(), EXPRESSION_NAMES)
    assert score.error == 0
    assert score.numbers().keys() <= METRICS.keys()
    for name, group in score.groups.items():
        assert (group.error, group.reached, group.leaked) == (0.0, pytest.approx(1.0), 0.0), name
        assert group.samples > 0


@pytest.mark.parametrize("group", list(GROUPS))
def test_a_damped_group_moves_its_own_numbers_alone(group: str) -> None:
    read = truth()
    rows = slice(8 * list(GROUPS).index(group), 8 * list(GROUPS).index(group) + 6)
    read[rows] *= 0.25
    score = expression_score(read, truth(), EXPRESSION_NAMES)
    assert score.groups[group].reached == pytest.approx(0.25)
    assert score.groups[group].error == pytest.approx(0.6)
    for name, other in score.groups.items():
        if name not in (group, "other"):
            assert other.reached == pytest.approx(1.0), name


def test_a_smile_on_both_sides_is_no_smirk_and_counts_as_crept_in() -> None:
    read = truth()
    rows = slice(8 * list(GROUPS).index("smirk"), 8 * list(GROUPS).index("smirk") + 6)
    read[rows, EXPRESSION_INDEX["mouthSmile_R"]] = read[rows, EXPRESSION_INDEX["mouthSmile_L"]]
    score = expression_score(read, truth(), EXPRESSION_NAMES)
    assert score.groups["smirk"].reached == pytest.approx(0.0)
    assert score.named["mouthSmile_R"].leaked > 0.05


def test_what_the_reader_cannot_see_is_nan_not_zero() -> None:
    read = truth()
    read[:, EXPRESSION_INDEX["tongueOut"]] = np.nan
    score = expression_score(read, truth(), EXPRESSION_NAMES)
    assert np.isnan(score.groups["tongue_out"].reached)
    assert score.groups["pout"].reached == pytest.approx(1.0)
    assert score.error == 0


def test_strengths_must_fit_their_names() -> None:
    with pytest.raises(ValueError, match="names"):
        expression_score(truth()[:, :5], truth()[:, :5], EXPRESSION_NAMES)
    nothing = expression_score(truth()[:0], truth()[:0], EXPRESSION_NAMES)
    assert np.isnan(nothing.error)


@pytest.mark.skipif(not IdentityModel.available(), reason="the extra `evaluate` is not installed")
def test_dlib_tells_two_people_apart_and_knows_one_again() -> None:
    import cv2

    skimage_data = pytest.importorskip("skimage.data")
    matplotlib = pytest.importorskip("matplotlib")
    from mimica.media.image import load_photo

    hopper = load_photo(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg").image
    astronaut = np.asarray(skimage_data.astronaut())[:320, 64:384]
    model = IdentityModel.load()
    first, other = model.embed(hopper), model.embed(astronaut)
    brighter = np.clip(hopper * 1.1 + 8, 0, 255).astype(np.uint8)
    again = model.embed(np.asarray(cv2.GaussianBlur(brighter, (0, 0), 1.0), np.uint8))
    assert first is not None
    assert other is not None
    assert again is not None
    assert likeness(first, again)[0, 0] > 0.6
    assert likeness(first, other)[0, 0] < 0.4
    assert model.embed(np.full((200, 200, 3), 90, np.uint8)) is None
    found = FaceTrace.from_readings(
        [0, 1, 2], [None, None, None], Reading.empty(MESH.count, EXPRESSION_NAMES, "nobody")
    )
    assert np.isnan(compare_identity(model, hopper, found, [hopper] * 3, found).similarity)
    assert np.isnan(model.embed_at(hopper, np.full((MESH.count, 2), np.nan), MESH)).all()
