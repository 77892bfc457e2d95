"""Many processes train as one: the same loss curve, whoever adds up the batches, and after a worker was lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mimica.errors import UsageError
from mimica.training.batches import numbers
from mimica.training.checkpoint import CHECKPOINT_FILE, load
from mimica.training.config import TrainConfig
from mimica.training.debug_task import DebugTask
from mimica.training.loop import train
from mimica.training.metrics_log import METRICS_FILE, read_metrics
from mimica.training.task import seed_of_step
from mimica.training.world import Alone, joined

MICRO = 4
CONFIG = TrainConfig(
    steps=16, seed=3, micro_batches=MICRO, warmup_steps=4, log_every_steps=1, checkpoint_every_s=0, ema_decay=0.9
)
SCRIPT = f"""
import faulthandler, os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_world import PlainTask
from mimica.training.config import TrainConfig
from mimica.training.loop import train
from mimica.training.world import joined
faulthandler.dump_traceback_later(200)
lost = Path(sys.argv[1]).with_name("lost")
class Task(PlainTask):
    def batch(self, number, generator):
        if os.environ["RANK"] == "1" and number == int(sys.argv[2]) * {MICRO} + 1 and not lost.exists():
            lost.touch()
            os._exit(9)
        return super().batch(number, generator)
with joined("cpu") as world:
    train(Task(batch_size=8), TrainConfig(**{CONFIG.to_mapping()!r}), Path(sys.argv[1]), world=world)
"""


class PlainTask(DebugTask):
    """Without dropout and batch norm, whose noise and statistics depend on how a step is divided."""

    def build(self) -> nn.Module:
        def plain(part: nn.Module) -> nn.Module:
            for name, child in part.named_children():
                if isinstance(child, nn.BatchNorm2d):
                    setattr(part, name, nn.GroupNorm(1, child.num_features))
                elif isinstance(child, nn.Dropout):
                    setattr(part, name, nn.Identity())
                else:
                    plain(child)
            return part

        return plain(super().build())


@dataclass(frozen=True, slots=True)
class BigBatch(PlainTask):
    """One batch that holds what `MICRO` batches of a step hold."""

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        parts = [
            PlainTask(batch_size=8).batch(number, torch.Generator().manual_seed(seed_of_step(CONFIG.seed, number)))
            for number in range(step * MICRO, (step + 1) * MICRO)
        ]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def curve(run_dir: Path) -> Tensor:
    rows = [row for row in read_metrics(run_dir / METRICS_FILE) if (row.split, row.name) == ("train", "loss")]
    assert [row.step for row in rows] == list(range(1, CONFIG.steps + 1))  # pyright: ignore[reportOperatorIssue]
    return torch.tensor([row.value for row in rows])


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("alone")
    train(PlainTask(batch_size=8), CONFIG, run_dir)
    return run_dir


def test_adding_up_batches_is_one_big_batch(alone: Path, tmp_path: Path) -> None:
    train(BigBatch(), CONFIG.with_changes(micro_batches=1), tmp_path)
    torch.testing.assert_close(curve(tmp_path), curve(alone), rtol=1e-4, atol=1e-6)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_two_processes_train_as_one(alone: Path, script: Path, tmp_path: Path, torchrun: Callable[..., None]) -> None:
    torchrun(script, tmp_path / "run", CONFIG.steps)
    torch.testing.assert_close(curve(tmp_path / "run"), curve(alone), rtol=1e-4, atol=1e-6)
    ours, theirs = (load(folder / CHECKPOINT_FILE) for folder in (alone, tmp_path / "run"))
    for name, value in ours.average.items():
        torch.testing.assert_close(theirs.average[name], value, rtol=1e-3, atol=1e-5)
    assert theirs.step == CONFIG.steps


def test_two_go_on_when_one_was_lost_and_is_started_again(
    alone: Path, script: Path, tmp_path: Path, torchrun: Callable[..., None]
) -> None:
    torchrun(script, tmp_path / "run", 7)
    assert (tmp_path / "lost").exists()
    torch.testing.assert_close(curve(tmp_path / "run"), curve(alone), rtol=1e-4, atol=1e-6)


def test_one_goes_on_when_the_other_is_lost(
    alone: Path, script: Path, tmp_path: Path, torchrun: Callable[..., None]
) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        torchrun(script, tmp_path / "run", 7, restarts=0)
    assert load(tmp_path / "run" / CHECKPOINT_FILE).step == 7
    train(PlainTask(batch_size=8), CONFIG, tmp_path / "run")
    torch.testing.assert_close(curve(tmp_path / "run"), curve(alone), rtol=1e-4, atol=1e-6)


def test_every_batch_is_somebodys_and_nobodys_twice() -> None:
    class Member(Alone):
        def __init__(self, rank: int) -> None:
            self.rank, self.size = rank, 2

    taken = [[next(order) for _ in range(6)] for order in (numbers(5, CONFIG, Member(rank)) for rank in (0, 1))]
    assert sorted(taken[0] + taken[1]) == list(range(20, 32))
    assert numbers(5, CONFIG.with_changes(micro_batches=1), Alone()).__next__() == 5


def test_what_cannot_be_divided_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Three(Alone):
        size = 3

    with pytest.raises(UsageError, match="multiple of 3"):
        train(PlainTask(), CONFIG, tmp_path, world=Three())
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(UsageError, match="torchrun"), joined("cpu"):
        pass


def test_machines_that_could_not_meet_again_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    started = {"RANK": "0", "WORLD_SIZE": "2", "GROUP_WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    started |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_MAX_RESTARTS": "3"}
    for name, value in started.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1"), joined("cpu"):
        pass


def test_a_run_keeps_its_number_of_batches(alone: Path) -> None:
    with pytest.raises(UsageError, match="micro_batches 4, not 2"):
        train(PlainTask(batch_size=8), CONFIG.with_changes(micro_batches=2), alone)


def test_mixed_precision_learns_nearly_the_same(alone: Path, tmp_path: Path) -> None:
    train(PlainTask(batch_size=8), CONFIG.with_changes(precision="bf16"), tmp_path)
    difference = (curve(tmp_path) - curve(alone)).abs().mean() / curve(alone).mean()
    assert 0 < difference < 0.05
