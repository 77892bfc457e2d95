"""From trained module to shipped weights: nothing that computes something else can be written.

A file takes its place only after onnxruntime has given what torch gives, on random inputs, at several batch sizes; then
the registry beside it learns its sha256. This module does not know what a network is for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mimica.errors import MimicaError, OutputError
from mimica.runtime.session import OnnxNetwork
from mimica.runtime.weights import PACKAGE_FOLDER, REGISTRY_FILE, WeightsEntry, read_registry
from mimica.training.onnx_graph import (
    NamedOutputs,
    check_two_dimensional,
    halve_weights,
    prepared,
    set_constants,
    trace,
)

REGISTRY_SCHEMA = 1


class ParityError(MimicaError):
    """The exported network computes something else than the trained one; no file was written."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the registry says beside the file: licence (SPDX), data in one sentence, measurements on held-out data."""

    trained_on: str
    licence: str = "Apache-2.0"
    metrics: dict[str, float] = field(default_factory=dict[str, float])


def export(
    module: nn.Module,
    examples: Mapping[str, Tensor],
    *,
    name: str,
    constants: Mapping[str, Any],
    provenance: Provenance,
    folder: Path = PACKAGE_FOLDER,
    output: str = "output",
    dynamic_batch: bool = True,
    fp16: bool = True,
    atol: float = 1e-4,
    fp16_tolerance: float = 2e-2,
) -> WeightsEntry:
    """Write `folder`/`name`.onnx and its row in weights.json.

    Args:
        module: any torch module; a copy of it is exported in eval mode.
        examples: its inputs by the names of forward's parameters, with a batch axis first. Their shapes and element
            types become the network's; floats are varied within their own range for the parity check.
        name: what `load_network` asks for.
        constants: JSON values that the calling code needs or checks (crop size, names of coefficients, units).
        provenance: what the registry says about it.
        folder: where the registry lies.
        output: name of the output when the module returns one tensor rather than a dict.
        dynamic_batch: any batch size, or the examples' only.
        fp16: store large weights in 16 bits (computed in 32).
        atol: largest difference from torch in 32 bits, per unit of max(1, largest output).
        fp16_tolerance: the same for the file with 16-bit weights.

    Raises:
        ParityError: onnxruntime's outputs differ from torch's by more.
        UsageError: the graph is not made of 2-D standard operators, or a constant is not writable.
        OutputError: the folder cannot be written.
    """
    own = prepared(module, examples, output)
    model = trace(own, {key: value.detach().cpu() for key, value in examples.items()}, dynamic_batch)
    check_two_dimensional(model)
    set_constants(model, name, constants)
    count = next(iter(examples.values())).shape[0]
    sizes = sorted({1, count, count + 2}) if dynamic_batch else [count]
    check_parity(own, model.SerializeToString(), examples, sizes, atol, f"network {name} in 32 bits")
    if fp16:
        halve_weights(model)
        check_parity(own, model.SerializeToString(), examples, sizes, fp16_tolerance, f"network {name} in 16 bits")
    content = model.SerializeToString(deterministic=True)
    entry = WeightsEntry(
        name=name,
        file=f"{name}.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence=provenance.licence,
        trained_on=provenance.trained_on,
        metrics={key: float(f"{value:.6g}") for key, value in provenance.metrics.items()},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _replace(folder / entry.file, content)
    register(entry, folder)
    return entry


def check_parity(
    own: NamedOutputs, content: bytes, examples: Mapping[str, Tensor], sizes: list[int], tolerance: float, label: str
) -> float:
    """Compare onnxruntime on the CPU with torch on random inputs; returns the largest scaled difference.

    Raises:
        ParityError: an output's name, shape or a value differs.
    """
    network = OnnxNetwork(content, device="cpu", threads=1)
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for size in sizes:
        inputs = {key: _random_like(value, size, generator) for key, value in examples.items()}
        with torch.no_grad():
            expected = own.named(*inputs.values())
        try:
            given = network.run({key: value.numpy() for key, value in inputs.items()})
        except (MimicaError, ValueError) as error:
            raise ParityError(
                f"{label}: fails at batch size {size} ({error}); take sizes from .shape, not len()"
            ) from error
        if given.keys() != expected.keys():
            raise ParityError(f"{label}: gives {sorted(given)}, torch gives {sorted(expected)}")
        for key, value in expected.items():
            want, have = value.numpy().astype(np.float64), given[key].astype(np.float64)
            if want.shape != have.shape:
                raise ParityError(f"{label}: {key} is {have.shape}, torch gives {want.shape}, at batch size {size}")
            difference = float(np.abs(want - have).max() / max(1.0, np.abs(want).max()))
            if not difference <= tolerance:
                raise ParityError(
                    f"{label}: {key} differs from torch by {difference:.2e} at batch size {size}, allowed are "
                    f"{tolerance:.0e}; no file was written"
                )
            worst = max(worst, difference)
    return worst


def register(entry: WeightsEntry, folder: Path = PACKAGE_FOLDER) -> None:
    """Put `entry` into the registry of `folder`, making the registry if there is none.

    Raises:
        WeightsError: the registry is damaged.
        OutputError: the folder cannot be written.
    """
    path = folder / REGISTRY_FILE
    known = read_registry(folder) if path.exists() else {}
    known[entry.name] = entry
    content = {
        "schema": REGISTRY_SCHEMA,
        "networks": {name: known[name].to_mapping() for name in sorted(known)},
    }
    _replace(path, (json.dumps(content, indent=2) + "\n").encode())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error


def _random_like(example: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """A tensor of `example`'s kind with batch `size`: any integer of its range, any float between its extremes."""
    shape = (size, *example.shape[1:])
    if example.dtype == torch.bool:
        return torch.rand(shape, generator=generator) < 0.5
    low, high = example.amin().item(), example.amax().item()
    if not example.is_floating_point():
        return torch.randint(int(low), int(high) + 1, shape, generator=generator, dtype=example.dtype)
    return (torch.rand(shape, generator=generator) * (high - low) + low).to(example.dtype)
