"""The world of a run: one process, or several that train one network together. The loop asks it and need not know.

Several are started by `torchrun` (or Ray Train), which says in the environment who is who; they meet through
torch.distributed, by gloo on CPUs and NCCL on GPUs. Every process holds the whole network and its optimiser: the
networks here have a few million parameters, so sharding them (FSDP) would cost more than it saves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Protocol

import torch
from torch import Tensor, distributed, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.nn.parallel import DistributedDataParallel

from mimica.errors import DeviceError, UsageError
from mimica.training.task import Task


class Objective(nn.Module):
    """A task's loss as a module of a batch, so that whatever the task does with its network happens in one forward."""

    def __init__(self, task: Task, model: nn.Module) -> None:
        super().__init__()
        self.task, self.model = task, model

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        return self.task.loss(self.model, batch)


class World(Protocol):
    """Who trains. rank: which of `size` processes this is, from 0; the first one writes files and tells people."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def share(self, objective: Objective) -> nn.Module:
        """The objective whose backward leaves in every process the mean of all processes' gradients."""
        ...

    def alone(self, shared: nn.Module) -> AbstractContextManager[None]:
        """Inside, backward adds up gradients without asking the others."""
        ...

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """The processes' mean of each value; all name the same values."""
        ...

    def of_first(self, value: float) -> float:
        """The first process's value, in all of them."""
        ...

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        ...


class Alone:
    """One process."""

    rank, size = 0, 1

    def share(self, objective: Objective) -> nn.Module:
        return objective

    def alone(self, shared: nn.Module) -> AbstractContextManager[None]:
        return nullcontext()

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        return dict(values)

    def of_first(self, value: float) -> float:
        return value

    def any(self, flag: bool) -> bool:
        return flag


class Together:
    """The processes of torch.distributed's default group; see `joined`."""

    def __init__(self, device: torch.device) -> None:
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        self._device = device

    def share(self, objective: Objective) -> nn.Module:
        devices = [self._device] if self._device.type == "cuda" else None
        return DistributedDataParallel(objective, devices, find_unused_parameters=True)

    def alone(self, shared: nn.Module) -> AbstractContextManager[None]:
        assert isinstance(shared, DistributedDataParallel)
        return shared.no_sync()

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        row = self._row(list(values.values()))
        distributed.all_reduce(row)
        return {name: float(value) / self.size for name, value in zip(values, row, strict=True)}

    def of_first(self, value: float) -> float:
        row = self._row([value])
        distributed.broadcast(row, 0)
        return float(row)

    def any(self, flag: bool) -> bool:
        row = self._row([float(flag)])
        distributed.all_reduce(row, distributed.ReduceOp.MAX)
        return bool(row)

    def _row(self, values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=self._device)


@contextmanager
def joined(device: str) -> Iterator[World]:
    """The processes that `torchrun` started, met; they part at the end of the block.

    device: as `TrainConfig.device`. Raises UsageError when this process was not started so, DeviceError when a process
    finds no GPU of its own.
    """
    missing = [name for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UsageError(
            f"training on many: {missing[0]} is not set; start it with torchrun --nproc-per-node N -m mimica train …"
        )
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    here = torch.device("cpu")
    if cuda:
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise DeviceError(f"device cuda: process {local} finds {torch.cuda.device_count()} GPUs; start fewer")
        here = torch.device("cuda", local)
        torch.cuda.set_device(here)
    if distributed.is_initialized():  # Ray Train has met already, and parts by itself
        yield Together(here)
        return
    store, rank, size = _meet()
    distributed.init_process_group("nccl" if cuda else "gloo", store=store, rank=rank, world_size=size)
    try:
        yield Together(here)
        _part(store, rank, size)
    finally:
        distributed.destroy_process_group()


def _meet() -> tuple[Store, int, int]:
    """(where they leave notes for each other, rank, size)"""
    started = os.environ.get
    outlives = started("TORCHELASTIC_USE_AGENT_STORE") == "True"  # torchrun's own store, for all it starts
    if outlives and started("GROUP_WORLD_SIZE", "1") != "1" and started("TORCHELASTIC_MAX_RESTARTS", "0") != "0":
        raise UsageError(
            "training on many: several machines that restart lost processes would not meet again; "
            "set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 and give torchrun --rdzv-backend c10d"
        )
    store, rank, size = next(distributed.rendezvous("env://"))  # pyright: ignore[reportPrivateImportUsage]
    if outlives:
        # A page for each start, or the restarted would read the addresses of the dead (pytorch issue 135712).
        store = PrefixStore(f"start {started('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    return store, rank, size


def _part(store: Store, rank: int, size: int) -> None:
    """Nobody hangs up while another still listens: gloo takes a closed connection for a lost process."""
    for farewell in ("done", "leaves"):
        store.set(f"{farewell}/{rank}", "")
        if farewell == "done" or rank == 0:  # the first process may hold the store, so it leaves last
            store.wait([f"{farewell}/{other}" for other in range(size)], timedelta(days=1))  # the first one exports
