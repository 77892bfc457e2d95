"""The training loop: any `Task`, on one CPU, one GPU or many, cut at any moment and resumed to the same weights.

What is random in a step derives from (seed, step), so a run by steps that was killed and resumed ends, on the CPU, with
the same bits as one that was not. The loop does not know what it trains.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mimica.errors import DeviceError, OutputError, UsageError
from mimica.training.batches import batches
from mimica.training.checkpoint import CHECKPOINT_FILE
from mimica.training.config import TrainConfig
from mimica.training.metrics_log import MetricsLog
from mimica.training.run_state import DivergenceError, RunState
from mimica.training.task import Task
from mimica.training.world import Alone, World

__all__ = ["DivergenceError", "Report", "TrainReport", "TrainResult", "train"]


@dataclass(frozen=True, slots=True)
class TrainReport:
    """Where a run stands: handed to the caller's `report` at every log row and evaluation."""

    step: int
    minutes: float
    progress: float
    split: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class TrainResult:
    """A run's end, or its interruption: `model` holds the averaged weights in eval mode, on the CPU."""

    model: nn.Module
    step: int
    minutes: float
    metrics: dict[str, float]
    finished: bool


Report = Callable[[TrainReport], None]


def train(
    task: Task, config: TrainConfig, run_dir: Path, *, resume: bool = True, report: Report | None = None,
    world: World | None = None,
) -> TrainResult:  # fmt: skip
    """Train until `config` says stop, or SIGTERM or SIGINT does (then `finished` is False and the state is saved).

    `run_dir` is made if needed and gets ``checkpoint.pt`` and ``metrics.csv``. `world` is who trains: this process
    alone when None; the others call this function too, with the same arguments, and see the same folder.

    Raises:
        UsageError: the folder holds a run and `resume` is False, or one of another seed; or the batches of a step
            cannot be divided among the processes.
        WeightsError: the checkpoint is damaged or belongs to another network.
        DeviceError: CUDA is asked for and absent.
        OutputError: the folder cannot be written.
        DivergenceError: the loss or the gradient is not finite.
    """
    world = world or Alone()
    if config.micro_batches % world.size:
        raise UsageError(
            f"training configuration: {config.micro_batches} batches a step cannot be divided among {world.size} "
            f"processes; set micro_batches to a multiple of {world.size}"
        )
    device = _device(config.device)
    torch.set_num_threads(config.threads)
    path = run_dir / CHECKPOINT_FILE
    if path.exists() and not resume:
        raise UsageError(f"{run_dir}: holds a run already; resume it or choose another folder")
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{run_dir}: cannot make the run's folder ({error.strerror}); choose another") from error
    run = RunState(task, config, device, world)
    if world.any(path.exists()):
        run.restore(path)
    log = MetricsLog(run_dir, run.step) if world.rank == 0 else None
    try:
        with _stop_signals() as stop, batches(task, config, device, world, run.step) as made:
            return _drive(run, made, stop, log, path, report or (lambda _: None))
    finally:
        if log is not None:
            log.close()


def _drive(
    run: RunState, made: Iterator[tuple[int, dict[str, Tensor]]], stop: threading.Event, log: MetricsLog | None,
    path: Path, report: Report,
) -> TrainResult:  # fmt: skip
    config, first = run.config, run.world.rank == 0

    def tell(split: str, values: dict[str, float]) -> None:
        minutes = run.minutes
        if log is not None:
            log.append(run.step, minutes, split, values)
            report(TrainReport(run.step, minutes, config.progress(run.step, minutes), split, values))

    def due(since_s: float, every_s: float) -> bool:
        return run.world.of_first(float(time.monotonic() - since_s >= every_s)) > 0

    saved_s = evaluated_s = time.monotonic()
    sums: dict[str, float] = {}
    counted = 0
    while run.progress < 1 and not run.world.any(stop.is_set()):
        for name, value in run.advance(made).items():
            sums[name] = sums.get(name, 0.0) + value
        counted += 1
        if run.step % config.log_every_steps == 0:
            tell("train", {name: value / counted for name, value in sums.items()})
            sums, counted = {}, 0
        if due(evaluated_s, config.evaluate_every_s) and run.progress < 1:
            tell("held_out", run.evaluate() if first else {})
            evaluated_s = time.monotonic()
        if due(saved_s, config.checkpoint_every_s):
            run.save(path)
            saved_s = time.monotonic()
    finished = run.progress >= 1
    if finished:
        tell("held_out", run.evaluate() if first else {})
    run.save(path)
    run.world.of_first(0.0)  # nobody leaves before the checkpoint is written
    return TrainResult(run.average.cpu().eval(), run.step, run.minutes, run.metrics, finished)


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM or SIGINT sets; a second signal acts as it did before. Only the main thread may ask."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _device(name: str) -> torch.device:
    """The device of a run: of several processes each one's own GPU, which `world.joined` has chosen."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device cuda: torch sees no CUDA device here; train with device cpu")
    return torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)
