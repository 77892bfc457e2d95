"""What a recipe is asked and what it answers: a `Request`, and the `Plan` of a run. Inert.

This module does not know any recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mimica.errors import UsageError
from mimica.training.config import TrainConfig
from mimica.training.task import Task

WEIGHTS_FOLDER = "weights"
"""Below a run's folder: its ONNX files and their weights.json."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person chose: the folder of training data (or None), the seed, and the run to start from (or None)."""

    data: Path | None
    seed: int
    start: Path | None = None

    def data_folder(self, recipe: str) -> Path:
        """The data's folder. Raises UsageError when none was given or it does not exist."""
        if self.data is None:
            raise UsageError(f"recipe {recipe}: needs training data; give its folder with --data")
        if not self.data.is_dir():
            raise UsageError(f"{self.data}: no such folder of training data; make it with mimica synthesize")
        return self.data

    def start_folder(self, recipe: str) -> Path:
        """The folder of the run to start from. Raises UsageError when none was given or it does not exist."""
        if self.start is None:
            raise UsageError(f"recipe {recipe}: goes on from a finished run; give its folder with --start")
        if not self.start.is_dir():
            raise UsageError(f"{self.start}: no such folder of a run; give the one that mimica train has written")
        return self.start


@dataclass(frozen=True, slots=True, eq=False)
class NetworkExport:
    """One network that a run gives: its registered name, module, example inputs (batch first) and constants."""

    name: str
    module: nn.Module
    examples: Mapping[str, Tensor]
    constants: Mapping[str, Any]
    output: str = "output"
    fp16_tolerance: float = 2e-2


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A run to carry out: `networks` picks what to export from the trained module."""

    task: Task
    config: TrainConfig
    networks: Callable[[nn.Module], tuple[NetworkExport, ...]]
    trained_on: str
    licence: str = "Apache-2.0"
