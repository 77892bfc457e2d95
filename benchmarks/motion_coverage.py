"""What motion packs cover, as one picture for the data card: expressions, heads, gaze, framing, light, people.

    python benchmarks/motion_coverage.py DATA/motion … -o docs/images/motion-coverage.png

Light is the median brightness of a crop and its left-right difference, before training's own augmentation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from mimica.core.camera import angles_from_rotation
from mimica.core.motion import EXPRESSION_NAMES

STRONG = 0.3
PICTURES_PER_PACK = 60


def read(folders: list[Path]) -> dict[str, np.ndarray]:
    """Labels of every rendered crop, and the light of some of each pack."""
    parts: dict[str, list[np.ndarray]] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as pack:
            rendered = pack["trust"] >= 1
            for name in ("expression", "rotation", "placement", "gaze_deg", "identity"):
                parts.setdefault(name, []).append(pack[name][rendered])
            if rendered.any():
                images = pack["image"][:PICTURES_PER_PACK].mean(-1)
                half = images.shape[2] // 2
                across = images[:, :, half:].mean((1, 2)) - images[:, :, :half].mean((1, 2))
                parts.setdefault("light", []).append(np.stack([np.median(images, axis=(1, 2)), across], 1))
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def angles(rotations: np.ndarray) -> np.ndarray:
    """(N, 3, 3) → (N, 3) yaw, pitch, roll in degrees."""
    return np.array([angles_from_rotation(rotation) for rotation in rotations])


def cloud(axis: Any, x: np.ndarray, y: np.ndarray, title: str, labels: tuple[str, str]) -> None:
    axis.hist2d(x, y, bins=60, norm=mpl.colors.LogNorm(), cmap="viridis")
    axis.set(title=title, xlabel=labels[0], ylabel=labels[1])


def draw(data: dict[str, np.ndarray], out: Path) -> None:
    figure = plt.figure(figsize=(14, 12), layout="constrained")
    grid = figure.add_gridspec(3, 4)
    shares = (np.abs(data["expression"]) > STRONG).mean(0) * 100
    order = np.argsort(shares)
    top = figure.add_subplot(grid[0, :])
    top.bar(range(len(order)), shares[order], color="#3b6ea5")
    top.set_xticks(range(len(order)), [EXPRESSION_NAMES[index] for index in order], rotation=90, fontsize=7)
    top.set(title=f"{len(data['expression']):,} rendered crops: share above {STRONG}", ylabel="%")
    turned = angles(data["rotation"])
    cloud(figure.add_subplot(grid[1, 0]), turned[:, 0], turned[:, 1], "head", ("yaw °", "pitch ° (down)"))
    cloud(figure.add_subplot(grid[1, 1]), turned[:, 0], turned[:, 2], "head", ("yaw °", "roll °"))
    gaze = data["gaze_deg"]
    cloud(figure.add_subplot(grid[1, 2]), gaze[:, 0], gaze[:, 1], "left eye", ("yaw °", "pitch ° (down)"))
    cloud(figure.add_subplot(grid[1, 3]), gaze[:, 0], gaze[:, 2], "both eyes", ("left yaw °", "right yaw °"))
    place = data["placement"]
    cloud(figure.add_subplot(grid[2, 0]), place[:, 0], place[:, 1], "head's origin in the crop", ("x", "y"))
    sizes = figure.add_subplot(grid[2, 1])
    sizes.hist(np.exp(place[:, 2]) * 24, bins=60, color="#3b6ea5")
    sizes.set(title="size: 24 cm in crop widths", xlabel="crop widths")
    cloud(figure.add_subplot(grid[2, 2]), data["light"][:, 0], data["light"][:, 1], "light", ("median", "right − left"))
    people = figure.add_subplot(grid[2, 3])
    people.hist(np.unique(data["identity"], return_counts=True)[1], bins=40, color="#3b6ea5")
    people.set(title=f"{len(np.unique(data['identity']))} people", xlabel="crops of one person")
    figure.savefig(out, dpi=75)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    draw(read(options.folders), options.out)
    print(options.out)


if __name__ == "__main__":
    main()
