"""How much a photo seems to tremble that cannot: moved as a stiff picture along a smooth path, read by MediaPipe.

    python benchmarks/jitter_floor.py PHOTO… --landmarks face_landmarker.task

The jitter ratio of `mimica evaluate` divides an output's landmark jerk by its driver's. This is the jerk that the
reader itself adds when any picture moves: no animation can be seen to tremble less while it moves so far.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from mimica.evaluation.mediapipe_reader import MediaPipeReader
from mimica.evaluation.metrics.jitter import jerk
from mimica.media.image import load_photo

FRAMES, RATE = 40, 25.0
PATHS = {"hardly (1.3 px, 0.6°)": (1.3, 0.6), "as actors do (6 px, 3°)": (6.0, 3.0)}
"""Name → amplitude of the sine in pixels of a 472 px picture, and in degrees."""
SIDE = 472


def moved(photo: np.ndarray, shift_px: float, turn_deg: float) -> list[np.ndarray]:
    """The stiff photo on slow sines of 1.1 to 1.7 seconds."""
    height, width = photo.shape[:2]
    frames = []
    for time in np.arange(FRAMES) / RATE:
        angle = turn_deg * np.sin(2 * np.pi * time / 1.7)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        matrix[:, 2] += shift_px * np.array([np.sin(2 * np.pi * time / 1.3), np.cos(2 * np.pi * time / 1.1)])
        frames.append(cv2.warpAffine(photo, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--landmarks", type=Path, required=True)
    options = parser.parse_args()
    with MediaPipeReader(options.landmarks) as reader:
        for path in options.photos:
            photo = load_photo(path).image
            scale = SIDE / max(photo.shape[:2])
            photo = np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            for name, (shift, turn) in PATHS.items():
                trace = reader.read(moved(photo, shift, turn), list(np.arange(FRAMES) / RATE))
                level = float(np.nanmedian(jerk(trace.landmarks, trace.eye_distance_px)))
                print(f"{path.name}: moved {name}: jerk {level * 1e3:.1f}e-3 eye distances per frame³")


if __name__ == "__main__":
    main()
