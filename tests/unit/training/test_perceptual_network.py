"""SqueezeNet as the user's perceptual network: exported with random weights, read by the metric."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mimica.errors import WeightsError
from mimica.evaluation.metrics.perceptual import NetworkDistance
from mimica.evaluation.metrics.regions import Regions
from mimica.networks.squeezenet import SEEN, SqueezeNet
from mimica.training.perceptual_network import write_perceptual_network


def caffe_tensors() -> dict[str, torch.Tensor]:
    """Random weights by Caffe's names."""
    torch.manual_seed(0)
    state = {name: value for name, value in SqueezeNet().state_dict().items() if name != "mean"}
    renamed = {}
    for name, value in state.items():
        parts = name.removeprefix("fires.").split(".")
        renamed[f"{'/'.join(parts[:-1])}.{parts[-1]}"] = value
    return renamed | {"conv10.weight": torch.zeros(1000, 512, 1, 1), "conv10.bias": torch.zeros(1000)}


def test_caffes_weights_land_in_their_layers() -> None:
    tensors = caffe_tensors()
    network = SqueezeNet.from_tensors(tensors)
    assert torch.equal(network.fires["fire5"].expand3x3.weight, tensors["fire5/expand3x3.weight"])
    features = network(torch.zeros(1, 64, 80, 3))
    assert tuple(features) == SEEN
    assert features["conv1"].shape == (1, 64, 31, 39)
    assert features["fire9"].shape == (1, 512, 3, 4)


def test_the_metric_reads_what_was_written(tmp_path: Path) -> None:
    write_perceptual_network(caffe_tensors(), tmp_path / "eye.onnx", "a random eye")
    distance = NetworkDistance(tmp_path / "eye.onnx")
    assert distance.name == "a random eye"
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 256, (70, 90, 3), dtype=np.uint8) for _ in range(2))
    left = np.zeros((70, 90), np.bool_)
    left[:, :40] = True
    nowhere = np.zeros_like(left)
    regions = Regions(left, nowhere, nowhere)
    assert distance(first, first, regions).whole == pytest.approx(0, abs=1e-6)
    mixed = np.where(left[..., None], first, second)  # right on the left, wrong on the right
    score = distance(mixed, first, regions)
    assert score.whole > 2 * score.face
    assert np.isnan(score.mouth)
    assert [path.name for path in tmp_path.iterdir()] == ["eye.onnx"]


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"1\.1"):
        write_perceptual_network({"conv1.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "eye.onnx")
    assert not list(tmp_path.iterdir())
