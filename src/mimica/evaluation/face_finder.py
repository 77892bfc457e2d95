"""How well the FaceFinder finds: recall on faces that were labelled, false finds where there is none, time a picture.

    python -m mimica.evaluation.face_finder --portraits DIR --landmarks FILE.npz --clips DIR --teacher FILE.task

A truth is a row of 14 numbers: the box of MediaPipe's 468 landmarks and five points, as `training.finder_scenes` makes
them. Portraits whose number is a multiple of eight are the ones that no training sees. This module does not know how
the finder works.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import box_overlap
from mimica.core.records import Face
from mimica.media.image import load_photo

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]
Find = Callable[[Image], list[Face]]

HIT = 0.5
"""Least overlap (IoU) of a found face with the true one."""
LANDMARKS = [468, 473, 4, 61, 291]
"""MediaPipe's landmarks of the five points, in the order of `core.records.POINT_NAMES`."""
HELD_OUT_EVERY = 8
NOBODY = np.full(14, np.nan, np.float32)
SHARES = (0.05, 0.07, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Heights of the face in sides of the picture."""
ROLLS_DEG = (-45.0, -30.0, -15.0, 15.0, 30.0, 45.0)
FACE_FREE = (
    "brick", "cell", "chelsea", "clock", "coffee", "colorwheel", "grass", "gravel", "horse", "hubble_deep_field",
    "immunohistochemistry", "logo", "microaneurysms", "moon", "page", "retina", "rocket", "shepp_logan_phantom", "text",
)  # fmt: skip
"""scikit-image's pictures without a human face (`coins` shows minted portraits, `camera` a man in profile)."""


@dataclass(frozen=True, slots=True)
class FinderScore:
    """`recall` of `faces` at IoU ≥ .5; `false_finds` touch no true face; `overlap` mean IoU and `point_error` mean
    distance of the five points in face heights, both over the faces that were found."""

    pictures: int
    faces: int
    found: int
    false_finds: int
    overlap: float
    point_error: float

    @property
    def recall(self) -> float:
        return self.found / self.faces if self.faces else float("nan")

    @property
    def false_per_100(self) -> float:
        return 100 * self.false_finds / max(self.pictures, 1)


def score(find: Find, pictures: Iterable[tuple[Image, FloatArray]]) -> FinderScore:
    """Run `find` on pictures (H, W, 3) uint8 RGB with their true faces (n, 14)."""
    count = faces = false_finds = 0
    overlaps: list[float] = []
    errors: list[float] = []
    for image, truth in pictures:
        found = find(image)
        count, faces = count + 1, faces + len(truth)
        boxes = np.array([face.box_xyxy for face in found], np.float32).reshape(-1, 4)
        shared = box_overlap(boxes, truth[:, :4])
        false_finds += int((shared.max(1, initial=0) < 0.1).sum())
        for column, row in enumerate(truth):
            if shared[:, column].max(initial=0) < HIT:
                continue
            best = int(shared[:, column].argmax())
            overlaps.append(float(shared[best, column]))
            distance = np.linalg.norm(found[best].points - row[4:].reshape(5, 2), axis=1)
            errors.append(float(distance.mean() / (row[3] - row[1])))
    mean = [float(np.mean(values)) if values else float("nan") for values in (overlaps, errors)]
    return FinderScore(count, faces, len(overlaps), false_finds, *mean)


def truth_row(landmarks: FloatArray) -> FloatArray:
    """(478, 2+) landmarks in px → (14,) box and five points."""
    mesh = landmarks[:468, :2]
    return np.concatenate([mesh.min(0), mesh.max(0), landmarks[LANDMARKS, :2].reshape(-1)]).astype(np.float32)


def held_out(folder: Path, landmarks: Path) -> Iterator[tuple[Image, FloatArray]]:
    """Photos NNNN.jpg that no training sees, with their (478, 2) landmarks; row NNNN of the file is photo NNNN."""
    with np.load(landmarks, allow_pickle=False) as file:
        points = file["landmarks"]
    for path in sorted(folder.glob("*.jpg")):
        number = int(path.stem)
        if number % HELD_OUT_EVERY == 0 and number < len(points):
            yield load_photo(path).image, points[number, :, :2]


def placed(
    image: Image, landmarks: FloatArray, share: float, roll_deg: float, side_px: int
) -> tuple[Image, FloatArray]:
    """A square picture of `side_px` with the photo's face in its middle, `share` of the side high and turned counter-
    clockwise by `roll_deg`; the photo's own blurred colours fill the rest. With its true face (1, 14)."""
    low, high = landmarks[:468].min(0), landmarks[:468].max(0)
    scale = share * side_px / float(high[1] - low[1])
    cos, sin = scale * np.cos(np.radians(roll_deg)), scale * np.sin(np.radians(roll_deg))
    linear = np.array([[cos, sin], [-sin, cos]])
    offset = side_px / 2 - linear @ ((low + high) / 2)
    truth = truth_row((landmarks @ linear.T + offset).astype(np.float32))
    source = cv2.GaussianBlur(image, (0, 0), 0.4 / scale) if scale < 0.8 else image
    matrix = np.concatenate([linear, (offset + linear @ [0.5, 0.5] - 0.5)[:, None]], 1)
    size = (side_px, side_px)
    shown = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    alpha = cv2.warpAffine(np.ones(image.shape[:2], np.float32), matrix, size)[..., None]
    around = cv2.resize(cv2.resize(image, (5, 5), interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_CUBIC)
    return (shown * (alpha > 0.5) + around * (alpha <= 0.5)).astype(np.uint8), truth[None]


def enlarged_truth(label: Callable[[Image], Any], image: Image) -> FloatArray:
    """(14,) the face that the teacher, which overlooks small ones, sees in an enlarged part; NaN for none."""
    height, width = image.shape[:2]
    side = min(height, width) // 2
    for y in np.linspace(0, height - side, 3).astype(int):
        for x in np.linspace(0, width - side, 3 if width < 1.5 * height else 5).astype(int):
            labels = label(np.asarray(cv2.resize(image[y : y + side, x : x + side], None, fx=2, fy=2), np.uint8))
            if labels is not None:
                return truth_row(labels.landmarks[:, :2] / 2 + np.array([x, y], np.float32))
    return NOBODY


def teacher_labels(video: Path, teacher: Path, cache: Path | None) -> FloatArray:
    """(T, 14) true face of every frame, NaN where MediaPipe's Face Landmarker sees none; kept in `cache` if given.

    Frames without one are also shown enlarged in parts; what is seen there counts when it is there in most of them.
    """
    kept = cache / f"{video.name}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept, allow_pickle=False) as file:
            return file["faces"]
    from mimica.media.video_reader import open_video
    from mimica.synthesis.teacher import Teacher

    rows: list[FloatArray] = []
    enlarged: dict[int, FloatArray] = {}
    with Teacher(teacher) as labeller, open_video(video) as reader:
        for frame in reader:
            labels = labeller.label(frame.image)
            if labels is None:
                enlarged[len(rows)] = enlarged_truth(labeller.label, frame.image)
            rows.append(NOBODY if labels is None else truth_row(labels.landmarks))
    if enlarged and np.mean([np.isfinite(row[0]) for row in enlarged.values()]) > 0.5:
        for index, row in enlarged.items():
            rows[index] = row
    faces = np.array(rows, np.float32).reshape(-1, 14)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, faces=faces)
    return faces


def frames(video: Path, faces: FloatArray) -> Iterator[tuple[Image, FloatArray]]:
    """Frames of `video` with their true faces (n, 14), n 0 or 1."""
    from mimica.media.video_reader import open_video

    with open_video(video) as reader:
        for frame in reader:
            row = faces[frame.index : frame.index + 1]
            yield frame.image, row[np.isfinite(row[:, 0])]


def face_free() -> Iterator[tuple[Image, FloatArray]]:
    """scikit-image's pictures without a face, as they are and turned by a quarter, a half and three quarters."""
    from skimage import data

    nothing = np.empty((0, 14), np.float32)
    for name in FACE_FREE:
        picture = np.asarray(getattr(data, name)())
        if picture.dtype != np.uint8:
            picture = (np.clip(picture.astype(np.float32), 0, 1) * 255).astype(np.uint8)
        picture = np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture[..., :3]
        for quarter in range(4):
            yield np.ascontiguousarray(np.rot90(picture, quarter)), nothing


def milliseconds(find: Find, image: Image, calls: int = 40) -> float:
    """Median wall-clock time of one call."""
    find(image)
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        find(image)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def measure(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every suite that the arguments give data for, by name."""
    from mimica.faces.finder import FaceFinder
    from mimica.runtime.session import OnnxNetwork

    finder = FaceFinder(OnnxNetwork(arguments.network, device="cpu")) if arguments.network else FaceFinder.load("cpu")
    result: dict[str, dict[str, float]] = {}

    def add(name: str, pictures: Iterable[tuple[Image, FloatArray]]) -> None:
        outcome = score(finder.find, pictures)
        result[name] = asdict(outcome) | {"recall": outcome.recall, "false_per_100": outcome.false_per_100}
        if not arguments.json:
            print(
                f"{name:<28} {outcome.pictures:5d} pictures  recall {100 * outcome.recall:6.2f} %"
                f" of {outcome.faces:<5d} false per 100 {outcome.false_per_100:5.2f}  IoU {outcome.overlap:.3f}"
                f"  points {100 * outcome.point_error:.1f} %",
                flush=True,
            )

    if arguments.portraits:
        portraits = list(held_out(arguments.portraits, arguments.landmarks))
        add("portraits as they are", ((image, truth_row(marks)[None]) for image, marks in portraits))
        for share in SHARES:
            add(f"share {share:.0%}", (placed(image, marks, share, 0.0, 720) for image, marks in portraits))
        for roll in ROLLS_DEG:
            add(f"roll {roll:+.0f} deg", (placed(image, marks, 0.3, roll, 720) for image, marks in portraits))
    if arguments.clips:
        for video in sorted(arguments.clips.iterdir()):
            add(video.name, frames(video, teacher_labels(video, arguments.teacher, arguments.labels)))
    add("scikit-image, face-free", face_free())
    picture = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    speed = {
        "milliseconds": milliseconds(lambda image: finder.find(image, thorough=False), picture),
        "milliseconds_with_tiles": milliseconds(finder.find, picture),
    }
    result["720p"] = speed
    if not arguments.json:
        print(", ".join(f"{name} {value:.1f}" for name, value in speed.items()))
    return result


def main(argv: list[str] | None = None) -> None:
    """Print the measurements, as a table or as JSON."""
    parser = argparse.ArgumentParser(prog="python -m mimica.evaluation.face_finder", description=__doc__)
    parser.add_argument("--network", type=Path, help="an exported finder; the shipped one otherwise")
    parser.add_argument("--portraits", type=Path, help="folder of NNNN.jpg")
    parser.add_argument("--landmarks", type=Path, help="npz with `landmarks` (N, 478, 3) px of the portraits")
    parser.add_argument("--clips", type=Path, help="folder of videos")
    parser.add_argument("--teacher", type=Path, help="MediaPipe's face_landmarker.task, to label the clips")
    parser.add_argument("--labels", type=Path, help="folder that keeps the clips' labels")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    if arguments.portraits and not arguments.landmarks:
        parser.error("--portraits needs --landmarks")
    if arguments.clips and not arguments.teacher:
        parser.error("--clips needs --teacher")
    result = measure(arguments)
    if arguments.json:
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
