from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from mimica.errors import DeviceError, WeightsError
from mimica.runtime.session import OnnxNetwork


@pytest.fixture
def network(content: bytes) -> OnnxNetwork:
    return OnnxNetwork(content, device="cpu", threads=1)


def test_runs_and_describes_itself(network: OnnxNetwork) -> None:
    image = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    assert np.array_equal(network.run({"image": image})["doubled"], image * 2)
    assert [str(spec) for spec in network.inputs] == ["image (any, 2, 3) float32"]
    assert [str(spec) for spec in network.outputs] == ["doubled (any, 2, 3) float32"]
    assert network.device == "cpu"


def test_accepts_views_that_are_not_contiguous(network: OnnxNetwork) -> None:
    image = np.arange(24, dtype=np.float32).reshape(3, 2, 4).transpose(2, 1, 0)
    assert np.array_equal(network.run({"image": image})["doubled"], image * 2)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({}, "got none"),
        ({"picture": np.zeros((1, 2, 3), np.float32)}, "got picture"),
        ({"image": np.zeros((1, 2, 3), np.float32), "more": np.zeros(1, np.float32)}, "got image, more"),
        ({"image": np.zeros((1, 2, 3))}, r"got \(1, 2, 3\) float64"),
        ({"image": np.zeros((2, 3), np.float32)}, r"got \(2, 3\) float32"),
        ({"image": np.zeros((1, 2, 4), np.float32)}, r"wants image \(any, 2, 3\) float32; got \(1, 2, 4\)"),
    ],
)
def test_says_what_is_wrong_with_the_feeds(network: OnnxNetwork, feeds: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network.run(feeds)


def test_unknown_options_are_errors(content: bytes) -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        OnnxNetwork(content, sess_opt=None)  # pyright: ignore[reportCallIssue]


def test_constants_are_checked(network: OnnxNetwork) -> None:
    assert network.constant("crop_px") == 192
    network.require({"crop_px": 192, "values": ("a", "b")})
    with pytest.raises(WeightsError, match="have 192, this version of mimica wants 128"):
        network.require({"crop_px": 128})
    with pytest.raises(WeightsError, match="'gaze'"):
        network.constant("gaze")


def test_another_schema_is_refused(make_network: Callable[[dict[str, str]], bytes]) -> None:
    with pytest.raises(WeightsError, match="has schema 2, this version of mimica reads 1"):
        OnnxNetwork(make_network({"mimica.schema": "2"}), device="cpu")
    with pytest.raises(WeightsError, match="has schema None"):
        OnnxNetwork(make_network({}), device="cpu")


@pytest.mark.parametrize("damaged", [b"", b"no network at all", b"\x08\x08"])
def test_damaged_files_are_weights_errors(damaged: bytes, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="the given bytes: onnxruntime cannot open it"):
        OnnxNetwork(damaged, device="cpu")
    path = tmp_path / "net.onnx"
    path.write_bytes(damaged)
    with pytest.raises(WeightsError, match=r"net\.onnx"):
        OnnxNetwork(path, device="cpu")


def test_a_missing_file_is_a_weights_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.onnx"):
        OnnxNetwork(tmp_path / "gone.onnx", device="cpu")


def test_many_threads_may_share_a_network(network: OnnxNetwork) -> None:
    with ThreadPoolExecutor(4) as pool:
        images = [np.full((1, 2, 3), value, np.float32) for value in range(40)]
        results = list(pool.map(lambda image: network.run({"image": image})["doubled"], images))
    assert all(np.array_equal(result, image * 2) for image, result in zip(images, results, strict=True))


def test_an_accelerator_that_does_not_start(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime that was built with CUDA, on a machine without a driver: asked for, an error; with auto, the CPU."""
    real = onnxruntime.InferenceSession
    built = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: built)
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda source, options, providers: real(source, options, providers=[providers[-1]]),
    )
    with pytest.raises(DeviceError, match="device cuda: it does not start"):
        OnnxNetwork(content, device="cuda")
    assert OnnxNetwork(content, device="auto").device == "cpu"
