"""How near to the truth a photo comes that is bent without any error, beside Mimica and the photo standing still.

    python benchmarks/warp_ceiling.py [--quick] [--json]

On the *truth* suite's pictures whose exact correspondence is known: every pixel takes the colour of the photo's pixel
that shows the same point (the engine's own truth), and what the photo does not show is filled from around. That is what
rig and warp could do at most with perfect networks; light that changes with the pose, teeth and what was hidden remain.
Distances to the true picture over face, mouth and eyes: MS-GMSD as in `mimica evaluate`, and grey levels.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict

import cv2
import numpy as np

from mimica.evaluation.benchmark import FROZEN_FOLDER, load_benchmark
from mimica.evaluation.cases import Truth
from mimica.evaluation.encoder_reader import EncoderReader
from mimica.evaluation.landmark_layout import ANCHORS
from mimica.evaluation.loaded_case import CaseLoader
from mimica.evaluation.metrics.comparison import compare_pictures
from mimica.evaluation.metrics.perceptual import perceptual_distance
from mimica.evaluation.suites.truth import truth_cases
from mimica.evaluation.systems.mimica_system import MimicaSystem

NAMES = ("perceptual.face", "perceptual.mouth", "perceptual.eyes", "l1.face", "l1.mouth")


def bent(photo: np.ndarray, truth: Truth, place: int, size: tuple[int, int]) -> np.ndarray:
    """The photo seen through the true correspondence of `flow_frames[place]`, (height, width) = `size`."""
    height, width = size
    source = cv2.resize(truth.source_xy[place], (width, height), interpolation=cv2.INTER_LINEAR)
    seen = cv2.resize(truth.visibility[place], (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    picture = cv2.remap(
        photo, source[..., 0] - 0.5, source[..., 1] - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.inpaint(picture, (~seen).astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the cases of evaluate --quick")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    loader, system, distance = CaseLoader(EncoderReader(), None), MimicaSystem(), perceptual_distance(None)
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in truth_cases([load_benchmark(FROZEN_FOLDER)], quick=asked.quick):
        loaded = loader.load(case)
        truth, target = loaded.truth, loaded.target
        assert truth is not None
        assert target is not None
        made = list(system.animate(loaded))
        frames = [int(frame) for frame in truth.flow_frames]
        size = target[0].shape[:2]
        rows = {
            "bent without error": [bent(loaded.photo, truth, place, size) for place in range(len(frames))],
            "mimica": [made[frame] for frame in frames],
            "static": [loaded.photo] * len(frames),
        }
        for name, pictures in rows.items():
            scores = compare_pictures(
                pictures, [target[frame] for frame in frames], truth.landmarks[frames], ANCHORS, distance
            )
            for metric in NAMES:
                sums[name][metric] += [float(np.nanmean(scores[metric]))]
    means = {name: {metric: float(np.mean(values)) for metric, values in row.items()} for name, row in sums.items()}
    if asked.json:
        print(json.dumps(means))
        return
    for name, row in means.items():
        print(f"{name:<20}", ", ".join(f"{metric} {value:.3f}" for metric, value in row.items()))
    ratios = [means["mimica"][metric] / means["bent without error"][metric] for metric in NAMES]
    print(
        "mimica ÷ bent       ", ", ".join(f"{metric} {ratio:.2f}" for metric, ratio in zip(NAMES, ratios, strict=True))
    )


if __name__ == "__main__":
    main()
