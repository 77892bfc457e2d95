from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mimica.errors import OutputError, WeightsError
from mimica.training import checkpoint
from mimica.training.checkpoint import Checkpoint


@pytest.fixture
def state() -> Checkpoint:
    weights = {"layer.weight": torch.arange(6.0).view(2, 3), "count": torch.tensor(3)}
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.5)
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return Checkpoint(7, 1.5, weights, weights, optimizer.state_dict(), {"seed": 3}, {"error": 0.25})


def test_comes_back_as_it_was(tmp_path: Path, state: Checkpoint) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(state, path)
    back = checkpoint.load(path)
    assert (back.step, back.minutes, back.config, back.metrics) == (7, 1.5, {"seed": 3}, {"error": 0.25})
    assert all(torch.equal(back.model[name], state.model[name]) for name in state.model)
    moment = back.optimizer["state"][0]["exp_avg"]
    assert torch.equal(moment, state.optimizer["state"][0]["exp_avg"])
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert torch.equal(checkpoint.averaged_weights(tmp_path)["layer.weight"], state.average["layer.weight"])


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, state: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(state, path)
    before = path.read_bytes()

    def disk_full(content: object, file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OutputError, match=r"No space left on device.*free some space and resume"):
        checkpoint.save(state, path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_missing_folder_is_an_output_error(tmp_path: Path, state: Checkpoint) -> None:
    with pytest.raises(OutputError, match="cannot write the checkpoint"):
        checkpoint.save(state, tmp_path / "gone" / "checkpoint.pt")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no checkpoint there"):
        checkpoint.load(tmp_path / "checkpoint.pt")


def test_damage_is_one_error_whatever_it_hits(tmp_path: Path, state: Checkpoint) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(state, path)
    content = path.read_bytes()
    for damaged in (b"", b"garbage", content[: len(content) // 2], content[:-5]):
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match="the checkpoint is damaged"):
            checkpoint.load(path)


class Payload:
    """What a hostile checkpoint would carry."""


def test_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"schema": 1, "model": Payload()}, path)
    with pytest.raises(WeightsError, match="the checkpoint is damaged"):
        checkpoint.load(path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"schema": 99}, path)
    with pytest.raises(WeightsError, match="not a checkpoint of schema 1"):
        checkpoint.load(path)
