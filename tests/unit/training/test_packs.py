"""Packs on disk: shapes, the same bytes from the same seed, runs that go on, nobody who was left out."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from mimica.errors import InputError, OutputError
from mimica.synthesis.collection import fitted_portraits
from mimica.synthesis.shards import Summary
from mimica.training import motion_rendering, packs
from mimica.training.motion_data import MotionSamples, load_packs
from mimica.training.packs import PackConfig, plan, render_packs
from mimica.training.rig_data import IGNORED, RigSamples, load_rig_packs

MOTION = PackConfig("motion", 5, seed=3, per_visit=2, visits_per_shard=2)
PEOPLE = [Path(f"{number:04d}.npz") for number in range(16)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (motion_rendering.rendered_rows, motion_rendering.photo_rows):
        monkeypatch.setattr(function, "__defaults__", (32,))


def make(
    files: Path, out: Path, config: PackConfig = MOTION, exclude: frozenset[str] = frozenset(), **more: object
) -> Summary:
    people = fitted_portraits(files / "people", exclude)
    return render_packs(people, files / "rig.npz", files / "map.npz", out, config, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(toy_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packs") / "motion"
    with pytest.MonkeyPatch.context() as patch:
        for function in (motion_rendering.rendered_rows, motion_rendering.photo_rows):
            patch.setattr(function, "__defaults__", (32,))
        make(toy_files, out)
    return out


def test_motion_packs_load(made: Path) -> None:
    samples = load_packs(made)
    assert isinstance(samples, MotionSamples)
    shapes = {"image": (32, 32, 3), "expression": (52,), "rotation": (3, 3), "placement": (3,), "gaze_deg": (4,),
              "landmarks": (70, 2), "identity": (), "trust": ()}  # fmt: skip
    assert (samples.trust == 1).sum() == MOTION.count
    for field in fields(MotionSamples):
        value = getattr(samples, field.name)
        assert value.shape == (len(samples), *shapes[field.name]), field.name
        assert value.dtype == {"image": np.uint8, "identity": np.int32}.get(field.name, np.float32), field.name
    assert set(samples.identity[samples.held_out()]) == {8}
    assert 10 not in samples.identity[samples.trust == 1]  # its photo is turned too far to be animated


def test_the_ledger_accounts_for_every_sample(made: Path) -> None:
    rows = [json.loads(line) for line in (made / "ledger.jsonl").read_text().splitlines()]
    samples = load_packs(made)
    for number in set(samples.identity):
        mine = [row for row in rows if row["identity"] == number]
        assert sum(row["samples"] for row in mine) == (samples.identity == number).sum()
        assert {row["licence"] for row in mine} == {"CC0-1.0"}
        assert all((made / row["pack"]).exists() for row in mine)


def test_the_same_seed_gives_the_same_bytes(toy_files: Path, made: Path, tmp_path: Path) -> None:
    make(toy_files, tmp_path / "again", workers=2)
    for pack in sorted(made.glob("*.npz")):
        assert pack.read_bytes() == (tmp_path / "again" / pack.name).read_bytes()
    make(toy_files, tmp_path / "other", replace(MOTION, seed=4))
    assert (tmp_path / "other" / "motion-00000.npz").read_bytes() != (made / "motion-00000.npz").read_bytes()


def test_a_killed_run_goes_on(toy_files: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, built = packs.build_portrait, []

    def dying(*arguments: object) -> object:
        built.append(1)
        if len(built) == 4:
            raise KeyboardInterrupt
        return build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(packs, "build_portrait", dying)
    with pytest.raises(KeyboardInterrupt):
        make(toy_files, tmp_path)
    assert [path.name for path in tmp_path.glob("*.npz")] == ["motion-00000.npz"]
    kept = (tmp_path / "motion-00000.npz").stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    make(toy_files, tmp_path, report=lambda done, total: told.append((done, total)))
    assert told[0][0] == 1
    assert told[-1][0] == told[-1][1]
    assert (tmp_path / "motion-00000.npz").stat().st_mtime_ns == kept
    assert (tmp_path / "ledger.jsonl").read_bytes() == (made / "ledger.jsonl").read_bytes()
    for pack in made.glob("*.npz"):
        assert pack.read_bytes() == (tmp_path / pack.name).read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_nobody_excluded_is_in_a_pack(toy_files: Path, tmp_path: Path) -> None:
    make(toy_files, tmp_path, replace(MOTION, count=3), frozenset({"0009", "0010"}))
    assert set(load_packs(tmp_path).identity) == {8, 11}
    assert "0009" not in (tmp_path / "ledger.jsonl").read_text()


def test_another_configuration_is_refused(toy_files: Path, made: Path) -> None:
    with pytest.raises(OutputError, match="other settings"):
        make(toy_files, made, replace(MOTION, seed=9))
    with pytest.raises(OutputError, match="other settings"):
        make(toy_files, made, exclude=frozenset({"0009"}))


def test_rig_packs_load(toy_files: Path, tmp_path: Path) -> None:
    summary = make(toy_files, tmp_path, PackConfig("rig", 2, seed=1), frozenset({"0010"}))
    samples = load_rig_packs(tmp_path)
    assert len(samples) == summary.items == 2 + 2 * packs.PHOTO_ROWS
    shapes = {"face_image": (192, 192, 3), "face_canonical": (96, 96, 3), "face_depth": (96, 96), "face": (96, 96),
              "mouth_image": (72, 96, 3), "mouth_canonical": (72, 96, 3), "mouth_region": (72, 96),
              "eye_image": (2, 48, 72, 3), "eye_canonical": (2, 48, 72, 3), "eye_region": (2, 48, 72),
              "wide_image": (128, 128, 3), "wide_matte": (128, 128), "expression": (52,), "identity": ()}  # fmt: skip
    for field in fields(RigSamples):
        assert getattr(samples, field.name).shape == (len(samples), *shapes[field.name]), field.name
    assert set(np.unique(samples.mouth_region)) <= {0, 1, 2, IGNORED}


def test_everybody_is_visited_before_anybody_again() -> None:
    visits = plan(PEOPLE, [0.0] * 16, PackConfig("motion", 16 * 8 + 20))
    assert {visit.path for visit in visits[:16]} == set(PEOPLE)
    assert [visit.photos for visit in visits] == [2] * 16 + [0] * 3
    assert sum(visit.rendered for visit in visits) == 16 * 8 + 20
    few = plan(PEOPLE, [0.0] * 16, PackConfig("motion", 10))
    assert [visit.rendered for visit in few] == [1] * 10


def test_who_is_turned_too_far_gives_photos_only() -> None:
    visits = plan(PEOPLE, [30.0, *[0.0] * 15], PackConfig("rig", 300))
    turned = [visit for visit in visits if visit.path == PEOPLE[0]]
    assert [(visit.rendered, visit.photos) for visit in turned] == [(0, 2)]
    with pytest.raises(InputError, match="faces the camera"):
        plan(PEOPLE, [30.0] * 16, PackConfig("rig", 300))


def test_shapes_are_mixed_within_a_split_only() -> None:
    visits = plan(PEOPLE, [0.0] * 16, PackConfig("motion", 2000, morph_share=0.5))
    morphs = [visit for visit in visits if visit.towards is not None]
    assert 0.35 < len(morphs) / len(visits) < 0.65
    for visit in morphs:
        assert visit.towards != visit.path
        assert (int(visit.path.stem) % 8 == 0) == (int(visit.towards.stem) % 8 == 0)  # type: ignore[union-attr]
        assert 0.25 <= visit.amount <= 0.75
    assert not any(visit.towards for visit in plan(PEOPLE, [0.0] * 16, PackConfig("rig", 200, morph_share=1.0)))


@pytest.mark.parametrize("name", ["count", "per_visit", "visits_per_shard"])
def test_impossible_settings_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=name):
        replace(MOTION, **{name: 0})


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    for load, kind in ((load_packs, "motion"), (load_rig_packs, "rig")):
        with pytest.raises(FileNotFoundError, match=f"mimica synthesize --kind {kind}"):
            load(tmp_path)
