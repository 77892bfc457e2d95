from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mimica.errors import WeightsError
from mimica.runtime.weights import PACKAGE_FOLDER, REGISTRY_FILE, WeightsEntry, load_network, read_registry

ALL_WEIGHTS_MAX_BYTES = 40_000_000

Write = Callable[..., WeightsEntry]


def test_opens_what_is_registered(tmp_path: Path, write_registry: Write, content: bytes) -> None:
    entry = write_registry(content)
    assert read_registry(tmp_path) == {"doubling": entry}
    network = load_network("doubling", "cpu", threads=1, folder=tmp_path)
    image = np.ones((1, 2, 3), np.float32)
    assert np.array_equal(network.run({"image": image})["doubled"], image * 2)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path, write_registry: Write, content: bytes) -> None:
    write_registry(content)
    with pytest.raises(WeightsError, match=r"'tripling': not registered .* there are doubling"):
        load_network("tripling", "cpu", folder=tmp_path)


def test_a_changed_byte_is_found_also_after_a_good_load(tmp_path: Path, write_registry: Write, content: bytes) -> None:
    entry = write_registry(content)
    load_network("doubling", "cpu", threads=1, folder=tmp_path)
    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 1
    path = tmp_path / entry.file
    path.unlink()
    path.write_bytes(damaged)
    with pytest.raises(WeightsError, match=r"doubling\.onnx: weights doubling are damaged .*install mimica again"):
        load_network("doubling", "cpu", folder=tmp_path)


def test_a_truncated_file_is_damaged(tmp_path: Path, write_registry: Write, content: bytes) -> None:
    entry = write_registry(content)
    (tmp_path / entry.file).write_bytes(content[:-1])
    with pytest.raises(WeightsError, match="damaged"):
        load_network("doubling", "cpu", folder=tmp_path)


def test_a_missing_file(tmp_path: Path, write_registry: Write, content: bytes) -> None:
    (tmp_path / write_registry(content).file).unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        load_network("doubling", "cpu", folder=tmp_path)


def test_the_file_of_another_network(tmp_path: Path, write_registry: Write, content: bytes) -> None:
    write_registry(content, "another")
    with pytest.raises(WeightsError, match="'another': the file holds network \"doubling\""):
        load_network("another", "cpu", folder=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"networks": []}',
        '{"networks": {"a": {"name": "b"}}}',
        '{"networks": {"a": {"name": "a", "file": "a.onnx", "size": 3}}}',
        '{"networks": {"a": {"name": "a", "file": "../a.onnx", "sha256": "%s", "bytes": 3, "licence": "x",'
        ' "trained_on": "y"}}}' % ("0" * 64),
        '{"networks": {"a": {"name": "a", "file": "a.onnx", "sha256": "no", "bytes": 3, "licence": "x",'
        ' "trained_on": "y"}}}',
    ],
)
def test_a_damaged_registry(text: str, tmp_path: Path) -> None:
    (tmp_path / REGISTRY_FILE).write_text(text)
    with pytest.raises(WeightsError, match="registry of weights is damaged"):
        read_registry(tmp_path)


def test_a_missing_registry(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="registry of weights is missing"):
        read_registry(tmp_path)


def test_the_shipped_weights_are_whole_and_small() -> None:
    registry = read_registry()
    shipped = {path.name for path in PACKAGE_FOLDER.glob("*.onnx")}
    assert {entry.file for entry in registry.values()} == shipped
    assert sum(entry.bytes for entry in registry.values()) <= ALL_WEIGHTS_MAX_BYTES
    for name, entry in registry.items():
        network = load_network(name, "cpu", threads=1)
        assert network.inputs
        assert entry.licence
        assert entry.trained_on
    assert json.loads((PACKAGE_FOLDER / REGISTRY_FILE).read_text())["schema"] == 1
