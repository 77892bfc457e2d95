"""What a user runs stays light: no torch anywhere, and importing does next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEVELOPERS_ONLY = {
    "torch",
    "ray",
    "pyarrow",
    "scenedetect",
    "pandas",
    "scipy",
    "numba",
    "mediapipe",
    "moderngl",
    "matplotlib",
    "skimage",
}
HEAVY = {"numpy", "cv2", "av", "onnxruntime", "PIL"}


def modules_after(code: str, cwd: Path) -> set[str]:
    """Top-level modules that a fresh interpreter holds after `code`."""
    script = f"{code}\nimport sys, json\nsys.stderr.write(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=cwd, timeout=500)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_importing_mimica_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not modules_after("import mimica; mimica.MimicaError; dir(mimica)", tmp_path) & (DEVELOPERS_ONLY | HEAVY)


def test_importing_the_command_line_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not modules_after("import mimica.cli.main", tmp_path) & (DEVELOPERS_ONLY | HEAVY | {"rich"})


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--json"], ["--help"]])
def test_the_doctor_runs_without_the_developers_packages(arguments: list[str], tmp_path: Path) -> None:
    loaded = modules_after(f"from mimica.cli.main import run; run({arguments!r})", tmp_path)
    assert not loaded & DEVELOPERS_ONLY


def test_finding_faces_runs_without_the_developers_packages(tmp_path: Path) -> None:
    photo = Path(__file__).parents[2] / "src" / "mimica" / "demo" / "portrait.jpg"
    loaded = modules_after(f"from mimica.cli.main import run; run(['faces', {str(photo)!r}])", tmp_path)
    assert "onnxruntime" in loaded
    assert not loaded & DEVELOPERS_ONLY
