"""Data sets on disk: the same bytes from the same seed, whole shards or none, and every item accounted for."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mimica.errors import InputError, OutputError
from mimica.synthesis.dataset import DatasetConfig, block_members, select_portraits, synthesize
from mimica.synthesis.encoding import SOURCE_XY_STEPS

CONFIG = DatasetConfig(count=4, seed=3, size=48, people=2, motions=1, groups_per_shard=1, image_format="webp")


def make(stored: Path, out: Path, config: DatasetConfig = CONFIG):
    people = select_portraits(stored / "people", config)
    return synthesize(people, stored / "rig.npz", stored / "map.npz", out, config)


@pytest.fixture(scope="module")
def made(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "one"
    make(stored, out)
    return out


def members(shard: Path) -> dict[str, bytes]:
    with tarfile.open(shard) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


def test_every_item_is_in_the_ledger(made: Path) -> None:
    rows = [json.loads(row) for row in (made / "ledger.jsonl").read_text().splitlines()]
    assert len(rows) == 4
    files = {name for shard in sorted(made.glob("*.tar")) for name in members(shard)}
    for row in rows:
        assert {f"{row['key']}.target.webp", f"{row['key']}.source.webp", f"{row['key']}.truth.npz"} <= files
        assert row["licence"] == "CC0-1.0"
        assert row["source"] == "toy"
        assert row["seed"] == 3
        assert (made / row["shard"]).exists()
    assert len(files) == 3 * len(rows)


def test_the_same_seed_gives_the_same_bytes(stored: Path, made: Path, tmp_path: Path) -> None:
    make(stored, tmp_path / "again")
    for shard in sorted(made.glob("*.tar")):
        assert shard.read_bytes() == (tmp_path / "again" / shard.name).read_bytes()
    other = make(stored, tmp_path / "other", replace(CONFIG, seed=4, count=2))
    assert other.shards[0].read_bytes() != (made / "shard-00000.tar").read_bytes()


def test_an_interrupted_run_goes_on(stored: Path, made: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut"
    shutil.copytree(made, out)
    (out / "shard-00001.tar").unlink()
    (out / "ledger.jsonl").unlink()
    kept = (out / "shard-00000.tar").stat().st_mtime_ns
    make(stored, out)
    assert (out / "shard-00000.tar").stat().st_mtime_ns == kept
    assert (out / "shard-00001.tar").read_bytes() == (made / "shard-00001.tar").read_bytes()
    assert not list(out.glob("*.part"))


def test_truth_reads_back(made: Path) -> None:
    files = members(made / "shard-00000.tar")
    name = next(name for name in files if name.endswith("truth.npz"))
    truth = np.load(io.BytesIO(files[name]), allow_pickle=False)
    assert truth["part"].shape == (48, 48)
    assert truth["canonical"].dtype == np.float16
    xy = truth["source_xy"].astype(np.float32) / SOURCE_XY_STEPS
    assert -200 < xy.min() < xy.max() < 720
    assert truth["landmarks"].shape == (70, 2)
    assert truth["motion"].shape == (12,)
    image = cv2.imdecode(np.frombuffer(files[name.replace("truth.npz", "target.webp")], np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (48, 48, 3)


def test_a_group_shares_its_motion(made: Path) -> None:
    files = members(made / "shard-00000.tar")
    motions = {}
    for name, data in files.items():
        if name.endswith("truth.npz"):
            motions.setdefault(name.split("-")[0], []).append(np.load(io.BytesIO(data))["motion"])
    for group in motions.values():
        assert len(group) == 2
        np.testing.assert_array_equal(group[0], group[1])


def test_clips_hold_consecutive_frames(stored: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, count=6, frames=3, people=1, truth=False, image_format="jpg")
    summary = make(stored, tmp_path / "clips", config)
    assert summary.items == 6
    files = members(summary.shards[0])
    assert sum(name.endswith("source.jpg") for name in files) == 1
    assert "part" not in np.load(io.BytesIO(files["0000000-00-001.truth.npz"])).files


def test_another_configuration_is_refused(stored: Path, made: Path) -> None:
    with pytest.raises(OutputError, match="other settings"):
        make(stored, made, replace(CONFIG, seed=9))


def test_portraits_can_be_excluded(stored: Path) -> None:
    chosen = select_portraits(stored / "people", CONFIG, frozenset({"b"}))
    assert [path.stem for path in chosen] == ["a", "c"]
    with pytest.raises(InputError, match="faces the camera"):
        select_portraits(stored / "people", replace(CONFIG, yaw_limit_deg=1.0))


def test_everybody_performs_before_anybody_again() -> None:
    seen = [member for block in range(5) for member in block_members(5, CONFIG, block)]
    assert sorted(seen[:5]) == list(range(5))
    assert sorted(seen[5:]) == list(range(5))


@pytest.mark.parametrize("change", [{"count": 0}, {"motions": 2}, {"people": 0}])
def test_impossible_settings_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="dataset:"):
        replace(CONFIG, **change)
