"""Trust in the ruler, with pixels: equal pictures are perfect; each fault moves its metric and leaves the others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_NAMES
from mimica.errors import WeightsError
from mimica.evaluation.face_trace import FaceTrace, Reading
from mimica.evaluation.landmark_layout import ANCHORS
from mimica.evaluation.metrics import METRICS
from mimica.evaluation.metrics.comparison import compare_pictures, compare_with_photo
from mimica.evaluation.metrics.flicker import background, flicker, resting
from mimica.evaluation.metrics.flow_error import end_point_error, flow_error
from mimica.evaluation.metrics.l1 import l1
from mimica.evaluation.metrics.perceptual import GradientDistance, perceptual_distance
from mimica.evaluation.metrics.psnr import psnr
from mimica.evaluation.metrics.regions import Regions
from mimica.evaluation.metrics.sharpness import sharpness
from mimica.evaluation.metrics.shown import shown
from mimica.evaluation.metrics.ssim import luma, ssim

Image = NDArray[np.uint8]
SIDE = 192
NOBODY = Reading.empty(ANCHORS.count, EXPRESSION_NAMES, "drawn")


def points() -> NDArray[np.float64]:
    """(70, 2) px: where a schematic face of 90 px lies in the picture."""
    marks = np.zeros((70, 2))
    marks[:17] = [[45 * np.cos(a), 8 + 50 * np.sin(a)] for a in np.linspace(np.pi, 0, 17)]
    marks[17:27] = [[x, -25] for x in np.linspace(-35, 35, 10)]
    marks[27:36] = [*([0, y] for y in (-10, -3, 5, 12)), *([x, 16] for x in (-8, -4, 0, 4, 8))]
    eye = np.array([[-9, 0], [-3, -3], [3, -3], [9, 0], [3, 3], [-3, 3]])
    marks[36:42], marks[42:48] = eye + np.array([-20, -10]), eye + np.array([20, -10])
    marks[48:68] = [[16 * np.cos(a), 35 + 5 * np.sin(a)] for a in np.linspace(0, 2 * np.pi, 20, False)]
    marks[68:70] = [[20, -10], [-20, -10]]
    return marks + 96


def picture(seed: int = 0) -> Image:
    """A picture with detail of every size, as skin and hair have."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(0, 1, (n, n, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for n in (6, 24, 96, SIDE)
    ]
    mixed = 128 + 30 * layers[0] + 15 * layers[1] + 8 * layers[2] + 4 * layers[3]
    return np.clip(mixed, 0, 255).astype(np.uint8)


TRUTH, MARKS = picture(), points()
REGIONS = Regions.of(MARKS, ANCHORS, SIDE, SIDE)


def shifted(image: Image, dx: float, dy: float) -> Image:
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    return np.asarray(cv2.warpAffine(image, move, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT), np.uint8)


def compared(output: Image) -> dict[str, float]:
    numbers = compare_pictures([output], [TRUTH], MARKS[None], ANCHORS, GradientDistance())
    return {name: float(values[0]) for name, values in numbers.items()}


def test_equal_pictures_are_perfect() -> None:
    numbers = compared(TRUTH)
    assert numbers.keys() <= METRICS.keys()
    for name, value in numbers.items():
        best = {"psnr": 100.0, "ssim": 1.0}.get(name.split(".")[0], 0.0)
        assert value == pytest.approx(best, abs=1e-4), name
    assert sharpness(TRUTH, MARKS, TRUTH, MARKS, ANCHORS) == pytest.approx(1.0)


def test_brightness_moves_the_colours_and_leaves_structure_and_place() -> None:
    brighter = TRUTH + np.minimum(255 - TRUTH, 10).astype(np.uint8)
    numbers = compared(brighter)
    assert numbers["l1.face"] == pytest.approx(10.0, abs=0.1)
    assert numbers["psnr.face"] == pytest.approx(10 * np.log10(255**2 / 100), abs=0.1)
    assert numbers["ssim.face"] > 0.97
    assert numbers["perceptual.face"] < 0.02
    assert numbers["flow.error_px"] < 0.1
    assert sharpness(TRUTH, MARKS, brighter, MARKS, ANCHORS) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("dx", "dy"), [(3.0, 2.0), (-1.0, 0.0), (0.0, 6.0)])
def test_a_shift_is_found_in_pixels_and_stays_sharp(dx: float, dy: float) -> None:
    moved = shifted(TRUTH, dx, dy)
    numbers = compared(moved)
    assert numbers["flow.error_px"] == pytest.approx(np.hypot(dx, dy), rel=0.1, abs=0.1)
    assert numbers["ssim.face"] < 0.9
    assert sharpness(TRUTH, MARKS, moved, MARKS + np.array([dx, dy]), ANCHORS) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_blur_costs_sharpness_and_stays_in_place(sigma: float) -> None:
    blurred = np.asarray(cv2.GaussianBlur(TRUTH, (0, 0), sigma), np.uint8)
    numbers = compared(blurred)
    assert sharpness(TRUTH, MARKS, blurred, MARKS, ANCHORS) < 0.6
    assert numbers["flow.error_px"] < 0.3
    assert numbers["perceptual.face"] > 0.02


def test_a_blurred_copy_beats_a_shifted_one_in_l1_which_is_why_l1_is_not_alone() -> None:
    blurred, moved = np.asarray(cv2.GaussianBlur(TRUTH, (0, 0), 1.5), np.uint8), shifted(TRUTH, 3, 0)
    assert compared(blurred)["l1.face"] < compared(moved)["l1.face"]
    assert compared(blurred)["flow.error_px"] < compared(moved)["flow.error_px"]


def test_noise_counts_as_detail_and_as_difference() -> None:
    noise = np.random.default_rng(1).normal(0, 8, TRUTH.shape)
    noisy = np.clip(TRUTH + noise, 0, 255).astype(np.uint8)
    assert sharpness(TRUTH, MARKS, noisy, MARKS, ANCHORS) > 1.2
    assert compared(noisy)["psnr.whole"] == pytest.approx(10 * np.log10(255**2 / 64), abs=0.3)


def test_a_smaller_output_is_less_sharp_at_the_photos_scale() -> None:
    half = np.asarray(cv2.resize(TRUTH, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    assert sharpness(TRUTH, MARKS, half, MARKS / 2, ANCHORS) < 0.7


def test_a_wrong_mouth_leaves_the_eyes_alone() -> None:
    output = TRUTH.copy()
    output[REGIONS.mouth] = 255 - output[REGIONS.mouth]
    numbers = compared(output)
    for name in ("l1", "psnr"):
        assert numbers[f"{name}.eyes"] == compared(TRUTH)[f"{name}.eyes"]
        assert numbers[f"{name}.mouth"] != compared(TRUTH)[f"{name}.mouth"]
    assert numbers["ssim.eyes"] == pytest.approx(1.0, abs=1e-5)
    assert numbers["ssim.mouth"] < 0.5
    assert numbers["perceptual.mouth"] > 10 * numbers["perceptual.eyes"]


def test_regions_lie_in_each_other() -> None:
    assert REGIONS.mouth.any()
    assert REGIONS.eyes.any()
    assert not (REGIONS.mouth & REGIONS.eyes).any()
    assert not ((REGIONS.mouth | REGIONS.eyes) & ~REGIONS.face).any()
    assert REGIONS.face.mean() < 0.5


def test_without_a_face_only_the_whole_is_measured() -> None:
    nowhere = Regions.of(MARKS * np.nan, ANCHORS, SIDE, SIDE)
    score = l1(TRUTH, picture(1), nowhere)
    assert score.whole > 10
    assert np.isnan([score.face, score.mouth, score.eyes]).all()
    assert np.isnan(psnr(TRUTH, TRUTH, nowhere).mouth)
    assert np.isnan(flow_error(TRUTH, TRUTH, nowhere.face))
    assert np.isnan(sharpness(TRUTH, MARKS, TRUTH, MARKS * np.nan, ANCHORS))


def test_psnr_and_ssim_are_those_of_scikit_image() -> None:
    reference = pytest.importorskip("skimage.metrics")
    other = np.asarray(cv2.GaussianBlur(TRUTH, (0, 0), 1.2), np.uint8)
    assert psnr(other, TRUTH, REGIONS).whole == pytest.approx(reference.peak_signal_noise_ratio(TRUTH, other), abs=1e-3)
    expected = reference.structural_similarity(
        luma(TRUTH), luma(other), gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
        full=True,
    )[1]  # fmt: skip
    assert ssim(other, TRUTH, REGIONS).whole == pytest.approx(float(expected.mean()), abs=2e-3)


def test_end_point_error_of_flows() -> None:
    flow = np.zeros((4, 4, 2))
    mask = np.zeros((4, 4), np.bool_)
    mask[0, :2] = True
    assert end_point_error(flow + np.array([3.0, 4.0]), flow, mask) == pytest.approx(5.0)
    assert np.isnan(end_point_error(flow, flow, ~np.ones_like(mask)))


def test_flicker_is_the_backgrounds_own_while_the_driver_rests() -> None:
    box = np.array([[60.0, 70.0, 130.0, 150.0]])
    mask = background(np.repeat(box, 6, 0), SIDE, SIDE)
    marks = np.repeat(MARKS[None], 6, 0)
    ruler = np.full(6, 58.0)
    still = resting(marks, ruler)
    assert still.all()
    assert flicker([TRUTH] * 6, mask, still) == 0.0
    shimmering = [TRUTH // 2 + np.uint8(4 * (index % 2)) for index in range(6)]
    assert flicker(shimmering, mask, still) == pytest.approx(4.0, abs=0.1)
    talking = [np.where(mask[..., None], TRUTH, picture(index)).astype(np.uint8) for index in range(6)]
    assert flicker(talking, mask, still) == 0.0
    moving = resting(marks + 5 * np.arange(6)[:, None, None], ruler)
    assert np.isnan(flicker(shimmering, mask, moving))
    assert np.isnan(flicker(shimmering, background(box * np.nan, SIDE, SIDE), still))


def test_an_expression_is_shown_in_part() -> None:
    without = TRUTH
    truth = TRUTH.copy()
    truth[110:150, 70:120] = picture(3)[110:150, 70:120]
    for share in (0.0, 0.4, 1.0):
        mixed = (share * truth.astype(np.float64) + (1 - share) * without).round().astype(np.uint8)
        assert shown(mixed, truth, without, REGIONS.face) == pytest.approx(share, abs=0.02)
        brighter = np.clip(mixed.astype(int) + 9, 0, 255).astype(np.uint8)
        assert shown(brighter, truth, without, REGIONS.face) == pytest.approx(share, abs=0.02)
    assert np.isnan(shown(truth, without, without, REGIONS.face))


def test_a_clip_is_compared_with_its_photo() -> None:
    def trace(place: float) -> FaceTrace:
        face = Reading(MARKS + place, np.zeros(2), np.zeros(3), np.zeros(52), EXPRESSION_NAMES, "drawn")
        return FaceTrace.from_readings(range(5), [face] * 5, face)

    photo, still = trace(0)[:1], trace(0)
    perfect = compare_with_photo(TRUTH, photo, [TRUTH] * 5, still, still)
    assert perfect == {"sharpness.ratio": pytest.approx(1.0), "flicker.levels": 0.0}
    blurred = np.asarray(cv2.GaussianBlur(TRUTH, (0, 0), 1.5), np.uint8)
    assert compare_with_photo(TRUTH, photo, [blurred] * 5, still, still)["sharpness.ratio"] < 0.6
    assert compare_with_photo(TRUTH, photo, [TRUTH, blurred] * 2 + [TRUTH], still, still)["flicker.levels"] > 1
    gone = compare_with_photo(TRUTH, photo, [TRUTH] * 5, FaceTrace.from_readings(range(5), [None] * 5, NOBODY), still)
    assert np.isnan(list(gone.values())).all()


def test_the_perceptual_distance_says_its_name() -> None:
    assert perceptual_distance(None).name == "MS-GMSD"


def test_a_file_that_is_no_network_is_refused(tmp_path) -> None:
    broken = tmp_path / "net.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"net\.onnx"):
        perceptual_distance(broken)


def test_unrelated_pictures_look_more_different_than_related_ones() -> None:
    distance = GradientDistance()
    blurred = np.asarray(cv2.GaussianBlur(TRUTH, (0, 0), 0.7), np.uint8)
    assert distance(blurred, TRUTH, REGIONS).face < 0.5 * distance(picture(5), TRUTH, REGIONS).face
