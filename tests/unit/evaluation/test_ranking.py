"""The ruler ranks what must be ranked: on the frozen truth the still photo < the old way < the truth itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mimica.evaluation.benchmark import load_benchmark
from mimica.evaluation.encoder_reader import EncoderReader
from mimica.evaluation.loaded_case import CaseLoader
from mimica.evaluation.measure import Ruler
from mimica.evaluation.metrics import METRICS
from mimica.evaluation.metrics.perceptual import GradientDistance
from mimica.evaluation.systems.baselines import RigWarp, StaticPhoto
from mimica.evaluation.systems.landmark_warp import LandmarkWarp, similarity, warp

FRAMES = 16
"""The head turns to the side in them."""


@pytest.fixture(scope="module")
def numbers() -> dict[str, dict[str, float]]:
    benchmark = load_benchmark()
    row = next(row for row in benchmark.cases if row["name"] == "head-1096")
    reader = EncoderReader()
    loaded = CaseLoader(reader, None).load(replace(benchmark.case(row), frames=FRAMES))
    ruler = Ruler(reader, GradientDistance(), None)
    systems = (StaticPhoto(), LandmarkWarp(), RigWarp())
    return {system.name: ruler.measure(loaded, list(system.animate(loaded))).numbers for system in systems}


@pytest.mark.parametrize("metric", ["l1.face", "ssim.face", "flow.error_px", "yaw.slope", "pose.absolute_deg"])
def test_the_baselines_rank_as_they_must(metric: str, numbers: dict[str, dict[str, float]]) -> None:
    distances = [METRICS[metric].distance(numbers[name][metric]) for name in ("static", "landmark-warp", "rig-warp")]
    assert distances[0] > distances[1] > distances[2]


def test_the_truth_itself_is_without_fault(numbers: dict[str, dict[str, float]]) -> None:
    assert numbers["rig-warp"]["l1.face"] == 0.0
    assert numbers["rig-warp"]["yaw.slope"] == pytest.approx(1.0)
    assert numbers["rig-warp"]["jitter.ratio"] == pytest.approx(1.0)


def test_a_still_photo_moves_nothing_and_is_itself(numbers: dict[str, dict[str, float]]) -> None:
    assert numbers["static"]["yaw.slope"] == pytest.approx(0.0, abs=1e-6)
    assert numbers["static"]["sharpness.ratio"] == pytest.approx(1.0, abs=0.02)


def test_a_warp_by_nothing_is_the_photo() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    corners = np.array([[0, 0], [32, 0], [32, 24], [0, 24]], np.float64)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    assert np.abs(warp(photo, corners, corners, triangles).astype(int) - photo).max() <= 1


def test_a_similarity_is_found_again() -> None:
    points = np.random.default_rng(1).normal(size=(9, 2))
    linear, shift = np.array([[0.6, -0.8], [0.8, 0.6]]) * 2, np.array([3.0, -1.0])
    found = similarity(points, points @ linear.T + shift)
    np.testing.assert_allclose(found, np.concatenate([linear, shift[:, None]], 1), atol=1e-9)
