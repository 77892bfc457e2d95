from __future__ import annotations

import json
from pathlib import Path

import pytest

import mimica.runtime.weights
from mimica.cli import doctor
from mimica.cli.main import run
from mimica.errors import WeightsError


def test_json_holds_what_a_bug_report_needs(capsys: pytest.CaptureFixture[str]) -> None:
    run(["doctor", "--json", "--device", "cpu"])
    findings = json.loads(capsys.readouterr().out)
    assert set(findings) == {
        "mimica", "home", "python", "system", "machine", "cores", "packages", "devices", "networks", "problems",
    }  # fmt: skip
    assert findings["devices"][-1] == "cpu"
    assert set(findings["packages"]) >= set(doctor.PACKAGES)


def test_the_shipped_weights_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("all well\n")
    assert "sha256 ok" in out


def test_an_unknown_or_missing_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--device", "tpu"]) == 2
    assert run(["doctor", "--device", "directml"]) == 7
    assert capsys.readouterr().err.count("\n") == 2


def test_damaged_weights_are_told_and_exit_6(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = mimica.runtime.weights.WeightsEntry("net", "net.onnx", "0" * 64, 10, "Apache-2.0", "nobody")

    def damaged(name: str, device: str) -> None:
        raise WeightsError(f"weights {name}: are damaged; install mimica again")

    monkeypatch.setattr(mimica.runtime.weights, "read_registry", lambda: {"net": entry})
    monkeypatch.setattr(mimica.runtime.weights, "load_network", damaged)
    assert run(["doctor"]) == 6
    out = capsys.readouterr().out
    assert "network   net: 0.00 MB, damaged" in out
    assert "problem   weights net: are damaged; install mimica again" in out


def test_an_empty_registry_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mimica.runtime.weights, "read_registry", dict)
    assert doctor.check_networks("cpu")[1] == ["no network is registered; install mimica again"]


def test_an_overwritten_opencv_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    assert doctor.rasteriser_problem() == []
    monkeypatch.delattr(cv2, "triangleRasterize")
    assert "triangleRasterize" in doctor.rasteriser_problem()[0]


def test_packages_that_are_missing() -> None:
    assert doctor.installed(("numpy", "no-such-package-here"))["no-such-package-here"] is None


def test_lines_end_with_the_verdict(tmp_path: Path) -> None:
    findings = {
        "mimica": "0", "home": "/h", "python": "3", "system": "x", "cores": 2, "packages": {"numpy": "2"},
        "devices": ["cpu"],
        "networks": [{"name": "net", "bytes": 1_500_000, "problem": None, "device": "cpu", "ms": 3.21}], "problems": [],
    }  # fmt: skip
    assert doctor.lines(findings)[-2:] == ["network   net: 1.50 MB, sha256 ok, 3.2 ms a run on cpu", "all well"]
