"""What a training task is: a network, its batches, its loss and its measurement. It knows neither loop nor files.

A task with an adversary holds both networks in one module and returns one loss: the generator's term sees the
adversary through ``torch.func.functional_call`` with detached parameters, the adversary's term sees the generator's
output detached. One backward then gives each its own gradient, and one checkpoint holds everything.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn


class Task(Protocol):
    """Implemented by `MotionEncoderTask` and the like; give it a batch size and data when you make it."""

    def build(self) -> nn.Module:
        """The network with fresh weights, on the CPU. The loop seeds torch's generator before it calls this."""
        ...

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """One batch on the CPU: a pure function of `step` and of `generator`, which is seeded from (seed, step).

        It may be called from a worker thread and ahead of time; it must not touch torch's global generator.
        """
        ...

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """The scalar to descend, and named terms for the log. `batch` is on the model's device."""
        ...

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Named measurements of `model` (averaged weights, eval mode) on data that the training never sees."""
        ...

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """The optimiser with its peak learning rates; the loop scales them by `TrainConfig.rate_at`."""
        ...


def adamw(model: nn.Module, learning_rate: float = 1e-3, weight_decay: float = 0.02) -> torch.optim.AdamW:
    """AdamW that decays matrices and kernels but no biases, norms or gains (Loshchilov & Hutter 2019)."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=learning_rate)


def seed_of_step(seed: int, step: int) -> int:
    """A 32-bit seed for `step` of a run: distinct for every step below 2³² (murmur3's finaliser is a bijection)."""
    x = (step ^ (seed * 0x9E3779B1)) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return x ^ (x >> 16)
