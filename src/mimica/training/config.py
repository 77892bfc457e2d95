"""How a run is carried out: inert, typed, and closed to unknown keys. It does not know what is trained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mimica.errors import UsageError


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One run of `training.loop.train`.

    Attributes:
        steps: the run ends after this many steps.
        minutes: the run ends after this much wall-clock time, summed over every resumption. One of `steps` and
            `minutes` is needed; with both, whichever ends first.
        seed: everything random derives from it and the number of the step.
        device: "cpu", "cuda" or "auto" (CUDA when it is there).
        threads: torch's threads on the CPU.
        micro_batches: batches of the task that make one step, added up; several processes divide them. The step is that
            of one batch so many times as large, however many processes there are (batch norm still sees each batch by
            itself).
        precision: "fp32", or "bf16" for mixed precision (bfloat16 where torch's autocast finds it safe).
        workers: threads that prepare batches ahead; 0 prepares each when it is needed.
        warmup_steps: the learning rate rises linearly over these.
        final_rate: share of the peak learning rate that the cosine ends at.
        clip_norm: gradients longer than this are shortened to it; infinity never clips.
        ema_decay: decay of the averaged weights per step, approached as (1 + n) / (10 + n).
        log_every_steps: one row of averaged training terms for so many steps.
        evaluate_every_s: seconds between evaluations; one more always ends the run.
        checkpoint_every_s: seconds between checkpoints; one more always ends the run.

    Raises:
        UsageError: a value is out of range.
    """

    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    micro_batches: int = 1
    precision: str = "fp32"
    workers: int = 0
    warmup_steps: int = 100
    final_rate: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    log_every_steps: int = 20
    evaluate_every_s: float = 120.0
    checkpoint_every_s: float = 30.0

    def __post_init__(self) -> None:
        checks = {
            "steps or minutes must be given": self.steps is not None or self.minutes is not None,
            "steps must be at least 1": self.steps is None or self.steps >= 1,
            "minutes must be positive": self.minutes is None or (self.minutes > 0 and math.isfinite(self.minutes)),
            "seed must not be negative": self.seed >= 0,
            "device must be auto, cpu or cuda": self.device in ("auto", "cpu", "cuda"),
            "threads must be at least 1": self.threads >= 1,
            "micro_batches must be at least 1": self.micro_batches >= 1,
            "precision must be fp32 or bf16": self.precision in ("fp32", "bf16"),
            "workers must not be negative": self.workers >= 0,
            "warmup_steps must not be negative": self.warmup_steps >= 0,
            "final_rate must lie in 0..1": 0 <= self.final_rate <= 1,
            "clip_norm must be positive": self.clip_norm > 0,
            "ema_decay must lie in 0..1": 0 <= self.ema_decay < 1,
            "log_every_steps must be at least 1": self.log_every_steps >= 1,
            "evaluate_every_s must not be negative": self.evaluate_every_s >= 0,
            "checkpoint_every_s must not be negative": self.checkpoint_every_s >= 0,
        }
        for rule, holds in checks.items():
            if not holds:
                raise UsageError(f"training configuration: {rule}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TrainConfig:
        """A configuration from parsed JSON or TOML.

        Raises:
            UsageError: a key is unknown or a value has another type than the field.
        """
        _check_keys(values)
        return cls(**values)

    def with_changes(self, **values: Any) -> TrainConfig:
        """This configuration with some fields changed.

        Raises:
            UsageError: as `from_mapping`.
        """
        _check_keys(values)
        return replace(self, **values)

    def to_mapping(self) -> dict[str, Any]:
        return asdict(self)

    def progress(self, step: int, minutes: float) -> float:
        """How much of the run is behind us, 0..1: by steps or by time, whichever is further."""
        by_steps = step / self.steps if self.steps is not None else 0.0
        by_time = minutes / self.minutes if self.minutes is not None else 0.0
        return min(1.0, max(by_steps, by_time))

    def rate_at(self, step: int, minutes: float) -> float:
        """Share of the peak learning rate at `step` (counted from 0): linear warm-up times a half cosine."""
        warm = min(1.0, (step + 1) / (self.warmup_steps + 1))
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress(step, minutes)))
        return warm * (self.final_rate + (1 - self.final_rate) * cosine)


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "str": (str,),
}


def _check_keys(values: Mapping[str, Any]) -> None:
    known = {field.name: str(field.type) for field in fields(TrainConfig)}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"training configuration: unknown key {name!r}; known are {', '.join(sorted(known))}")
        if not isinstance(value, _TYPES[known[name]]) or isinstance(value, bool):
            raise UsageError(f"training configuration: {name} wants {known[name]}, got {value!r}")
