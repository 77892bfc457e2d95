"""A run's state on disk: one file, replaced atomically, holding tensors and plain values only (no pickled objects)."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mimica.errors import OutputError, WeightsError

CHECKPOINT_FILE = "checkpoint.pt"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that a run needs to go on as if it had never stopped.

    There is no generator state: what is random in a step derives from (seed, step) alone.

    Attributes:
        step: steps done.
        minutes: wall-clock time spent over all resumptions.
        model: the weights in training, by name.
        average: the averaged weights, by the same names.
        optimizer: its `state_dict`.
        config: `TrainConfig.to_mapping()` of the run.
        metrics: the last evaluation.
    """

    step: int
    minutes: float
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]
    config: dict[str, Any]
    metrics: dict[str, float]


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write so that a kill at any moment leaves either the old file or the new one, whole.

    Raises:
        OutputError: the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    content = {
        "schema": SCHEMA,
        "step": checkpoint.step,
        "minutes": checkpoint.minutes,
        "model": checkpoint.model,
        "average": checkpoint.average,
        "optimizer": checkpoint.optimizer,
        "config": json.dumps(checkpoint.config),
        "metrics": dict(checkpoint.metrics),
    }
    try:
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        with suppress(OSError):
            temporary.unlink()
        raise OutputError(f"{path}: cannot write the checkpoint ({error}); free some space and resume") from error


def load(path: Path, device: str | torch.device = "cpu") -> Checkpoint:
    """Read a checkpoint onto `device`.

    Raises:
        WeightsError: the file is missing, damaged, or of another schema.
    """
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: no checkpoint there; start the run without resuming") from error
    except Exception as error:  # torch raises whatever a damaged file provokes
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: the checkpoint is damaged ({cause}); delete it and start the run again") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise WeightsError(f"{path}: not a checkpoint of schema {SCHEMA}; start the run again in another folder")
    return Checkpoint(
        content["step"], content["minutes"], content["model"], content["average"], content["optimizer"],
        json.loads(content["config"]), content["metrics"],
    )  # fmt: skip


def averaged_weights(run_dir: Path) -> dict[str, Tensor]:
    """The averaged weights of a run on the CPU: what is exported, and what another task may start from.

    Raises:
        WeightsError: as `load`.
    """
    return load(run_dir / CHECKPOINT_FILE).average
