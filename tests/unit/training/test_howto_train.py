"""docs/howto/train.md says what is so: its commands name recipes, kinds and folders that fit together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from mimica.cli.synthesize import Kind
from mimica.synthesis.collection import fitted_portraits
from mimica.training.finder_pack import SceneConfig, draw_scenes
from mimica.training.packs import PackConfig, render_packs
from mimica.training.recipes import RECIPES, plan

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "train.md").read_text(encoding="utf-8")
TABLE = {
    recipe: (folder, float(minutes))
    for row, minutes in re.findall(r"^\| .*? \| (.*mimica train .*?) \| (\d+)(?: each)? \|$", PAGE, re.M)
    for recipe, folder in re.findall(r"mimica train (\w+) --data DATA/(\w+)", row)
}


@pytest.fixture(scope="module")
def data(toy_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DATA as the commands of the page make it, of toys."""
    out = tmp_path_factory.mktemp("DATA")
    people = fitted_portraits(toy_files / "people")
    for kind in ("motion", "rig"):
        render_packs(people, toy_files / "rig.npz", toy_files / "map.npz", out / kind, PackConfig(kind, 3))
    draw_scenes(people, None, out / "finder", SceneConfig(1, held_out=1))
    return out


def test_every_network_has_its_commands() -> None:
    assert set(TABLE) == set(RECIPES) - {"debug", "motion_encoder_clips"}
    assert "mimica train motion_encoder_clips --data CORPUS --start runs/motion_encoder" in PAGE
    assert set(re.findall(r"--kind (\w+)", PAGE)) == set(get_args(Kind))
    assert {folder for folder, _ in TABLE.values()} <= {*get_args(Kind), "prepared"}
    exported = dict(re.findall(r'"(\w+)": "(\w+)"', PAGE))
    assert exported == {recipe: folder for recipe, (folder, _) in TABLE.items()}


@pytest.mark.parametrize("recipe", sorted(set(TABLE) - {"rig_field"}))  # it needs the whole rig, not a toy's
def test_each_recipe_trains_on_its_folder_for_the_minutes_told(recipe: str, data: Path) -> None:
    folder, minutes = TABLE[recipe]
    assert plan(recipe, data / folder).config.minutes == minutes
