"""What pictures and numbers say: cuts where they are, blur below sharp, letters found, takes judged by their bounds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from mimica.animation.networks import EncodedMotion
from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_NAMES
from mimica.core.records import Face
from mimica.curation.config import CurationConfig
from mimica.curation.judge import judge, measure, window
from mimica.curation.measures import OverlayDetector, disagreement, light, sharpness
from mimica.curation.observe import Sample, Take
from mimica.curation.records import Analysis, Clip, Refusal, Rights, Source
from mimica.curation.shots import find_shots
from mimica.errors import UsageError
from mimica.media.video_reader import VideoFrame

SOURCE = Source("film.mp4", "ab" * 32, Rights("Ann", "her", "MIT", "fictional"))


def scene(seed: int, size: int = 160) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)


def frames(*scenes: np.ndarray, each: int = 20) -> list[VideoFrame]:
    rng = np.random.default_rng(1)
    film = [picture for picture in scenes for _ in range(each)]
    noisy = [np.clip(image.astype(int) + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8) for image in film]
    return [VideoFrame(image, Fraction(index, 25), index) for index, image in enumerate(noisy)]


def test_cuts_are_found_where_they_are() -> None:
    shots = find_shots(frames(scene(1), scene(2), scene(3)))
    assert [shot.start for shot in shots] == [0, Fraction(20, 25), Fraction(40, 25)]
    assert [shot.end for shot in shots] == [Fraction(20, 25), Fraction(40, 25), None]


def test_a_flash_and_a_pan_are_no_cuts() -> None:
    film = frames(scene(1), each=40)
    film[20] = VideoFrame(np.full((160, 160, 3), 255, np.uint8), film[20].time, 20)
    wide = scene(4, 400)
    pan = [VideoFrame(wide[:160, 4 * index :][:, :160], Fraction(index, 25), index) for index in range(50)]
    assert len(find_shots(pan)) == 1
    assert len(find_shots(film)) <= 2
    assert find_shots([]) == []


def test_blur_lowers_sharpness_and_dimming_does_not() -> None:
    face = scene(5, 192)
    cv2.circle(face, (96, 96), 40, (20, 20, 20), 2)
    blurred = cv2.GaussianBlur(face, (0, 0), 4)
    assert sharpness(blurred) < 0.4 * sharpness(face)
    assert sharpness(face // 2) == pytest.approx(sharpness(face), rel=0.1)


def test_light_is_read() -> None:
    assert light(np.full((192, 192, 3), 90, np.uint8)) == (90.0, 0.0)
    assert light(np.full((192, 192, 3), 255, np.uint8))[1] == 1.0


def test_two_readings_that_differ_are_apart_by_their_distance() -> None:
    landmarks = np.full((70, 2), 0.5, np.float32)
    points = np.full((5, 2), 50.0, np.float32)
    crop = CropFrame(50, 50, 100)
    assert disagreement(Face(np.array([0, 0, 9, 9], np.float32), 1, points), crop, landmarks) == pytest.approx(0)
    points[3] += (30, 40)
    assert disagreement(Face(np.array([0, 0, 9, 9], np.float32), 1, points), crop, landmarks) == pytest.approx(0.5)


def overlay(text: str, place: tuple[int, int]) -> float:
    detector = OverlayDetector()
    for seed in range(6):
        picture = cv2.GaussianBlur(scene(seed, 192), (0, 0), 2)
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
        detector.look(picture)
    return detector.share


def test_letters_that_stay_are_found_and_the_face_is_not_asked() -> None:
    bound = CurationConfig().overlay
    assert overlay("SAMPLE FILM", (20, 180)) > bound
    assert overlay("", (20, 180)) == 0
    assert overlay("TEETH", (60, 100)) <= bound
    assert OverlayDetector().share == 0


def take(**changes: object) -> Take:
    """Two seconds of a face of 100 px that turns by 20°."""
    samples = []
    for index in range(16):
        expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
        expression[:10] = index / 16
        motion = EncodedMotion(
            expression, np.array([index * 20 / 15 - 10, 0, 0], np.float32), (0.5, 0.5, 0.0),
            np.zeros((2, 2), np.float32), np.zeros((70, 2), np.float32),
        )  # fmt: skip
        crop = CropFrame(100.0 + index, 100.0, 130.0)
        samples.append(Sample(Fraction(index, 8), crop, 100.0, 0.05, 120.0, 0.0, 0.05, motion))
    samples = [replace(sample, **changes) for sample in samples] if changes else samples
    return Take(Fraction(0), 240, Fraction(2), 50, samples, ["0" * 64])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"face_px": 40.0}, "small"),
        ({"face_px": 0.0}, "hidden"),
        ({"face_px": 239.0}, "framing"),
        ({"sharpness": 0.0001}, "blurred"),
        ({"luma": 10.0}, "exposure"),
        ({"clipped": 0.9}, "exposure"),
        ({"disagreement": 0.5}, "hidden"),
    ],
)
def test_a_bad_take_is_refused_in_words(changes: dict[str, object], word: str) -> None:
    refusal = judge(SOURCE, take(**changes), 3, CurationConfig())
    assert isinstance(refusal, Refusal)
    assert word in refusal.reason
    assert (refusal.item, refusal.subject) == (f"{SOURCE.name}-0003", "Ann")


def test_a_good_take_is_a_clip_that_survives_json() -> None:
    clip = judge(SOURCE, take(), 0, CurationConfig())
    assert isinstance(clip, Clip)
    assert clip.measures.angles_deg[0] == pytest.approx(0, abs=1)
    assert clip.measures.angles_span_deg[0] == pytest.approx(18, abs=1)
    assert Clip.from_mapping(clip.as_mapping()) == clip
    whole = Analysis("x", (clip,), (Refusal("a", "b", "c", "d"),), {"s": 1.0})
    assert Analysis.from_mapping(whole.as_mapping()) == whole


def test_whoever_keeps_still_or_is_objected_to_is_refused() -> None:
    still = take()
    still.samples = [still.samples[0]] * 16
    assert "still" in judge(SOURCE, still, 0, CurationConfig()).reason  # pyright: ignore[reportAttributeAccessIssue]
    gated = take()
    gated.objection = "looks intimate"
    assert "intimate" in judge(SOURCE, gated, 0, CurationConfig()).reason  # pyright: ignore[reportAttributeAccessIssue]


def test_the_window_holds_the_head_all_the_time() -> None:
    x, y, side = window(take())
    assert (x, y) == (pytest.approx(107.5), 100)
    assert side >= 145
    assert measure(take()).seen == 1


def test_settings_are_closed() -> None:
    assert CurationConfig.from_mapping({"size": 128, "face_share": [0.2, 0.8]}).face_share == (0.2, 0.8)
    for wrong in ({"sise": 1}, {"size": "big"}, {"size": 127}, {"longest_s": 1.0}, {"crf": True}):
        with pytest.raises(UsageError, match="curation"):
            CurationConfig.from_mapping(wrong)
