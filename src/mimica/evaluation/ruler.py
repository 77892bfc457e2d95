"""How wrong the ruler itself is: what the readers read from rendered people whose motion is known.

    python -m mimica.evaluation.ruler --portraits FITTED --rig ict.npz --correspondence FILE [--landmarks face.task]

FITTED is a folder of fitted portraits (`mimica synthesize` leaves one), of which every eighth is taken: no training
sees those. Prints, for each reader, the error of head and gaze, the share of every group of expressions that it reads
from the true pictures, and what `shown` says of expressions that are there in whole, in half, not at all, or in
another pose.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_NAMES, TONGUE_NAMES
from mimica.evaluation.encoder_reader import EncoderReader
from mimica.evaluation.face_trace import FaceReader, Image
from mimica.evaluation.landmark_layout import ANCHORS
from mimica.evaluation.mediapipe_reader import MediaPipeReader
from mimica.evaluation.metrics.expressions import GROUPS, expression_score
from mimica.evaluation.metrics.flow_error import flow_error
from mimica.evaluation.metrics.regions import Regions
from mimica.evaluation.metrics.shown import shown
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.motions import ExpressionSampler, sample_performance
from mimica.synthesis.portrait import Portrait, build_portrait
from mimica.synthesis.posing import Performance, pose
from mimica.synthesis.rig import Rig
from mimica.synthesis.scene import Render, render

FloatArray = NDArray[np.float64]

SIDE_PX = 384
EYES_OPEN = 0.4
"""Gaze is judged where both eyes blink less."""
TURNED_DEG = 3.0
TURNS_DEG = (1.0, 3.0, 6.0, 10.0)


def read_one_by_one(reader: FaceReader, images: list[Image]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(N, 3) head, (N, 2) gaze, both degrees, (N, 52) strengths of single pictures."""
    traces = [reader.read([image], [0.0]) for image in images]
    return tuple(  # type: ignore[return-value]
        np.concatenate([getattr(trace, name) for trace in traces]) for name in ("angles_deg", "gaze_deg", "expressions")
    )


def performances(portraits: list[Portrait], names: tuple[str, ...], each: int, seed: int) -> list[Render]:
    """Every portrait in `each` random motions."""
    rng, sampler = np.random.default_rng(seed), ExpressionSampler(names)
    drawn = []
    for portrait in portraits:
        for _ in range(each):
            performance, _ = sample_performance(sampler, rng)
            drawn.append(render(portrait, pose(portrait, performance), None, SIDE_PX, truth=False))
    return drawn


def shown_shares(portrait: Portrait, names: tuple[str, ...], group: str) -> list[float]:
    """`shown` of an expression in whole, in half, missing, and, with the head turned, in whole and missing."""
    full = {name: 0.9 for feature in GROUPS[group] for name, weight in feature.items() if weight > 0}
    tongue = full.pop("tongueOut", 0.0) / 0.9
    base = {"jawOpen": 0.4} if tongue else {}

    def picture(share: float, yaw_deg: float = 0.0) -> Render:
        strengths = np.zeros(len(names), np.float32)
        for name, value in {**base, **{key: share * value for key, value in full.items()}}.items():
            strengths[names.index(name)] = value
        performance = Performance(
            strengths, np.array([yaw_deg, 0.0, 0.0]), np.zeros(3, np.float32), np.zeros((2, 2), np.float32),
            np.array([share * tongue, 0, 0], np.float32),
        )  # fmt: skip
        return render(portrait, pose(portrait, performance), None, SIDE_PX, truth=False)

    without, truth = picture(0.0), picture(1.0)
    mask = Regions.of(without.landmarks * SIDE_PX, ANCHORS, SIDE_PX, SIDE_PX).face
    outputs = (truth, picture(0.5), without, picture(1.0, TURNED_DEG), picture(0.0, TURNED_DEG))
    return [shown(output.image, truth.image, without.image, mask) for output in outputs]


def flow_pairs(portrait: Portrait, names: tuple[str, ...]) -> list[tuple[float, float]]:
    """(true, measured) displacement in px of heads that are turned too far by `TURNS_DEG`."""

    def picture(yaw_deg: float) -> Render:
        still = np.zeros(len(names), np.float32)
        performance = Performance(
            still, np.array([yaw_deg, 0.0, 0.0]), np.zeros(3, np.float32), np.zeros((2, 2), np.float32),
            np.zeros(3, np.float32),
        )  # fmt: skip
        return render(portrait, pose(portrait, performance), None, SIDE_PX, truth=False)

    truth = picture(0.0)
    mask = Regions.of(truth.landmarks * SIDE_PX, ANCHORS, SIDE_PX, SIDE_PX).face
    pairs = []
    for output in map(picture, TURNS_DEG):
        moved = np.linalg.norm((output.landmarks - truth.landmarks) * SIDE_PX, axis=1)
        pairs.append((float(moved.mean()), flow_error(output.image, truth.image, mask)))
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portraits", type=Path, required=True, help="folder of fitted portraits, NNNN.npz")
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--correspondence", type=Path, required=True)
    parser.add_argument("--landmarks", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--people", type=int, default=24)
    options = parser.parse_args()
    rig = Rig.from_npz(options.rig, identity=False)
    atlas = HeadAtlas(rig, Correspondence.load(options.correspondence))
    names = tuple(rig.names)
    files = [path for path in sorted(options.portraits.glob("*.npz")) if int(path.stem) % 8 == 0]
    chosen = np.random.default_rng(0).permutation(len(files))[: options.people]
    people = [build_portrait(atlas, FittedPortrait.load(files[index])) for index in chosen]
    drawn = performances(people, names, 8, 0)
    columns = [[*names, *TONGUE_NAMES].index(name) for name in EXPRESSION_NAMES]
    truth = np.array([picture.motion for picture in drawn])[:, columns]
    head = np.array([picture.angles_deg for picture in drawn])
    gaze = np.array([picture.gaze_deg for picture in drawn]).mean(1) * [1, -1]  # the engine's pitch points up
    shut = truth[:, [EXPRESSION_NAMES.index(f"eyeBlink_{side}") for side in "LR"]].max(1)
    readers: list[FaceReader] = [EncoderReader()]
    if options.landmarks:
        readers.append(MediaPipeReader(options.landmarks))
    for reader in readers:
        angles, looked, strengths = read_one_by_one(reader, [picture.image for picture in drawn])
        reader.close()
        error = np.nanmean(np.abs(angles - head), 0)
        print(f"{reader.source}: {len(drawn)} pictures, head off by {error.round(1)} deg (yaw, pitch, roll)")
        open_eyes = np.isfinite(looked[:, 0]) & (shut < EYES_OPEN)
        for axis, name in enumerate(("yaw", "pitch")):
            x, y = gaze[open_eyes, axis], looked[open_eyes, axis]
            r, slope = np.corrcoef(x, y)[0, 1], np.polyfit(y, x, 1)[0]
            print(f"  gaze {name}: correlation {r:.2f}, true per read {slope:.2f}, {open_eyes.sum()} pictures")
        for name, group in expression_score(strengths, truth, EXPRESSION_NAMES).groups.items():
            print(f"  {name:<11} reached {group.reached:5.2f}  error {group.error:.2f}  leaked {group.leaked:.2f}")
    print(f"shown: whole, half, missing; head {TURNED_DEG:.0f} deg off: whole, missing")
    for group in GROUPS:
        shares = np.array([shown_shares(person, names, group) for person in people[:6]])
        print(f"  {group:<11} {np.nanmedian(shares, 0).round(2)}")
    pairs = np.array([flow_pairs(person, names) for person in people[:6]])
    for turn, (true, measured) in zip(TURNS_DEG, np.median(pairs, 0), strict=True):
        print(f"flow: head {turn:4.0f} deg off moves the landmarks {true:5.1f} px, flow_error says {measured:5.1f} px")


if __name__ == "__main__":
    main()
