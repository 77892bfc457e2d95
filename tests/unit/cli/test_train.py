from __future__ import annotations

import builtins
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mimica.cli.main import run
from mimica.cli.train import numbers


def test_without_a_recipe_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train"]) == 0
    assert "debug" in capsys.readouterr().out
    assert run(["train", "--json"]) == 0
    assert "debug" in json.loads(capsys.readouterr().out)["recipes"]


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["debug", "--minutes", "0"],
        ["debug", "--minutes", "nan"],
        ["debug", "--threads", "0"],
        ["debug", "--device", "x"],
    ],
)
def test_wrong_requests_are_one_line(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", *words, "-o", str(tmp_path / "run")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []


def test_the_debug_recipe_gives_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "debug", "-o", str(tmp_path), "--minutes", "0.02", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["weights"][0]["name"] == "debug"
    assert (tmp_path / "weights" / "debug.onnx").stat().st_size == told["weights"][0]["bytes"]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real = builtins.__import__

    def without_torch(name: str, *rest: Any) -> Any:
        if name == "mimica.training.recipes":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "mimica.training.recipes", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_torch)
    assert run(["train", "debug"]) == 2
    assert "pip install 'mimica[train]'" in capsys.readouterr().err


def test_numbers() -> None:
    assert numbers({"mae": 0.123456, "n": 3}) == "mae 0.1235, n 3"
    assert numbers({}) == "nothing measured"
