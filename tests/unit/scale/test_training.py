"""A recipe on Ray Train: two workers, one run, its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the extra `ray`")
pytest.importorskip("torch", reason="needs the extra `train`")

from mimica.runtime.weights import load_network
from mimica.training.checkpoint import CHECKPOINT_FILE, load

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600), pytest.mark.slow]


def test_two_workers_carry_out_a_recipe(two_nodes: Any, tmp_path: Path) -> None:
    from mimica.scale.training import ClusterRun, train_on_ray

    weights = train_on_ray(
        ClusterRun("debug", tmp_path / "run", workers=2, micro_batches=2, minutes=0.02, precision="bf16")
    )
    saved = load(tmp_path / "run" / CHECKPOINT_FILE)
    assert (saved.config["micro_batches"], saved.config["device"], saved.config["precision"]) == (2, "cpu", "bf16")
    assert saved.step > 0
    assert load_network("debug", "cpu", folder=weights).metadata
