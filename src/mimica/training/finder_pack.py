"""Packs of scenes for the FaceFinder's recipe, from the data engine's fitted portraits and the photos they come from.

Held-out portraits appear in the packs `val-*.npz` only. This module does not know how scenes are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from mimica.errors import InputError
from mimica.runtime.session import OnnxNetwork
from mimica.synthesis.collection import PHOTO_SUFFIXES
from mimica.synthesis.fitted import FittedPortrait, is_held_out, portrait_number, rights_of
from mimica.synthesis.shards import Report, Summary, claim, gather, unfinished, write_missing
from mimica.training.finder_scenes import MAX_FACES, SCENE_PX, Image, LabelledPortrait, SceneMaker

LARGEST_PHOTO_PX = 640
"""Longer photos are shrunk to this: a scene is 256 px."""
MINED_SCORE = 0.35
PATIENCE = 200
"""Rounds of 16 pictures after which a finder that fell into no trap is believed to be too good for them."""


@dataclass(frozen=True, slots=True)
class SceneConfig:
    """What to draw.

    Attributes:
        count: scenes to train on. `held_out`: scenes of held-out portraits, to measure with.
        seed: everything random follows from it.
        mine: an exported finder; adds a third of `count` pictures without a face in which it sees one.
        per_pack: scenes in one pack.
    """

    count: int
    held_out: int = 400
    seed: int = 0
    mine: Path | None = None
    per_pack: int = 500

    def __post_init__(self) -> None:
        for name in ("count", "held_out", "per_pack"):
            if getattr(self, name) < 1:
                raise InputError(f"scenes: {name} is {getattr(self, name)}, it must be at least 1")


@dataclass(frozen=True)
class ScenePack:
    """One pack to write: `scenes` of `portraits`, and `traps` that `mine` falls into."""

    folder: Path
    split: str
    number: int
    scenes: int
    traps: int
    portraits: tuple[Path, ...]
    photos: Path | None
    config: SceneConfig

    @property
    def path(self) -> Path:
        return self.folder / f"{self.split}-{self.number:05d}.npz"

    @property
    def ledger(self) -> Path:
        return self.path.with_suffix(".jsonl")


def draw_scenes(
    portraits: Sequence[Path],
    photos: Path | None,
    out: Path,
    config: SceneConfig,
    *,
    workers: int = 1,
    report: Report | None = None,
) -> Summary:
    """Draw the packs `train-00000.npz` … and `val-00000.npz` … of fitted portraits into `out`.

    `photos` is the folder of the whole photos, or None to show the 512 px crops only.

    Raises:
        InputError: one of the two splits has no portrait.
        OutputError: the folder holds packs made with other settings, or cannot be written.
    """
    packs: list[ScenePack] = []
    for split, held_out, count in (("val", True, config.held_out), ("train", False, config.count)):
        chosen = tuple(path for path in portraits if is_held_out(path.stem) == held_out)
        if not chosen:
            raise InputError(f"portraits: none belongs to the {split} split; give more, one in eight is held out")
        traps = 0 if held_out or config.mine is None else count // 3
        for number, start in enumerate(range(0, count, config.per_pack)):
            scenes = min(config.per_pack, count - start)
            share = traps * (start + scenes) // count - traps * start // count
            packs.append(ScenePack(out, split, number, scenes, share, chosen, photos, config))
    described = asdict(config) | {"mine": str(config.mine), "portraits": [path.stem for path in portraits]}
    claim(out / "packs.json", described)
    write_missing(packs, write_pack, workers=workers, report=report)
    return gather(packs, out / "ledger.jsonl")


def load_portraits(
    fitted: tuple[Path, ...], photos: Path | None
) -> tuple[list[LabelledPortrait], list[LabelledPortrait]]:
    """Cut-out portraits (the fitted 512 px crops with their mattes) and those of their whole photos that are there."""
    portraits: list[LabelledPortrait] = []
    wholes: list[LabelledPortrait] = []
    for path in fitted:
        portrait = FittedPortrait.load(path)
        marks = portrait.landmarks[:, :2]
        portraits.append(LabelledPortrait(portrait.image, marks, portrait.matte))
        picture = _photo(photos, portrait.key)
        if picture is None:
            continue
        x0, y0, side = portrait.crop
        marks = marks * (side / portrait.image.shape[0]) + np.array([x0, y0], np.float32)
        scale = min(1.0, LARGEST_PHOTO_PX / max(picture.shape[:2]))
        if scale < 1:
            size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        image = np.ascontiguousarray(picture[..., ::-1])
        wholes.append(LabelledPortrait(image, (marks * scale).astype(np.float32), np.empty((0, 0), np.uint8)))
    return portraits, wholes


def _photo(folder: Path | None, key: str) -> Image | None:
    """The photo of that name (BGR), with any of the endings that can be fitted."""
    if folder is None:
        return None
    for suffix in PHOTO_SUFFIXES:
        path = folder / f"{key}{suffix}"
        if path.exists():
            return cv2.imread(str(path))
    return None


_portraits = lru_cache(maxsize=1)(load_portraits)


def write_pack(job: ScenePack) -> Path:
    """Draw one pack as `finder_task.load_scenes` reads it; the ledger names everybody who may appear in it."""
    cut_out, whole = _portraits(job.portraits, job.photos)
    maker = SceneMaker(cut_out, whole or None)  # a new one: it remembers what it drew, and a pack must not depend on it
    rng = np.random.default_rng([job.config.seed, job.split == "val", job.number])
    images = np.empty((job.scenes + job.traps, SCENE_PX, SCENE_PX, 3), np.uint8)
    faces = np.full((job.scenes + job.traps, MAX_FACES, 14), np.nan, np.float32)
    for index in range(job.scenes):
        images[index], found = maker.scene(rng)
        faces[index, : len(found)] = found
    if job.traps and job.config.mine is not None:
        network = OnnxNetwork(job.config.mine, device="cpu")
        for index, picture in enumerate(mined(maker, network, job.traps, rng)):
            images[job.scenes + index] = picture
    with unfinished(job) as (file, rows):
        np.savez(file, image=images, faces=faces)
        rows += [
            {"pack": job.path.name, "portrait": path.stem, "identity": portrait_number(path.stem), "split": job.split,
             "seed": job.config.seed, "samples": len(images) if place == 0 else 0, **rights_of(path)}
            for place, path in enumerate(job.portraits)
        ]  # fmt: skip
    return job.path


def mined(maker: SceneMaker, network: OnnxNetwork, wanted: int, rng: np.random.Generator) -> Iterator[Image]:
    """Pictures without a face in which `network`, an earlier finder, sees one.

    Raises InputError when it hardly ever does.
    """
    fruitless = 0
    while wanted > 0:
        pictures = np.stack([maker.negative(rng) for _ in range(16)])
        rows = np.flatnonzero(network.run({"image": pictures})["scores"].max(1) > MINED_SCORE)[:wanted]
        for row in rows:
            yield pictures[row]
        wanted -= len(rows)
        fruitless = 0 if len(rows) else fruitless + 1
        if fruitless > PATIENCE:
            raise InputError("--mine: this finder is hardly ever wrong about faceless pictures; leave it out")
