"""The state of a run, live: network, average, optimiser, clock. It advances by a step, and goes to disk and back.

This module does not know when a run logs, evaluates or ends.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from mimica.errors import MimicaError, UsageError, WeightsError
from mimica.training import checkpoint as checkpoints
from mimica.training.checkpoint import Checkpoint
from mimica.training.config import TrainConfig
from mimica.training.task import Task, seed_of_step
from mimica.training.world import Objective, World


class DivergenceError(MimicaError):
    """A loss or a gradient is not a finite number; the weights before that step are in the last checkpoint."""


class RunState:
    """What a checkpoint holds. Every process of the world holds the same."""

    def __init__(self, task: Task, config: TrainConfig, device: torch.device, world: World) -> None:
        torch.manual_seed(seed_of_step(config.seed, 0xFFFFFFFF))
        self.task, self.config, self.device, self.world = task, config, device, world
        self.model = task.build().to(device)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = task.optimizer(self.model)
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.objective = world.share(Objective(task, self.model))
        self.step, self.metrics = 0, {}
        self._minutes_before, self._started_s = 0.0, time.monotonic()

    @property
    def minutes(self) -> float:
        """Wall-clock time of the run by the first process's clock, over all resumptions."""
        return self.world.of_first(self._minutes_before + (time.monotonic() - self._started_s) / 60)

    @property
    def progress(self) -> float:
        return self.config.progress(self.step, self.minutes)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint. Raises UsageError when it is of another run, WeightsError of another network."""
        saved = checkpoints.load(path, self.device)
        for name, value in (("seed", self.config.seed), ("micro_batches", self.config.micro_batches)):
            before = saved.config.get(name, 1)
            if before != value:
                raise UsageError(f"{path}: the run has {name} {before}, not {value}; ask for the same")
        try:
            self.model.load_state_dict(saved.model)
            self.average.load_state_dict(saved.average)
            self.optimizer.load_state_dict(saved.optimizer)
        except (RuntimeError, ValueError, KeyError) as error:
            cause = " ".join(str(error).split())[:200]
            raise WeightsError(
                f"{path}: the checkpoint is of another network ({cause}); choose another folder"
            ) from error
        self.step, self.metrics = saved.step, dict(saved.metrics)
        self._minutes_before, self._started_s = saved.minutes, time.monotonic()

    def save(self, path: Path) -> None:
        """Write a checkpoint, if this is the first process."""
        minutes = self.minutes
        if self.world.rank == 0:
            state = Checkpoint(
                self.step, minutes, self.model.state_dict(), self.average.state_dict(), self.optimizer.state_dict(),
                self.config.to_mapping(), self.metrics,
            )  # fmt: skip
            checkpoints.save(state, path)

    def advance(self, batches: Iterator[tuple[int, dict[str, Tensor]]]) -> dict[str, float]:
        """One step over its batches; returns the loss, its terms, the gradient's norm. Raises DivergenceError."""
        rate = self.config.rate_at(self.step, self.minutes)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * rate
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        mine = self.config.micro_batches // self.world.size
        sums: dict[str, float] = {}
        for place in range(mine):
            if place + 1 < mine:
                with self.world.alone(self.objective):
                    values = self._descend(next(batches), mine)
            else:
                values = self._descend(next(batches), mine)
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value / mine
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        values = self.world.mean(sums) | {"gradient_norm": float(norm)}
        for name in ("loss", "gradient_norm"):
            if not math.isfinite(values[name]):
                raise DivergenceError(
                    f"training step {self.step}: {name} is {values[name]}; lower the learning rate, "
                    f"or look at this batch (seed {self.config.seed})"
                )
        self.optimizer.step()
        self.step += 1
        self._average()
        return values

    def _descend(self, numbered: tuple[int, dict[str, Tensor]], parts: int) -> dict[str, float]:
        """Add a batch's gradient, one of `parts` that this process adds up."""
        number, batch = numbered
        torch.manual_seed(seed_of_step(self.config.seed + 1, number))  # dropout and the like
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bf16"):
            loss, terms = self.objective(batch)
        (loss / parts if parts > 1 else loss).backward()
        return {"loss": float(loss.detach()), **terms}

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        pairs = list(zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True))
        mixed = [(old, new) for old, new in pairs if old.is_floating_point()]
        old_values, new_values = [old for old, _ in mixed], [new for _, new in mixed]
        torch._foreach_lerp_(old_values, new_values, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for old, new in pairs:
            if not old.is_floating_point():
                old.copy_(new)

    def evaluate(self) -> dict[str, float]:
        """Measure the averaged weights, in this process."""
        self.average.eval()
        with torch.no_grad():
            self.metrics = {name: float(value) for name, value in self.task.evaluate(self.average).items()}
        return self.metrics
