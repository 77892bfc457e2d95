"""How steady and how fast a re-acted video is.

    python benchmarks/video_to_video.py [--source VIDEO] [--driver VIDEO] [--frames 60]

The driver is frozen in one frame, so that the output's face should hold still in the head's own frame while the
source's moves on. Landmarks are read from source and output in the same crops, 192 px wide. Without --source the
demo's actor.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mimica.animation.steady_reading as steady_reading
import mimica.demo
from mimica.animation.animator import Animator
from mimica.animation.networks import ENCODER_PX
from mimica.animation.retarget import RetargetOptions
from mimica.animation.scene import VideoScene
from mimica.animation.video_take import VideoTake
from mimica.faces.alignment import extract
from mimica.media.video_reader import open_video

DEMO = Path(mimica.demo.__path__[0]) / "driver.mp4"
PARTS = {"lips": slice(48, 68), "eyes": slice(36, 48), "brows": slice(17, 27)}


def trembling(marks: NDArray[np.float64]) -> float:
    """Median length of the third difference in time, pixels."""
    jerk = marks[3:] - 3 * marks[2:-1] + 3 * marks[1:-2] - marks[:-3]
    return float(np.median(np.linalg.norm(jerk, axis=-1))) * ENCODER_PX


def spread(marks: NDArray[np.float64]) -> float:
    """Standard deviation over time about the nose, pixels."""
    return float(marks.std(0).mean()) * ENCODER_PX


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=DEMO)
    parser.add_argument("--driver", type=Path, default=DEMO)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--held", type=int, default=30, help="frame of the driver that is held")
    options = parser.parse_args()
    animator = Animator.load("cpu")
    networks = animator.networks
    scene = VideoScene.of(options.source, networks, "largest", "pose")
    driver = animator.read_driver(options.driver)
    rows = np.full(len(driver), min(options.held, len(driver) - 1))
    started = time.process_time()
    take = scene.take({scene.parts[0].number: replace(driver, track=driver.track[rows])}, networks,
                      RetargetOptions(), "photo")  # fmt: skip
    assert isinstance(take, VideoTake)
    first_ms = 1000 * (time.process_time() - started) / len(take.track)
    count = min(options.frames, len(take.times))
    take = replace(take, driver=replace(take.driver, times=take.times[:count], durations=take.durations[:count]))

    def marks(frames: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
        return np.stack([
            networks.encode(extract(frame, take.track.crop(index), ENCODER_PX)).landmarks.astype(np.float64)
            for index, frame in enumerate(frames)
        ])  # fmt: skip

    started = time.process_time()
    steadied = list(take.unreleased_frames())
    second_ms = 1000 * (time.process_time() - started) / count
    with open_video(options.source) as reader:
        own = [frame.image for frame, _ in zip(reader, range(count), strict=False)]
    width, steady_reading.WIDTH_S = steady_reading.WIDTH_S, 1e-6
    plain = list(take.unreleased_frames())
    steady_reading.WIDTH_S = width
    height, wide = own[0].shape[:2]
    print(f"{count} frames of {wide}x{height}; processor time a frame: {first_ms:.0f} ms, then {second_ms:.0f} ms\n")
    print("| | source | output | output, maps not steadied |\n|---|---|---|---|")
    read = [marks(frames) for frames in (own, steadied, plain)]
    for name, part in PARTS.items():
        print(f"| {name} tremble, px | {' | '.join(f'{trembling(one[:, part]):.2f}' for one in read)} |")
    for name, part in PARTS.items():
        nose = [one[:, 27:36].mean(1, keepdims=True) for one in read]
        values = [spread(one[:, part] - middle) for one, middle in zip(read, nose, strict=True)]
        print(f"| {name} move, px | {' | '.join(f'{value:.2f}' for value in values)} |")


if __name__ == "__main__":
    main()
