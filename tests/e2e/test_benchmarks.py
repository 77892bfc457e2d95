"""The benchmark runs and its numbers mean what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "run.py"


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, timeout=500)


def test_times_a_stage_against_the_reference() -> None:
    done = benchmark("--seconds", "0", "--json", "warp")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (stage,) = report["stages"]
    assert "warp" in stage["stage"]
    assert stage["calls"] == 3
    assert stage["ms"] > 0
    assert stage["ratio"] > 0
    assert report["reference_ms"] > 0


@pytest.mark.slow
def test_provenance_is_timed_within_an_animation() -> None:
    script = SCRIPT.with_name("release.py")
    done = subprocess.run(
        [sys.executable, script, "--frames", "3", "--json"], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["frames"] == 3
    assert len(report["layers_s"]) == 6
    assert all(seconds > 0 for seconds in report["layers_s"].values())
    assert sum(report["layers_s"].values()) < report["whole_s"]
