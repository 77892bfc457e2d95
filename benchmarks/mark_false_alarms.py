"""False alarms of the mark: how many unmarked pictures `read_mark` takes for marked ones.

    python benchmarks/mark_false_alarms.py [FOLDER ...] [--count 10000] [--part 0/2] [--seed 1]

Pictures are frames of the videos and pictures in the folders, each cut, scaled, turned, mirrored, brightened or
re-compressed at random (seeded), as pictures found in the wild are. `--part I/N` reads every N-th picture, so that N
processes share the work. Another `--seed` disturbs the same pictures in another way. Prints a JSON line now and then
and at the end: pictures read, false alarms, the strongest evidence, seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from mimica.media import load_photo, open_video
from mimica.safety.mark import read_mark
from mimica.safety.mark.detector import THRESHOLD

DEMO = Path(__file__).parents[1] / "src" / "mimica" / "demo"
VIDEOS = {".mp4", ".mkv", ".mov", ".webm"}
PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}
EVERY = 3  # frames of a video


def pictures(folders: list[Path]) -> Iterator[np.ndarray]:
    """Pictures (H, W, 3) uint8 RGB of all files, without end: round after round."""
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in VIDEOS | PHOTOS]
    while True:
        for path in files:
            if path.suffix in PHOTOS:
                yield load_photo(path).image
                continue
            with open_video(path) as video:
                yield from (frame.image for frame in video if frame.index % EVERY == 0)


def disturbed(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random part of the picture, at a random size, perhaps turned, mirrored, brightened and re-compressed."""
    height, width = picture.shape[:2]
    keep = random.uniform(0.4, 1.0)
    high, wide = max(64, int(height * keep)), max(64, int(width * random.uniform(0.4, 1.0)))
    top, left = random.integers(0, max(1, height - high + 1)), random.integers(0, max(1, width - wide + 1))
    part = np.ascontiguousarray(picture[top : top + high, left : left + wide])
    scale = random.uniform(200, 640) / min(part.shape[:2])
    part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if random.random() < 0.3:
        middle = (part.shape[1] / 2, part.shape[0] / 2)
        turn = cv2.getRotationMatrix2D(middle, random.uniform(-8, 8), 1.1)
        part = cv2.warpAffine(part, turn, (part.shape[1], part.shape[0]))
    if random.random() < 0.5:
        part = np.ascontiguousarray(part[:, ::-1])
    part = cv2.convertScaleAbs(part, alpha=random.uniform(0.7, 1.2), beta=random.uniform(-20, 20))
    if random.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 96))]
        part = cv2.imdecode(cv2.imencode(".jpg", part, quality)[1], cv2.IMREAD_COLOR)
    return np.asarray(part, np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description="Count false alarms of the mark.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", default=[DEMO])
    parser.add_argument("--count", type=int, default=100, help="pictures (default: %(default)s)")
    parser.add_argument("--part", default="0/1", help="I/N: the I-th of N shares of the work")
    parser.add_argument("--seed", type=int, default=0, help="of the disturbances (default: %(default)s)")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, options.part.split("/"))
    read, alarms, strongest, start = 0, 0, 0.0, time.perf_counter()
    for index, picture in enumerate(pictures(options.folders)):
        if index >= options.count:
            break
        if index % parts != part:
            continue
        seed = [options.seed, index] if options.seed else index
        reading = read_mark([disturbed(picture, np.random.default_rng(seed))])
        read += 1
        alarms += reading.found
        strongest = max(strongest, reading.confidence)
        if read % 25 == 0 or index + parts >= options.count:
            line = {
                "read": read,
                "false_alarms": alarms,
                "strongest_evidence": round(strongest / 0.499 * THRESHOLD, 2),
                "threshold": THRESHOLD,
                "seconds": round(time.perf_counter() - start),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
