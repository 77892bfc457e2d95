"""Training on Ray Train: the processes that torchrun would start are workers of a cluster, and begun
again when one dies.

Each goes on from the run's last checkpoint, which lies on a file system that all nodes share. This module does not know
what is trained: it carries out a recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

from mimica.errors import MimicaError

BEGUN_AGAIN = 3


class ClusterTrainingError(MimicaError):
    """A run on a cluster ended badly; its last checkpoint is whole."""


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """A recipe's run. workers: processes. micro_batches: batches a step, a multiple of workers; fixes what is learnt.

    gpus: whether each worker has a GPU. precision: see `TrainConfig`.
    """

    recipe: str
    out: Path
    workers: int
    micro_batches: int
    data: Path | None = None
    start: Path | None = None
    minutes: float | None = None
    seed: int = 0
    gpus: bool = False
    precision: str = "fp32"


def train_on_ray(run: ClusterRun) -> Path:
    """Train by a recipe on the cluster that this process has joined; gives the folder of the exported weights.

    Raises ClusterTrainingError when it still fails after `BEGUN_AGAIN` losses of a worker.
    """
    trainer = TorchTrainer(
        _work,
        train_loop_config=_mapping(run),
        torch_config=TorchConfig(backend="nccl" if run.gpus else "gloo"),
        scaling_config=ScalingConfig(num_workers=run.workers, use_gpu=run.gpus),
        run_config=RunConfig(
            name="ray", storage_path=str(run.out.resolve()), failure_config=FailureConfig(max_failures=BEGUN_AGAIN)
        ),
    )
    try:
        trainer.fit()
    except Exception as error:
        cause = " ".join(str(error).split())[:300]
        raise ClusterTrainingError(f"{run.out}: training on Ray failed ({cause}); mend it and run it again") from error
    return run.out / "weights"


def _mapping(run: ClusterRun) -> dict[str, Any]:
    return {
        "recipe": run.recipe, "out": str(run.out.resolve()), "data": str(run.data.resolve()) if run.data else None,
        "start": str(run.start.resolve()) if run.start else None,
        "minutes": run.minutes, "seed": run.seed, "micro_batches": run.micro_batches,
        "device": "cuda" if run.gpus else "cpu", "precision": run.precision,
    }  # fmt: skip


def _work(asked: Mapping[str, Any]) -> None:
    """What each worker does; Ray Train has introduced them to each other."""
    from mimica.training.recipes import run
    from mimica.training.world import joined

    data, start = (Path(asked[name]) if asked[name] else None for name in ("data", "start"))
    with joined(asked["device"]) as world:
        run(
            asked["recipe"], data, Path(asked["out"]), asked["minutes"], seed=asked["seed"], start=start, resume=True,
            device=asked["device"], micro_batches=asked["micro_batches"], precision=asked["precision"], world=world,
        )  # fmt: skip
