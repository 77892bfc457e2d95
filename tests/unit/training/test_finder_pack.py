"""Packs of scenes: held-out faces apart, the same bytes from the same seed in any order, whole photos too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mimica.errors import InputError
from mimica.synthesis.collection import fitted_portraits
from mimica.synthesis.fitted import FittedPortrait
from mimica.training import finder_pack
from mimica.training.finder_pack import SceneConfig, draw_scenes, load_portraits
from mimica.training.finder_scenes import MAX_FACES, SCENE_PX
from mimica.training.finder_task import load_scenes

CONFIG = SceneConfig(5, held_out=2, seed=3, per_pack=2)


@pytest.fixture(scope="module")
def made(toy_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scenes")
    draw_scenes(fitted_portraits(toy_files / "people"), None, out, CONFIG)
    return out


def test_packs_read_back_together(made: Path) -> None:
    assert len(list(made.glob("train-*.npz"))) == 3
    for split, count in (("train", 5), ("val", 2)):
        images, faces = load_scenes(made / f"{split}.npz")
        assert images.shape == (count, SCENE_PX, SCENE_PX, 3)
        assert faces.shape == (count, MAX_FACES, 14)
        assert faces.dtype == np.float32
    np.testing.assert_array_equal(load_scenes(made / "val-00000.npz")[0], load_scenes(made / "val.npz")[0])
    with pytest.raises(FileNotFoundError, match="--kind finder"):
        load_scenes(made / "none.npz")


def test_held_out_faces_are_in_no_training_scene(made: Path) -> None:
    rows = [json.loads(line) for line in (made / "ledger.jsonl").read_text().splitlines()]
    assert {row["portrait"] for row in rows if row["split"] == "val"} == {"0008"}
    assert {row["portrait"] for row in rows if row["split"] == "train"} == {"0009", "0010", "0011"}
    assert sum(row["samples"] for row in rows) == 7


def test_a_missing_pack_is_drawn_again_as_it_was(toy_files: Path, made: Path) -> None:
    pack = made / "train-00001.npz"
    before = pack.read_bytes()
    pack.unlink()
    summary = draw_scenes(fitted_portraits(toy_files / "people"), None, made, CONFIG)
    assert pack.read_bytes() == before
    assert summary.items == 7
    assert summary.portraits == 4


def test_traps_are_shared_out(toy_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Believer:
        def __init__(self, *arguments: object, **more: object) -> None: ...

        def run(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {"scores": np.ones((len(feeds["image"]), 3), np.float32)}

    monkeypatch.setattr(finder_pack, "OnnxNetwork", Believer)
    people = fitted_portraits(toy_files / "people")
    draw_scenes(people, None, tmp_path, replace(CONFIG, count=6, mine=Path("finder.onnx")))
    images, faces = load_scenes(tmp_path / "train.npz")
    assert len(images) == 6 + 2
    assert np.isnan(faces[-1]).all()
    assert len(load_scenes(tmp_path / "val.npz")[0]) == 2


def test_whole_photos_carry_the_crops_landmarks(toy_files: Path, tmp_path: Path) -> None:
    path = toy_files / "people" / "0009.npz"
    portrait = replace(FittedPortrait.load(path), crop=(100.0, 40.0, 256.0))
    portrait.save(tmp_path / "0009.npz")
    cv2.imwrite(str(tmp_path / "0009.png"), np.full((1280, 640, 3), 7, np.uint8))
    cut_out, whole = load_portraits((tmp_path / "0009.npz",), tmp_path)
    assert whole[0].image.shape == (640, 320, 3)
    expected = (portrait.landmarks[:, :2] / 2 + [100, 40]) / 2
    np.testing.assert_allclose(whole[0].landmarks, expected, atol=1e-3)
    assert cut_out[0].image.shape == (512, 512, 3)
    assert load_portraits((tmp_path / "0009.npz",), None)[1] == []


def test_both_splits_need_somebody(toy_files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="val split"):
        draw_scenes(fitted_portraits(toy_files / "people", frozenset({"0008"})), None, tmp_path, CONFIG)
    with pytest.raises(InputError, match="count"):
        replace(CONFIG, count=0)
