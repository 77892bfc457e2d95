"""The data engine's benchmark runs on whatever `mimica synthesize` prepared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "synthesis"))

import toy

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "synthesis.py"


def test_every_kind_is_timed(tmp_path: Path) -> None:
    atlas, prepared = toy.make_atlas(), tmp_path / "prepared"
    (prepared / "fitted").mkdir(parents=True)
    atlas.rig.save(prepared / "rig.npz")
    atlas.correspondence.save(prepared / "correspondence.npz")
    toy.make_fitted(atlas).save(prepared / "fitted" / "a.npz")
    command = [sys.executable, SCRIPT, tmp_path, "--seconds", "0", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    rates = json.loads(done.stdout)["per_second"]
    assert set(rates) == {"pairs, 256 px", "motion, 192 px", "rig, 512 px", "portraits built"}
    assert all(wall > 0 and busy > 0 for wall, busy in rates.values())
