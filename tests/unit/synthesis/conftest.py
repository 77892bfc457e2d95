"""The toy head, its portrait and its files, made once for all tests of the data engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import toy

from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.portrait import Portrait, build_portrait


@pytest.fixture(scope="session")
def atlas() -> HeadAtlas:
    return toy.make_atlas()


@pytest.fixture(scope="session")
def portrait(atlas: HeadAtlas) -> Portrait:
    return build_portrait(atlas, toy.make_fitted(atlas))


@pytest.fixture(scope="session")
def stored(atlas: HeadAtlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rig.npz, map.npz and three fitted portraits in people/."""
    folder = tmp_path_factory.mktemp("stored")
    atlas.rig.save(folder / "rig.npz")
    atlas.correspondence.save(folder / "map.npz")
    (folder / "people").mkdir()
    for key in ("a", "b", "c"):
        toy.make_fitted(atlas, key).save(folder / "people" / f"{key}.npz")
    return folder
