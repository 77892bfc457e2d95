"""Is the motion free of who performs it? Linear probes on what the MotionEncoder reads from held-out people.

    python benchmarks/identity_probe.py DATA/motion …

Half of each person's rendered crops train a ridge classifier of identity, the other half test it: on the reading, on
the truth that was rendered (which knows nobody: the same motion distribution for all), on the reading's error, and on
the raw pixels at 16 × 16 as what a look that keeps identity gives away. Beside it, ridge regression of the truth from
the reading: what of the motion a linear reader can get back.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from mimica.animation.networks import Networks
from mimica.core.motion import RIG_NAMES

LEAST_CROPS = 16
RIDGE = 1e-2


def held_out(folders: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, true expression and identity of the rendered crops of people that no network was trained on."""
    images, truth, people = [], [], []
    for path in sorted(path for folder in folders for path in folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as pack:
            chosen = (pack["identity"] % 8 == 0) & (pack["trust"] >= 1)
            images.append(pack["image"][chosen])
            truth.append(pack["expression"][chosen])
            people.append(pack["identity"][chosen])
    return np.concatenate(images), np.concatenate(truth), np.concatenate(people)


def ridge(features: np.ndarray, targets: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Standardised features with a constant → targets, fitted by ridge regression, for `test`."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    design, other = (np.c_[(values - mean) / spread, np.ones(len(values))] for values in (features, test))
    gram = design.T @ design + RIDGE * len(design) * np.eye(design.shape[1])
    return other @ np.linalg.solve(gram, design.T @ targets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    images, truth, people = held_out(parser.parse_args().folders)
    names, counts = np.unique(people, return_counts=True)
    kept = np.isin(people, names[counts >= LEAST_CROPS])
    images, truth, people = images[kept], truth[kept], np.unique(people[kept], return_inverse=True)[1]
    networks = Networks.load("cpu")
    read = np.stack([networks.encode(image).expression for image in images])
    small = np.stack([cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).reshape(-1) for image in images])
    order = np.random.default_rng(0).permutation(len(people))
    train, test = order[: len(order) // 2], order[len(order) // 2 :]
    classes = np.eye(people.max() + 1)[people]
    print(f"{len(people)} crops of {people.max() + 1} people; chance {100 / (people.max() + 1):.1f} %")
    for name, features in (("truth", truth), ("reading", read), ("error", read - truth), ("pixels", small / 255.0)):
        guessed = ridge(features[train], classes[train], features[test]).argmax(1)
        print(f"identity from the {name}: {100 * (guessed == people[test]).mean():.1f} %")
    back = ridge(read[train], truth[train], read[test])
    explained = 1 - ((back - truth[test]) ** 2).sum(0) / ((truth[test] - truth[test].mean(0)) ** 2).sum(0)
    r = [np.corrcoef(back[:, index], truth[test][:, index])[0, 1] for index in range(truth.shape[1])]
    print(f"truth from the reading: mean r {np.mean(r):.2f}, explained variance {np.mean(explained):.2f}")
    worst = np.argsort(r[: len(RIG_NAMES)])[:6]
    print("worst: " + ", ".join(f"{RIG_NAMES[index]} {r[index]:.2f}" for index in worst))


if __name__ == "__main__":
    main()
