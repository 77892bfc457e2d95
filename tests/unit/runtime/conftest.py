"""A network of two operators, written by hand: no training, no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mimica.runtime.weights import REGISTRY_FILE, WeightsEntry


def doubling_network(metadata: dict[str, str]) -> bytes:
    """`image` (batch, 2, 3) float32 → `doubled`, the same shape, twice the values."""
    two = numpy_helper.from_array(np.float32(2), "two")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["image", "two"], ["doubled"])],
        "doubling",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 2, 3])],
        [helper.make_tensor_value_info("doubled", TensorProto.FLOAT, ["batch", 2, 3])],
        [two],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    return model.SerializeToString()


METADATA = {"mimica.schema": "1", "mimica.name": '"doubling"', "mimica.crop_px": "192", "mimica.values": '["a", "b"]'}


@pytest.fixture
def content() -> bytes:
    return doubling_network(METADATA)


@pytest.fixture
def write_registry(tmp_path: Path) -> Callable[..., WeightsEntry]:
    """Writes a network and its registry into tmp_path; returns the row."""

    def write(content: bytes, name: str = "doubling") -> WeightsEntry:
        digest = hashlib.sha256(content).hexdigest()
        entry = WeightsEntry(name, f"{name}.onnx", digest, len(content), "Apache-2.0", "nothing")
        (tmp_path / entry.file).write_bytes(content)
        registry = {"schema": 1, "networks": {name: entry.to_mapping()}}
        (tmp_path / REGISTRY_FILE).write_text(json.dumps(registry))
        return entry

    return write


@pytest.fixture
def make_network() -> Callable[[dict[str, str]], bytes]:
    return doubling_network
