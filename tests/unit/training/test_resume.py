"""A run that is killed anywhere and resumed ends with the very bits of one that was not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mimica.training import checkpoint
from mimica.training.checkpoint import CHECKPOINT_FILE
from mimica.training.config import TrainConfig
from mimica.training.debug_task import DebugTask
from mimica.training.loop import train
from mimica.training.metrics_log import METRICS_FILE, read_metrics

STEPS = 60
CONFIG = TrainConfig(steps=STEPS, seed=5, warmup_steps=10, log_every_steps=7, checkpoint_every_s=0, ema_decay=0.9)

SCRIPT = f"""
import sys
from pathlib import Path
from mimica.training.config import TrainConfig
from mimica.training.debug_task import DebugTask
from mimica.training.loop import train
class HaltingTask(DebugTask):
    def batch(self, step, generator):
        if step == 40:
            sys.stdin.read()
        return super().batch(step, generator)
train(HaltingTask(batch_size=8), TrainConfig(**{CONFIG.to_mapping()!r}), Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("uninterrupted")
    assert train(DebugTask(batch_size=8), CONFIG, run_dir).finished
    return run_dir


def start_and_kill(run_dir: Path) -> int:
    """Run the script until it has saved a checkpoint in the middle, then kill it; at step 40 it waits for that."""
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(run_dir)], stdin=subprocess.PIPE) as process:
        try:
            path = run_dir / CHECKPOINT_FILE
            until = time.monotonic() + 300
            while process.poll() is None and not (path.exists() and checkpoint.load(path).step >= 12):
                assert time.monotonic() < until, "no checkpoint was saved"
                time.sleep(0.01)
        finally:
            process.kill()
    return process.returncode


def assert_same_bits(left: Path, right: Path) -> None:
    a, b = (checkpoint.load(run_dir / CHECKPOINT_FILE) for run_dir in (left, right))
    assert a.step == b.step == STEPS
    for one, other in ((a.model, b.model), (a.average, b.average)):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert a.metrics == b.metrics


def test_a_killed_run_ends_with_the_bits_of_an_uninterrupted_one(tmp_path: Path, uninterrupted: Path) -> None:
    assert start_and_kill(tmp_path) == -signal.SIGKILL
    cut_at = checkpoint.load(tmp_path / CHECKPOINT_FILE).step
    assert 0 < cut_at < STEPS
    assert train(DebugTask(batch_size=8), CONFIG, tmp_path).finished
    assert_same_bits(tmp_path, uninterrupted)
    rows = [(row.step, row.name) for row in read_metrics(tmp_path / METRICS_FILE)]
    assert len(rows) == len(set(rows)), "a resumed run must not log a step twice"


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 0), (signal.SIGINT, 2)])
def test_a_polite_signal_saves_and_returns(
    number: signal.Signals, workers: int, tmp_path: Path, uninterrupted: Path
) -> None:
    class StoppedTask(DebugTask):
        def batch(self, step: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
            if step == 20:
                signal.raise_signal(number)
            return super().batch(step, generator)

    before = signal.getsignal(number)
    config = CONFIG.with_changes(checkpoint_every_s=1e9)
    result = train(StoppedTask(batch_size=8), config, tmp_path)
    assert (result.finished, result.step) == (False, 21)
    assert signal.getsignal(number) is before
    assert checkpoint.load(tmp_path / CHECKPOINT_FILE).step == 21
    assert train(DebugTask(batch_size=8), config.with_changes(workers=workers), tmp_path).finished
    assert_same_bits(tmp_path, uninterrupted)


def test_batches_prepared_ahead_change_nothing(tmp_path: Path, uninterrupted: Path) -> None:
    train(DebugTask(batch_size=8), CONFIG.with_changes(workers=2), tmp_path)
    assert_same_bits(tmp_path, uninterrupted)


def test_a_finished_run_resumes_to_itself(tmp_path: Path, uninterrupted: Path) -> None:
    result = train(DebugTask(batch_size=8), CONFIG, uninterrupted)
    assert result.finished
    assert result.step == STEPS
