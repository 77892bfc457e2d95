from __future__ import annotations

import copy
import itertools
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from mimica.errors import DeviceError, OutputError, UsageError, WeightsError
from mimica.training import checkpoint, run_state
from mimica.training.checkpoint import CHECKPOINT_FILE
from mimica.training.config import TrainConfig
from mimica.training.debug_task import DebugTask
from mimica.training.loop import DivergenceError, TrainReport, train
from mimica.training.metrics_log import METRICS_FILE, MetricsLog, read_metrics

SHORT = TrainConfig(steps=6, warmup_steps=2, log_every_steps=2, ema_decay=0.5)
TASK = DebugTask(batch_size=4)


class LineTask:
    """y = w·x, so that a step can be computed by hand."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def build(self) -> nn.Module:
        line = nn.Linear(1, 1, bias=False)
        nn.init.constant_(line.weight, 1.0)
        return line

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        return {"x": torch.full((1, 1), self.scale)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        return model(batch["x"]).sum(), {"term": 7.0}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        assert not model.training
        return {"weight": float(next(model.parameters()))}

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD(model.parameters(), lr=0.1)


def test_follows_the_schedule_clips_and_averages(tmp_path: Path) -> None:
    config = TrainConfig(steps=3, warmup_steps=0, clip_norm=2.0, ema_decay=0.9, log_every_steps=1)
    result = train(LineTask(scale=8.0), config, tmp_path)
    weight = average = 1.0
    for step in range(3):
        weight -= 0.1 * config.rate_at(step, 0) * 2.0  # the gradient 8 is clipped to 2
        decay = min(0.9, (2 + step) / (11 + step))
        average = decay * average + (1 - decay) * weight
    assert float(next(result.model.parameters())) == pytest.approx(average, rel=1e-5)
    saved = checkpoint.load(tmp_path / CHECKPOINT_FILE)
    assert float(saved.model["weight"]) == pytest.approx(weight, rel=1e-5)
    rows = list(read_metrics(tmp_path / METRICS_FILE))
    assert [row.value for row in rows if row.name == "gradient_norm"] == [8.0] * 3
    assert [row.value for row in rows if row.name == "term"] == [7.0] * 3
    assert rows[-1].split == "held_out"
    assert rows[-1].value == pytest.approx(average, rel=1e-5)
    assert result.metrics == saved.metrics


@pytest.mark.parametrize(("scale", "name"), [(float("nan"), "loss is nan"), (float("inf"), "loss is inf")])
def test_a_loss_that_is_not_finite_is_an_error(scale: float, name: str, tmp_path: Path) -> None:
    with pytest.raises(DivergenceError, match=f"training step 0: {name}; lower the learning rate"):
        train(LineTask(scale), SHORT, tmp_path)
    assert not (tmp_path / CHECKPOINT_FILE).exists()


def test_a_gradient_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    class RootTask(LineTask):
        def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
            return torch.sqrt(model(batch["x"]) * 0).sum(), {}

    with pytest.raises(DivergenceError, match="gradient_norm is"):
        train(RootTask(), SHORT, tmp_path)


def test_a_run_by_minutes_counts_time_over_resumptions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count()  # at a clock that goes on by a thousandth of a minute with each
    monkeypatch.setattr(run_state, "time", SimpleNamespace(monotonic=lambda: 0.06 * next(looks)))
    config = TrainConfig(minutes=0.004, log_every_steps=1)
    first = train(TASK, config, tmp_path)
    assert first.finished
    assert 0.004 <= first.minutes < 0.1
    longer = train(TASK, config.with_changes(minutes=first.minutes + 0.02), tmp_path)
    assert longer.finished
    assert longer.step > first.step
    assert first.minutes + 0.02 <= longer.minutes < first.minutes + 0.1


def test_reports_what_it_logs(tmp_path: Path) -> None:
    reports: list[TrainReport] = []
    train(TASK, SHORT.with_changes(evaluate_every_s=0), tmp_path, report=reports.append)
    assert [report.step for report in reports if report.split == "train"] == [2, 4, 6]
    assert [report.step for report in reports if report.split == "held_out"] == [1, 2, 3, 4, 5, 6]
    assert reports[-1].progress == 1
    assert "center_x_error_px" in reports[-1].values


def test_evaluations_do_not_touch_the_training(tmp_path: Path) -> None:
    quiet = train(TASK, SHORT, tmp_path / "quiet").model.state_dict()
    busy = train(TASK, SHORT.with_changes(evaluate_every_s=0), tmp_path / "busy").model.state_dict()
    assert all(torch.equal(quiet[name], busy[name]) for name in quiet)


def test_seeds_differ(tmp_path: Path) -> None:
    one = train(TASK, SHORT, tmp_path / "one").model.state_dict()
    two = train(TASK, SHORT.with_changes(seed=1), tmp_path / "two").model.state_dict()
    assert not torch.equal(one["head.weight"], two["head.weight"])


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    train(TASK, SHORT, tmp_path)
    with pytest.raises(UsageError, match="holds a run already"):
        train(TASK, SHORT, tmp_path, resume=False)
    with pytest.raises(UsageError, match="the run has seed 0, not 1"):
        train(TASK, SHORT.with_changes(seed=1), tmp_path)
    with pytest.raises(WeightsError, match="of another network"):
        train(LineTask(), SHORT, tmp_path)


def test_an_impossible_folder_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make the run's folder"):
        train(TASK, SHORT, tmp_path / "file" / "run")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="device cuda"):
        train(TASK, SHORT.with_changes(device="cuda"), tmp_path)
    assert train(TASK, SHORT.with_changes(device="auto"), tmp_path).finished


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_learns_what_the_cpu_learns(tmp_path: Path) -> None:
    config = TrainConfig(steps=200, warmup_steps=10, device="cuda", workers=2)
    cuda = train(DebugTask(), config, tmp_path / "cuda").metrics
    cpu = train(DebugTask(), config.with_changes(device="cpu"), tmp_path / "cpu").metrics
    assert all(abs(cuda[name] - cpu[name]) < 0.3 for name in cpu)
    assert train(DebugTask(), config.with_changes(steps=210, device="cpu"), tmp_path / "cuda").finished


def test_errors_of_a_batch_prepared_ahead_arrive(tmp_path: Path) -> None:
    class FailingTask(LineTask):
        def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
            if step == 3:
                raise ValueError("no such picture")
            return super().batch(step, generator)

    with pytest.raises(ValueError, match="no such picture"):
        train(FailingTask(), SHORT.with_changes(workers=2), tmp_path)


def test_trains_outside_the_main_thread(tmp_path: Path) -> None:
    results = []
    thread = threading.Thread(target=lambda: results.append(train(LineTask(), SHORT, tmp_path)))
    thread.start()
    thread.join()
    assert results[0].finished


def test_an_adversary_fits_into_one_loss() -> None:
    """The recipe of `training.task`: each half gets only its own gradient from one backward."""

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.generator, self.critic = nn.Linear(2, 2), nn.Linear(2, 1)

    pair = Pair()
    noise, real = torch.randn(4, 2), torch.randn(4, 2)
    alone = copy.deepcopy(pair)
    frozen = {name: value.detach() for name, value in pair.critic.named_parameters()}
    fake = pair.generator(noise)
    fooled = -torch.func.functional_call(pair.critic, frozen, (fake,)).mean()
    told = pair.critic(fake.detach()).mean() - pair.critic(real).mean()
    (fooled + told).backward()

    told_alone = alone.critic(alone.generator(noise).detach()).mean() - alone.critic(real).mean()
    assert torch.allclose(
        pair.critic.weight.grad,
        torch.autograd.grad(told_alone, alone.critic.weight)[0],  # pyright: ignore
    )
    assert pair.generator.weight.grad is not None


def test_the_log_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path, 0)
    for step in (2, 4, 6):
        log.append(step, step / 10, "train", {"loss": step + 0.5})
    log.close()
    with (tmp_path / METRICS_FILE).open("a") as file:
        file.write("8,0.8,tra")  # a kill in the middle of a row
    log = MetricsLog(tmp_path, 4)
    log.append(6, 0.61, "train", {"loss": float("inf")})
    log.close()
    rows = [(row.step, row.value) for row in read_metrics(tmp_path / METRICS_FILE)]
    assert rows == [(2, 2.5), (4, 4.5), (6, float("inf"))]
