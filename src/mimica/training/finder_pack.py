"""Packs of scenes for the FaceFinder's recipe, from the data engine's fitted portraits and the photos they come from.

    python -m mimica.training.finder_pack --fitted DIR --photos DIR --exclude NAMES.json --scenes 9000 -o DATA

Every eighth portrait goes to the held-out pack only. This module does not know how scenes are drawn.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from mimica.errors import InputError
from mimica.runtime.session import OnnxNetwork
from mimica.synthesis.fitted import FittedPortrait
from mimica.training.finder_scenes import MAX_FACES, SCENE_PX, Image, LabelledPortrait, SceneMaker

HELD_OUT_EVERY = 8
LARGEST_PHOTO_PX = 640
"""Longer photos are shrunk to this: a scene is 256 px."""
HELD_OUT_SCENES = 400
MINED_SCORE = 0.35


def load_portraits(fitted: Iterable[Path], photos: Path) -> tuple[list[LabelledPortrait], list[LabelledPortrait]]:
    """Cut-out portraits (the fitted 512 px crops with their mattes) and whole photos (`photos`/KEY.jpg, unmatted)."""
    portraits: list[LabelledPortrait] = []
    wholes: list[LabelledPortrait] = []
    for path in fitted:
        portrait = FittedPortrait.load(path)
        marks = portrait.landmarks[:, :2]
        portraits.append(LabelledPortrait(portrait.image, marks, portrait.matte))
        picture = cv2.imread(str(photos / f"{portrait.key}.jpg"))
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


def write_pack(
    path: Path, maker: SceneMaker, scenes: int, seed: int, network: OnnxNetwork | None = None, traps: int = 0
) -> None:
    """Draw `scenes`, and `traps` that `network` falls into, and write them as `finder_task.load_scenes` reads them."""
    rng = np.random.default_rng(seed)
    images = np.empty((scenes + traps, SCENE_PX, SCENE_PX, 3), np.uint8)
    faces = np.full((scenes + traps, MAX_FACES, 14), np.nan, np.float32)
    if network is not None:
        for index, picture in enumerate(mined(maker, network, traps, rng)):
            images[scenes + index] = picture
    for index in range(scenes):
        images[index], found = maker.scene(rng)
        faces[index, : len(found)] = found
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, image=images, faces=faces)


def mined(maker: SceneMaker, network: OnnxNetwork, wanted: int, rng: np.random.Generator) -> Iterator[Image]:
    """Pictures without a face in which `network`, an earlier finder, sees one."""
    while wanted > 0:
        pictures = np.stack([maker.negative(rng) for _ in range(16)])
        for row in np.flatnonzero(network.run({"image": pictures})["scores"].max(1) > MINED_SCORE)[:wanted]:
            wanted -= 1
            yield pictures[row]


def is_held_out(key: str) -> bool:
    """Whether portrait `key`, a number, belongs to the share that no training sees."""
    return int(key) % HELD_OUT_EVERY == 0


def main(argv: list[str] | None = None) -> None:
    """Write train.npz and val.npz."""
    parser = argparse.ArgumentParser(prog="python -m mimica.training.finder_pack", description=__doc__)
    parser.add_argument("--fitted", type=Path, required=True, help="folder of fitted portraits, NNNN.npz")
    parser.add_argument("--photos", type=Path, required=True, help="folder of their photos, NNNN.jpg")
    parser.add_argument("--exclude", type=Path, help="JSON object of lists of names to leave out")
    parser.add_argument("--scenes", type=int, default=9000)
    parser.add_argument(
        "--mine", type=Path, help="an exported finder: add pictures without a face in which it sees one"
    )
    parser.add_argument("--traps", type=int, default=3000, help="how many of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", dest="out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    excluded = set[str]()
    if arguments.exclude:
        lists = json.loads(arguments.exclude.read_text(encoding="utf-8"))
        excluded = {name for key in ("minor", "unusable") for name in lists.get(key, [])}
    paths = [path for path in sorted(arguments.fitted.glob("*.npz")) if path.stem not in excluded]
    if not paths:
        raise InputError(f"{arguments.fitted}: no fitted portrait there; fit photos first")
    for name, held_out, scenes in (("val", True, HELD_OUT_SCENES), ("train", False, arguments.scenes)):
        chosen = [path for path in paths if is_held_out(path.stem) == held_out]
        maker = SceneMaker(*load_portraits(chosen, arguments.photos))
        network = None if held_out or arguments.mine is None else OnnxNetwork(arguments.mine, device="cpu")
        traps = arguments.traps if network else 0
        write_pack(arguments.out / f"{name}.npz", maker, scenes, arguments.seed + held_out, network, traps)
        print(f"{name}: {scenes} scenes of {len(chosen)} portraits, {traps} traps", flush=True)


if __name__ == "__main__":
    main()
