"""What training costs: steps a second by precision and by processes, bytes that each process holds, DDP beside FSDP.

    python benchmarks/training.py [--steps N] [--json FILE]

The network is the MotionEncoder (the largest of ours) on pictures of noise, through the real loop's `RunState`, one
thread a process. Parts: `precision` (fp32 and bf16, one process), `processes` (one and two, two batches a step, over
gloo on this machine), `memory` (bytes a process holds with DDP and with torch's `fully_shard`, counted from its
tensors, and a step's time of either). Times are told with the load.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import torch  # noqa: E402
from torch import Tensor, distributed, nn  # noqa: E402

from mimica.networks.motion_encoder import CROP_PX, OUTPUTS, MotionEncoder  # noqa: E402
from mimica.training.config import TrainConfig  # noqa: E402
from mimica.training.run_state import RunState  # noqa: E402
from mimica.training.task import adamw, seed_of_step  # noqa: E402
from mimica.training.world import Alone, World, joined  # noqa: E402

BATCH = 16


class NoiseTask:
    """The MotionEncoder asked for zeros from noise: every cost of training, nothing to learn."""

    def build(self) -> nn.Module:
        return MotionEncoder().to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, 1e-4)

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        return {"image": torch.rand(BATCH, CROP_PX, CROP_PX, 3, generator=generator) * 255}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        output = model(batch["image"])
        return torch.cat([output[name].float() for name in OUTPUTS], 1).square().mean(), {}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {}


def batches(world: World) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """One batch over and over: making it is not what is measured."""
    batch = NoiseTask().batch(0, torch.Generator().manual_seed(seed_of_step(0, world.rank)))
    while True:
        yield world.rank, batch


def timed(world: World, steps: int, micro_batches: int, precision: str = "fp32") -> dict[str, Any]:
    """Steps a second, and CPU seconds a sample of this process."""
    torch.set_num_threads(1)
    config = TrainConfig(steps=10_000, micro_batches=micro_batches, precision=precision)
    run, made = RunState(NoiseTask(), config, torch.device("cpu"), world), batches(world)
    for _ in range(2):
        run.advance(made)
    started, cpu = time.monotonic(), time.process_time()
    losses = [run.advance(made)["loss"] for _ in range(steps)]
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - cpu
    samples = steps * BATCH * micro_batches / world.size
    return {
        "samples_per_s": round(samples * world.size / wall_s, 2), "cpu_s_per_sample": round(cpu_s / samples, 5),
        "loss": losses[-1], "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def held_bytes(tensors: Iterator[Any]) -> int:
    """Bytes of this process's part of some tensors."""
    own = (each.to_local() if hasattr(each, "to_local") else each for each in tensors if isinstance(each, Tensor))
    return sum(each.numel() * each.element_size() for each in own)


def sharded(steps: int) -> dict[str, Any]:
    """A step and the bytes of weights, gradients and Adam's moments with `fully_shard` on these processes."""
    from torch.distributed.fsdp import fully_shard

    torch.set_num_threads(1)
    task = NoiseTask()
    model = task.build().to(memory_format=torch.contiguous_format)  # it takes no other
    fully_shard(model)
    optimizer = task.optimizer(model)
    batch = task.batch(0, torch.Generator().manual_seed(distributed.get_rank()))

    def advance() -> None:
        optimizer.zero_grad()
        task.loss(model, batch)[0].backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    for _ in range(2):
        advance()
    started = time.monotonic()
    for _ in range(steps):
        advance()
    step_s = (time.monotonic() - started) / steps
    moments = (value for state in optimizer.state.values() for value in state.values())
    return {
        "step_s": round(step_s, 4), "weights": held_bytes(iter(model.parameters())),
        "gradients": held_bytes(each.grad for each in model.parameters()), "moments": held_bytes(moments),
    }  # fmt: skip


def replicated(world: World, steps: int) -> dict[str, Any]:
    """The same with the loop's own DDP."""
    config = TrainConfig(steps=10_000, micro_batches=world.size)
    run, made = RunState(NoiseTask(), config, torch.device("cpu"), world), batches(world)
    for _ in range(2):
        run.advance(made)
    started = time.monotonic()
    for _ in range(steps):
        run.advance(made)
    step_s = (time.monotonic() - started) / steps
    moments = (value for state in run.optimizer.state.values() for value in state.values())
    return {
        "step_s": round(step_s, 4), "weights": held_bytes(iter(run.model.parameters())),
        "gradients": held_bytes(each.grad for each in run.model.parameters()), "moments": held_bytes(moments),
        "average": held_bytes(iter(run.average.parameters())),
    }  # fmt: skip


def on_two(part: str, steps: int) -> dict[str, Any]:
    """A part on two processes of this machine, as the first of them tells it."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    facts = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    words = [sys.executable, __file__, "--part", part, "--steps", str(steps)]
    two = [
        subprocess.Popen(words, env={**os.environ, **facts, "RANK": str(rank)}, stdout=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    told = [process.communicate()[0] for process in two]
    assert not any(process.returncode for process in two)
    return json.loads(told[0].splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--part", choices=("two", "sharded", "replicated"), help="as one of two processes")
    asked = parser.parse_args()
    if asked.part:
        with joined("cpu") as world:
            if asked.part == "two":
                told = timed(world, asked.steps, 2)
            else:
                told = sharded(asked.steps) if asked.part == "sharded" else replicated(world, asked.steps)
        if world.rank == 0:
            print(json.dumps(told))
        return
    parameters = sum(each.numel() for each in NoiseTask().build().parameters())
    told = {
        "batch": BATCH, "parameters": parameters,
        "precision": {name: timed(Alone(), asked.steps, 1, name) for name in ("fp32", "bf16")},
        "processes": {"1": timed(Alone(), asked.steps, 2), "2": on_two("two", asked.steps)},
        "memory": {part: on_two(part, asked.steps) for part in ("replicated", "sharded")},
    }  # fmt: skip
    print(json.dumps(told, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
