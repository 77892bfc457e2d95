"""Curation on a real cluster of two nodes, one of which is killed half-way: the bytes are those of one process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the extra `ray`")
pytest.importorskip("scenedetect", reason="needs the extra `curate`")

from mimica.curation.config import CurationConfig
from mimica.curation.engine import InlineEngine
from mimica.curation.pipeline import curate
from mimica.scale.curation import RayEngine

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600), pytest.mark.slow]

DRIVERS = Path(__file__).parents[3] / "src" / "mimica" / "evaluation" / "benchmark" / "drivers"
CONFIG = CurationConfig(size=96, samples_per_s=2, shortest_s=1, longest_s=2)


def made(films: Path, out: Path, engine: Any, report: Any = None) -> dict[str, bytes]:
    curate([films], films.parent / "ledger.jsonl", out, CONFIG, engine, date="2026-11-22", report=report)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf") / "films"
    folder.mkdir()
    names = ("mouth.mp4", "face.mp4", "head.mp4")
    for name in names:
        shutil.copy(DRIVERS / name, folder / name)
    (folder / "broken.mp4").write_bytes(b"no film")
    rows = [
        {
            "file": f"films/{name}", "subject": name, "source": "rendered", "licence": "MIT", "consent": "fictional",
            "adult": True,
        }
        for name in (*names, "broken.mp4")
    ]  # fmt: skip
    (folder.parent / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_killed_node_changes_no_byte(films: Path, two_nodes: Any, tmp_path: Path) -> None:
    killed: list[str] = []

    def report(stage: str, done: int, total: int) -> None:
        if stage == "analyse" and done == 1 and not killed:
            killed.append(stage)
            two_nodes.kill_second()

    on_ray = made(films, tmp_path / "ray", RayEngine(), report)
    assert killed
    inline = made(films, tmp_path / "inline", InlineEngine())
    assert on_ray == inline
    assert len([name for name in inline if name.endswith(".tar")]) == 3
