"""The training loop: any `Task`, on one CPU or one GPU, cut at any moment and resumed to the same weights.

What is random in a step derives from (seed, step), so a run by steps that was killed and resumed ends, on the CPU, with
the same bits as one that was not. The loop does not know what it trains.
"""

from __future__ import annotations

import copy
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mimica.errors import DeviceError, MimicaError, OutputError, UsageError, WeightsError
from mimica.training import checkpoint as checkpoints
from mimica.training.checkpoint import CHECKPOINT_FILE, Checkpoint
from mimica.training.config import TrainConfig
from mimica.training.metrics_log import MetricsLog
from mimica.training.task import Task, seed_of_step


class DivergenceError(MimicaError):
    """A loss or a gradient is not a finite number; the weights before that step are in the last checkpoint."""


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
    task: Task, config: TrainConfig, run_dir: Path, *, resume: bool = True, report: Report | None = None
) -> TrainResult:
    """Train until `config` says stop, or SIGTERM or SIGINT does (then `finished` is False and the state is saved).

    `run_dir` is made if needed and gets ``checkpoint.pt`` and ``metrics.csv``.

    Raises:
        UsageError: the folder holds a run and `resume` is False, or it holds one of another seed.
        WeightsError: the checkpoint is damaged or belongs to another network.
        DeviceError: CUDA is asked for and absent.
        OutputError: the folder cannot be written.
        DivergenceError: the loss or the gradient is not finite.
    """
    device = _device(config.device)
    torch.set_num_threads(config.threads)
    path = run_dir / CHECKPOINT_FILE
    if path.exists() and not resume:
        raise UsageError(f"{run_dir}: holds a run already; resume it or choose another folder")
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{run_dir}: cannot make the run's folder ({error.strerror}); choose another") from error
    run = _Run(task, config, device)
    if path.exists():
        run.restore(path)
    log = MetricsLog(run_dir, run.step)
    try:
        with _stop_signals() as stop, _batches(task, config, device, run) as batches:
            return _drive(run, batches, stop, log, path, report or (lambda _: None))
    finally:
        log.close()


class _Run:
    """The state that a checkpoint holds, live."""

    def __init__(self, task: Task, config: TrainConfig, device: torch.device) -> None:
        torch.manual_seed(seed_of_step(config.seed, 0xFFFFFFFF))
        self.task, self.config, self.device = task, config, device
        self.model = task.build().to(device)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = task.optimizer(self.model)
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.step, self.metrics = 0, {}
        self._minutes_before, self._started_s = 0.0, time.monotonic()

    @property
    def minutes(self) -> float:
        return self._minutes_before + (time.monotonic() - self._started_s) / 60

    @property
    def progress(self) -> float:
        return self.config.progress(self.step, self.minutes)

    def restore(self, path: Path) -> None:
        saved = checkpoints.load(path, self.device)
        if saved.config.get("seed") != self.config.seed:
            raise UsageError(
                f"{path}: the run has seed {saved.config.get('seed')}, not {self.config.seed}; ask for that seed"
            )
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
        state = Checkpoint(
            self.step, self.minutes, self.model.state_dict(), self.average.state_dict(), self.optimizer.state_dict(),
            self.config.to_mapping(), self.metrics,
        )  # fmt: skip
        checkpoints.save(state, path)

    def advance(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """One step; returns the loss, its terms, the gradient's norm."""
        rate = self.config.rate_at(self.step, self.minutes)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * rate
        torch.manual_seed(seed_of_step(self.config.seed + 1, self.step))  # dropout and the like
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        loss, terms = self.task.loss(self.model, batch)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        values = {"loss": float(loss.detach()), **terms, "gradient_norm": float(norm)}
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
        self.average.eval()
        with torch.no_grad():
            self.metrics = {name: float(value) for name, value in self.task.evaluate(self.average).items()}
        return self.metrics


def _drive(
    run: _Run, batches: Iterator[dict[str, Tensor]], stop: threading.Event, log: MetricsLog, path: Path, report: Report
) -> TrainResult:
    config = run.config

    def tell(split: str, values: dict[str, float]) -> None:
        minutes = run.minutes
        log.append(run.step, minutes, split, values)
        report(TrainReport(run.step, minutes, config.progress(run.step, minutes), split, values))

    saved_s = evaluated_s = time.monotonic()
    sums: dict[str, float] = {}
    counted = 0
    while run.progress < 1 and not stop.is_set():
        for name, value in run.advance(next(batches)).items():
            sums[name] = sums.get(name, 0.0) + value
        counted += 1
        if run.step % config.log_every_steps == 0:
            tell("train", {name: value / counted for name, value in sums.items()})
            sums, counted = {}, 0
        if time.monotonic() - evaluated_s >= config.evaluate_every_s and run.progress < 1:
            tell("held_out", run.evaluate())
            evaluated_s = time.monotonic()
        if time.monotonic() - saved_s >= config.checkpoint_every_s:
            run.save(path)
            saved_s = time.monotonic()
    finished = run.progress >= 1
    if finished:
        tell("held_out", run.evaluate())
    run.save(path)
    return TrainResult(run.average.cpu().eval(), run.step, run.minutes, run.metrics, finished)


@contextmanager
def _batches(task: Task, config: TrainConfig, device: torch.device, run: _Run) -> Iterator[Iterator[dict[str, Tensor]]]:
    """Batches from the run's step on; the order never depends on `workers`."""

    def make(step: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed_of_step(config.seed, step))
        batch = task.batch(step, generator)
        return {name: value.pin_memory() for name, value in batch.items()} if device.type == "cuda" else batch

    def move(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value.to(device, non_blocking=True) for name, value in batch.items()}

    def one_by_one() -> Iterator[dict[str, Tensor]]:
        while True:
            yield move(make(run.step))

    def ahead(pool: ThreadPoolExecutor) -> Iterator[dict[str, Tensor]]:
        first = run.step
        waiting = [pool.submit(make, first + index) for index in range(2 * config.workers)]
        following = first + len(waiting)
        while True:
            batch = waiting.pop(0).result()
            waiting.append(pool.submit(make, following))
            following += 1
            yield move(batch)

    if not config.workers:
        yield one_by_one()
        return
    pool = ThreadPoolExecutor(config.workers, thread_name_prefix="batch")
    try:
        yield ahead(pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device cuda: torch sees no CUDA device here; train with device cpu")
    return torch.device(name)
