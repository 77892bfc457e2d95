"""Batches of a run in order, made ahead by threads where asked for; which ones never depends on who makes them.

A step is `micro_batches` batches, numbered through from the first step; process r of n makes numbers r, r + n, … of
each step. So one process that adds up four batches and four that take one each see the same step.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor

from mimica.training.config import TrainConfig
from mimica.training.task import Task, seed_of_step
from mimica.training.world import World


def numbers(first_step: int, config: TrainConfig, world: World) -> Iterator[int]:
    """Numbers of the batches that are this process's, from a step on, without end."""
    step = first_step
    while True:
        yield from range(step * config.micro_batches + world.rank, (step + 1) * config.micro_batches, world.size)
        step += 1


@contextmanager
def batches(
    task: Task, config: TrainConfig, device: torch.device, world: World, first_step: int
) -> Iterator[Iterator[tuple[int, dict[str, Tensor]]]]:
    """(number, batch on `device`) of this process from `first_step` on."""

    def make(number: int) -> tuple[int, dict[str, Tensor]]:
        generator = torch.Generator().manual_seed(seed_of_step(config.seed, number))
        batch = task.batch(number, generator)
        return number, {name: value.pin_memory() for name, value in batch.items()} if device.type == "cuda" else batch

    def move(made: tuple[int, dict[str, Tensor]]) -> tuple[int, dict[str, Tensor]]:
        return made[0], {name: value.to(device, non_blocking=True) for name, value in made[1].items()}

    order = numbers(first_step, config, world)

    def ahead(pool: ThreadPoolExecutor) -> Iterator[tuple[int, dict[str, Tensor]]]:
        waiting = [pool.submit(make, next(order)) for _ in range(2 * config.workers)]
        while True:
            made = waiting.pop(0).result()
            waiting.append(pool.submit(make, next(order)))
            yield move(made)

    if not config.workers:
        yield (move(make(number)) for number in order)
        return
    pool = ThreadPoolExecutor(config.workers, thread_name_prefix="batch")
    try:
        yield ahead(pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
