"""Mouths and eyes of results beside those of the real frames, enlarged.

    python benchmarks/closeups.py face_landmarker.task CLIP… [-o FOLDER]

Each clip's first frame is the photo and the clip drives it, so that every frame has a real one to lie beside; lips
and eyes are aligned by their corners. Nobody's clips are shipped. -o: a contact sheet of each, real above, ours
below; look at it, for the numbers follow landmarks that a painted mouth may mislead.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.animator import Animator
from mimica.animation.retarget import RetargetOptions, retarget
from mimica.animation.tone import LUMA
from mimica.evaluation.mediapipe_reader import MediaPipeReader
from mimica.media.image_writer import save_image
from mimica.media.video_reader import open_video

Image = NDArray[np.uint8]
Points = NDArray[np.floating]

INNER_LIPS = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]
CHEEKS = [50, 101, 205, 187, 280, 330, 425, 411, 151, 9]
LIPS = (78, 308, 13, 14)
EYES = ((33, 133, 159, 145), (362, 263, 386, 374))
"""Corners, then the middle of the upper and of the lower rim."""
PARTED, SHUT = 0.03, 0.13
"""Openings: of lips in widths of the face, above which, and of lids in widths of the eye, below which they count."""
STEP, MOST = 3, 150
"""Every third frame of so many."""


@dataclass
class Found:
    """Per clip: grey levels inside the lips; inside shut eyes' windows; (real, ours) place of the lids' line; tiles."""

    lips: list[float] = field(default_factory=list[float])
    eyes: list[float] = field(default_factory=list[float])
    lines: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    tiles: list[tuple[float, Image]] = field(default_factory=list[tuple[float, Image]])


def aligned(image: Image, points: Points, corners: tuple[int, ...], above: float, below: float) -> Image:
    """(rows, 96, 3) the picture about two corners: 1.24 of their distance wide, from `above` to `below` them."""
    first, second = points[corners[0]], points[corners[1]]
    right = (second - first) / 95 * 1.24
    down = np.array([-right[1], right[0]])
    rows = round(95 * (above + below) / 1.24)
    origin = (first + second) / 2 - 47.5 * right - above / 1.24 * 95 * down
    matrix = np.column_stack([right, down, origin - 0.5])
    return np.asarray(
        cv2.warpAffine(image, matrix, (96, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                       borderMode=cv2.BORDER_REPLICATE), np.uint8,
    )  # fmt: skip


def opening(points: Points, marks: tuple[int, ...], width: float) -> float:
    return float(np.linalg.norm(points[marks[2]] - points[marks[3]])) / width


def skin(image: Image, points: Points) -> float:
    """Brightness of cheeks and forehead."""
    places = points[CHEEKS].astype(int)
    return float(np.median([image[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(0) for x, y in places], 0) @ LUMA)


def inside_lips(image: Image, points: Points) -> NDArray[np.float64]:
    """(rows, 96) 0..1 where in the aligned picture the lips are parted."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points[INNER_LIPS] * 16).astype(np.int32)], 255, shift=4)
    return aligned(np.dstack([mask] * 3), points, LIPS, 0.3, 0.7)[..., 0] / 255.0


def line(eye: Image) -> float:
    """How far the darkest rows of the middle third lie below the corners, in widths of the eye."""
    light = eye.astype(np.float32) @ LUMA
    return float(np.median(light[12:-12, 32:64].argmin(0) + 12) - (len(light) - 1) / 2) / 95 * 1.24


def compare(found: Found, real: Image, marks: Points, ours: Image, our_marks: Points) -> None:
    face_px = float(np.linalg.norm(marks[234] - marks[454]))
    if opening(marks, LIPS, face_px) > PARTED:
        share, bright = inside_lips(real, marks), skin(real, marks)
        seen = ((real, marks), (ours, marks), (ours, our_marks))
        own, there, made = (aligned(image, points, LIPS, 0.3, 0.7) for image, points in seen)
        apart = np.abs(own - there * (bright / max(skin(ours, our_marks), 1.0))).mean(-1)
        found.lips.append(float((apart * share).sum() / share.sum()))
        found.tiles.append((opening(marks, LIPS, face_px), np.vstack([own, made])))
    for eye in EYES:
        width = float(np.linalg.norm(marks[eye[0]] - marks[eye[1]]))
        if opening(marks, eye, width) < SHUT:
            pair = [aligned(real, marks, eye, 0.4, 0.4), aligned(ours, our_marks, eye, 0.4, 0.4)]
            found.eyes.append(float(np.abs(pair[0].astype(float) - pair[1]).mean()))
            found.lines.append((line(pair[0]), line(pair[1])))


def measure(animator: Animator, reader: MediaPipeReader, clip: Path) -> Found:
    found = Found()
    with open_video(clip) as video:
        frames = [frame.image for frame in islice(video, MOST)]
    driver = animator.read_driver(clip)
    portrait = animator.prepare(frames[0])
    rows = range(0, min(len(frames), len(driver)), STEP)
    results = [
        portrait.renderer.render(retarget(driver.track, row, driver.rest, portrait.subject, RetargetOptions()))
        for row in rows
    ]
    times = [float(driver.times[row]) for row in rows]
    traces = [reader.read(pictures, times) for pictures in ([frames[row] for row in rows], results)]
    for index, row in enumerate(rows):
        if all(trace.found[index] for trace in traces):
            compare(found, frames[row], traces[0].landmarks[index], results[index], traces[1].landmarks[index])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("landmarker", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    animator = Animator.load("cpu")
    everything: dict[str, Found] = {}
    with MediaPipeReader(options.landmarker) as reader:
        for clip in options.clips:
            everything[clip.stem] = measure(animator, reader, clip)
    print("| clip | parted lips, grey levels | frames | shut eyes, grey levels | eyes |\n|---|---|---|---|---|")
    for name, found in everything.items():
        told = [f"{np.mean(part):.1f}" if part else "" for part in (found.lips, found.eyes)]
        print(f"| {name} | {told[0]} | {len(found.lips)} | {told[1]} | {len(found.eyes)} |")
    means = [
        np.mean([np.mean(getattr(found, part)) for found in everything.values() if getattr(found, part)])
        for part in ("lips", "eyes")
    ]
    lines = np.median([pair for found in everything.values() for pair in found.lines], 0)
    print(f"| mean of clips | {means[0]:.2f} | | {means[1]:.2f} | |\n")
    print(f"lids meet {lines[0]:.3f} of an eye's width below its corners, ours {lines[1]:.3f}")
    if options.out is not None:
        options.out.mkdir(exist_ok=True)
        for name, found in everything.items():
            tiles = [tile for _, tile in sorted(found.tiles, key=lambda pair: -pair[0])]
            if tiles:
                save_image(options.out / f"{name}.png", np.hstack(tiles[:: max(1, len(tiles) // 8)]))


if __name__ == "__main__":
    main()
