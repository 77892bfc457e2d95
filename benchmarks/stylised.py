"""How far paintings, drawings, cartoons and statues can be read and moved.

    python benchmarks/stylised.py [--portraits FOLDER --count 24]

Pictures: what scikit-image, matplotlib and Mimica ship, and portraits in a folder; each in ten styles. What Mimica
reads in the photo itself is the truth for the styles made from it: they show the same face in the same place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import skimage
from numpy.typing import NDArray
from stylised_pictures import STYLES

import mimica.demo
from mimica.animation.animator import Animator
from mimica.animation.clear_copy import clear_copy
from mimica.animation.motion_field import HeadMotion, place
from mimica.animation.networks import ENCODER_PX, Networks
from mimica.animation.prepare import Portrait, aligned_crop, prepare
from mimica.animation.scene import found_faces
from mimica.core.geometry import CropFrame, box_overlap
from mimica.core.motion import EXPRESSION_INDEX, RIG_NAMES
from mimica.core.records import Face
from mimica.faces.alignment import extract, face_crop
from mimica.media.image import load_photo

Image = NDArray[np.uint8]
SIDE = 640
LIPS, EYES = slice(48, 68), slice(36, 48)
SAME_OVERLAP = 0.4


def pictures(folder: Path | None, count: int) -> list[Image]:
    data = Path(skimage.__file__).parent / "data" / "astronaut.png"
    hopper = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    files = [data, hopper, Path(mimica.demo.__path__[0]) / "portrait.jpg"]
    if folder is not None:
        held_out = [file for file in sorted(folder.glob("*.jpg")) if int(file.stem) % 8 == 0]
        files += held_out[:: max(1, len(held_out) // count)][:count]
    images = [load_photo(file).image for file in files]
    return [
        cv2.resize(one, None, fx=SIDE / max(one.shape), fy=SIDE / max(one.shape), interpolation=cv2.INTER_AREA)
        for one in images
    ]


def jaw_opening_cm(portrait: Portrait) -> float:
    """How far the middle of the lower lip leaves that of the upper one when the jaw opens by 0.7, in the mesh."""
    mesh, subject = portrait.renderer.mesh, portrait.subject
    mouth = next(index for index, one in enumerate(portrait.reading.features) if one.kind == "mouth")
    centre = portrait.reading.features[mouth].origin_px + portrait.reading.features[mouth].size_px / 2
    gaps = []
    for strength in (0.0, 0.7):
        directions = np.zeros(len(RIG_NAMES), np.float32)
        directions[EXPRESSION_INDEX["jawOpen"]] = strength
        motion = HeadMotion(directions, np.zeros(3, np.float32), np.eye(3), np.zeros(3), subject.gaze_deg)
        heights = []
        for sheet in (mesh.upper[mouth], mesh.lower[mouth]):
            near = int(np.square(sheet.source_px - centre).sum(1).argmin())
            heights.append(float((place(mesh, sheet, motion)[near] @ mesh.rotation)[1]))
        gaps.append(heights[0] - heights[1])
    return gaps[1] - gaps[0]


def read(picture: Image, crop: CropFrame, networks: Networks) -> tuple[CropFrame, NDArray[np.float64]]:
    """The aligned crop and the (70, 2) landmarks in pixels."""
    crop = aligned_crop(picture, crop, networks)
    return crop, crop.to_image(networks.encode(extract(picture, crop, ENCODER_PX)).landmarks)


def same_face(faces: list[Face], truth: Face) -> Face | None:
    return next((one for one in faces if box_overlap(truth.box_xyxy, one.box_xyxy)[0, 0] > SAME_OVERLAP), None)


def measure(images: list[Image], networks: Networks, rigged: int) -> dict[str, list[list[float]]]:
    """Per style a row for each picture: found by one look; found; errors in % of the eyes' distance, read as it is,
    then as Mimica reads it: all marks, eyes, lips; share of the photo's mouth opening, nan beyond `rigged` pictures.
    """
    rows: dict[str, list[list[float]]] = {name: [] for name in STYLES}
    for number, image in enumerate(images):
        found = networks.finder.find(image)
        if not found:
            continue
        truth: Face = max(found, key=lambda face: face.area_px)
        _, marks = read(image, face_crop(truth), networks)
        unit = float(np.linalg.norm(marks[68] - marks[69]))
        opening = jaw_opening_cm(prepare(image, truth, networks)) if number < rigged else np.nan
        for name, style in STYLES.items():
            painted = style(image)
            once = same_face(networks.finder.find(painted), truth)
            face = once or same_face(found_faces(painted, networks), truth)
            start = face or truth
            crop, plain = read(painted, face_crop(start), networks)
            clear = clear_copy(painted, crop, networks)
            mended = plain if clear is painted else read(clear, crop, networks)[1]
            off, was = (np.linalg.norm(one - marks, axis=1) / unit * 100 for one in (mended, plain))
            reached = jaw_opening_cm(prepare(painted, start, networks)) / opening if number < rigged else np.nan
            rows[name].append([
                once is not None, face is not None, was.mean(), off.mean(), off[EYES].mean(), off[LIPS].mean(), reached
            ])  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, help="a folder of portraits; numbers divisible by 8 are used")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--rigged", type=int, default=6, help="for how many pictures the mouth's opening is measured")
    options = parser.parse_args()
    images = pictures(options.portraits, options.count)
    rows = measure(images, Animator.load("cpu").networks, options.rigged)
    print(f"{len(images)} pictures; errors: median, and in brackets what one in ten exceeds\n")
    print("| style | found at a glance | found | marks off, read as it is | marks off | eyes | lips | mouth opens |")
    print("|---|---|---|---|---|---|---|---|")
    for name, values in rows.items():
        table = np.array(values)
        off = [f"{np.median(table[:, i]):.1f} % ({np.percentile(table[:, i], 90):.1f})" for i in (2, 3, 4, 5)]
        shares = [f"{table[:, i].mean():.0%}" for i in (0, 1)]
        print(f"| {' | '.join([name, *shares, *off])} | {np.nanmedian(table[:, 6]):.0%} |")


if __name__ == "__main__":
    main()
