from __future__ import annotations

import dataclasses
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from mimica.errors import Interrupted, UsageError, WeightsError
from mimica.runtime.weights import load_network, read_registry
from mimica.training import recipes
from mimica.training.debug_task import DISC_VALUES, PICTURE_PX, DebugTask, draw_discs
from mimica.training.recipes import RECIPES, Plan, Request


def shortened(request: Request) -> Plan:
    plan = RECIPES["debug"](request)
    return dataclasses.replace(plan, config=plan.config.with_changes(steps=20))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "short", shortened)


def test_the_debug_recipe_ends_in_weights_that_work(tmp_path: Path) -> None:
    outcome = recipes.run("debug", out=tmp_path)
    assert all(error_px < 0.5 for error_px in outcome.result.metrics.values())
    (entry,) = outcome.weights
    assert read_registry(outcome.folder) == {"debug": entry}
    assert entry.metrics.keys() == outcome.result.metrics.keys()

    network = load_network("debug", "cpu", threads=1, folder=outcome.folder)
    network.require({"picture_px": PICTURE_PX, "values": DISC_VALUES})
    image, disc = draw_discs(64, torch.Generator().manual_seed(9))
    given = network.run({"image": image.round().to(torch.uint8).numpy()})["disc"]
    assert np.abs(given - disc.numpy()).mean() * PICTURE_PX < 0.5


def test_stops_resumes_and_finishes(tmp_path: Path, short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = DebugTask.batch

    def stop_at_five(task: DebugTask, step: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
        if step == 5:
            signal.raise_signal(signal.SIGTERM)
        return whole(task, step, generator)

    monkeypatch.setattr(DebugTask, "batch", stop_at_five)
    with pytest.raises(Interrupted, match=r"recipe short: stopped and saved at step 6 .* go on with --resume"):
        recipes.run("short", out=tmp_path)
    assert not (tmp_path / recipes.WEIGHTS_FOLDER).exists()
    with pytest.raises(UsageError, match="holds a run already"):
        recipes.run("short", out=tmp_path)
    monkeypatch.setattr(DebugTask, "batch", whole)
    outcome = recipes.run("short", out=tmp_path, resume=True)
    assert outcome.result.step == 20

    straight = recipes.run("short", out=tmp_path / "straight")
    assert straight.weights[0].sha256 == outcome.weights[0].sha256, "equal weights give equal files"
    again = recipes.export_run("short", None, tmp_path, tmp_path / "again")
    assert again[0].sha256 == outcome.weights[0].sha256
    assert again[0].metrics == outcome.weights[0].metrics


def test_minutes_replace_the_steps(tmp_path: Path, short: None) -> None:
    outcome = recipes.run("short", out=tmp_path, minutes=0.004)
    assert outcome.result.minutes >= 0.004


def test_wrong_requests(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"recipe 'nothing': unknown; choose one of .*debug"):
        recipes.run("nothing", out=tmp_path)
    with pytest.raises(UsageError, match="needs training data; give its folder with --data"):
        Request(None, 0).data_folder("motion_encoder")
    with pytest.raises(UsageError, match="no such folder of training data"):
        Request(tmp_path / "gone", 0).data_folder("motion_encoder")
    assert Request(tmp_path, 0).data_folder("motion_encoder") == tmp_path
    with pytest.raises(WeightsError, match="no checkpoint there"):
        recipes.export_run("debug", None, tmp_path, tmp_path / "weights")


def test_every_recipe_describes_itself() -> None:
    described = recipes.describe()
    assert described.keys() == RECIPES.keys()
    assert all(described.values())
