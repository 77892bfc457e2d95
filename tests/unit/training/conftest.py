"""The data engine's toy head for packs, made once; and torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))

import toy

from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.portrait import Portrait, build_portrait


@pytest.fixture(scope="session")
def toy_atlas() -> HeadAtlas:
    return toy.make_atlas()


@pytest.fixture(scope="session")
def toy_portrait(toy_atlas: HeadAtlas) -> Portrait:
    return build_portrait(toy_atlas, toy.make_fitted(toy_atlas))


@pytest.fixture(scope="session")
def toy_files(toy_atlas: HeadAtlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """rig.npz, map.npz, and in people/ the fitted portraits 0008 (held out), 0009, 0010 (turned too far), 0011."""
    folder = tmp_path_factory.mktemp("toy")
    toy_atlas.rig.save(folder / "rig.npz")
    toy_atlas.correspondence.save(folder / "map.npz")
    (folder / "people").mkdir()
    for key, yaw_deg in (("0008", 4.0), ("0009", -3.0), ("0010", 30.0), ("0011", 6.0)):
        toy.make_fitted(toy_atlas, key, yaw_deg).save(folder / "people" / f"{key}.npz")
    return folder


@pytest.fixture(scope="session")
def torchrun() -> Callable[..., None]:
    """Run a script in two processes; raises CalledProcessError when one is lost more often than restarts allow.

    Two restarts, unless a test wants to see them fail: that meeting over gloo fails now and then is known upstream.
    """

    def run(script: Path, *words: object, restarts: int = 2) -> None:
        start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        subprocess.run(
            [*start, "--max-restarts", str(restarts), str(script), *map(str, words)],
            env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else None,
            check=True, timeout=400,
        )  # fmt: skip

    return run
