"""The figures of the pages, drawn from the shipped portraits of nobody by the shipped networks:

    python docs/_site/figures.py [model] [moods] [limits]

model.jpg: photo, canonical coordinates, depth, two directions, and what comes out. moods.jpg: one photo, five
expressions. limits.jpg: four people where it fails. All edits left through the release: with label and mark.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import mimica
from mimica.core.motion import EXPRESSION_NAMES
from mimica.faces.alignment import extract
from mimica.media import load_photo

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PORTRAIT = ROOT / "src" / "mimica" / "demo" / "portrait.jpg"
PEOPLE = sorted((ROOT / "src" / "mimica" / "evaluation" / "benchmark" / "photos").glob("*.png"))
TILE_PX, HEADING_PX, GAP_PX, ARROWS_PX, SMALL_PX = 288, 44, 14, 11, 180
MOODS = ("smile", "wink", "surprise", "doubt", "sadness")
GRIN = {"smile": 0.8, "open_mouth": 0.1, **{f"mouth_{part}_{side}": 0.65 for part in ("upper_up", "lower_down")
                                             for side in ("left", "right")}}  # fmt: skip
FAILURES: dict[str, dict[str, float]] = {
    "turned 35°": {"yaw": 35}, "turned -35°": {"yaw": -35}, "up 20°": {"pitch": -20}, "down 20°": {"pitch": 20},
    "cheeks puffed": {"puff": 1}, "brows up": {"raise_brows": 1}, "grin": GRIN,
}  # fmt: skip

Picture = NDArray[np.uint8]


def spread(values: NDArray[np.float32], low: float, high: float) -> Picture:
    """`values` from low..high as 0..255."""
    return (255 * np.clip((values - low) / (high - low), 0, 1)).astype(np.uint8)


def laid_over(photo: Picture, colours: Picture, cover: NDArray[np.float32]) -> Picture:
    """`colours` over a pale `photo` as far as `cover` (H, W) 0..1 says."""
    pale = 255 - (255 - photo.astype(np.float32)) * 0.35
    return (pale + (colours - pale) * cover[..., None]).astype(np.uint8)


def square_of(image: NDArray[np.generic]) -> NDArray[np.float32]:
    return cv2.resize(np.asarray(image, np.float32), (TILE_PX, TILE_PX), interpolation=cv2.INTER_LINEAR)


class Figure:
    """One rigged portrait and the pictures that explain it, each (TILE_PX, TILE_PX, 3) uint8 RGB."""

    def __init__(self, photo: Path) -> None:
        self.path = photo
        self.portrait = mimica.Animator.load().prepare(photo)
        self.reading = self.portrait.reading
        self.photo = extract(self.portrait.photo, self.reading.crop, TILE_PX)
        self.face = square_of(self.reading.face)

    def canonical(self) -> Picture:
        """Each pixel coloured by its place on the one mean head: x, y and z in centimetres as red, green and blue."""
        place = square_of(self.reading.canonical)
        bands = np.stack([spread(place[..., i], *limits) for i, limits in enumerate(((-8, 8), (-10, 10), (-4, 9)))], -1)
        lines = (np.abs(place[..., :2] / 2 - np.round(place[..., :2] / 2)).min(-1) < 0.035).astype(np.float32)
        return laid_over(self.photo, (bands * (1 - 0.6 * lines[..., None])).astype(np.uint8), self.face)

    def depth(self) -> Picture:
        depth = square_of(self.reading.depth)
        inside = depth[self.face > 0.5]
        grey = spread(depth, *map(float, np.percentile(inside, [2, 98])))
        colours = cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS)[..., ::-1]
        return laid_over(self.photo, np.ascontiguousarray(colours), self.face)

    def direction(self, name: str) -> Picture:
        """Where the points of the skin go when the expression `name` goes from 0 to 1."""
        canvas = laid_over(self.photo, np.full_like(self.photo, 255), np.full(self.face.shape, 0.25, np.float32))
        mesh = self.portrait.renderer.mesh
        for sheet in (mesh.base, *mesh.upper[:1], *mesh.lower[:1]):
            steps = sheet.basis.reshape(-1, 3, sheet.basis.shape[1])[..., EXPRESSION_NAMES.index(name)]
            moved = mesh.camera.project(sheet.camera_cm[sheet.moving] + steps @ mesh.rotation.T.astype(np.float32))
            tails = self.reading.crop.to_crop(sheet.source_px[sheet.moving]) * TILE_PX
            heads = self.reading.crop.to_crop(moved.astype(np.float32)) * TILE_PX
            cells = np.unique(np.floor(tails / ARROWS_PX).astype(int), axis=0, return_index=True)[1]  # one arrow a cell
            for tail, head in zip(tails[cells], heads[cells], strict=True):
                if np.linalg.norm(head - tail) > 1.5:
                    ends = [tuple(int(v) for v in np.round(16 * (point - 0.5))) for point in (tail, head)]
                    cv2.arrowedLine(canvas, *ends, (196, 30, 58), 1, cv2.LINE_AA, 4, 0.35)
        return canvas

    def edited(self, folder: Path, **edits: float) -> Picture:
        return edited(self.path, folder, TILE_PX, **edits)


def edited(photo: Path, folder: Path, side_px: int, **edits: float) -> Picture:
    out = folder / f"{len(list(folder.iterdir()))}.png"
    mimica.edit(photo, out, consent="fictional", edits={name.replace("_", "-"): v for name, v in edits.items()})
    return cv2.resize(load_photo(out).image, (side_px, side_px), interpolation=cv2.INTER_AREA)


def sheet(tiles: list[tuple[str, Picture]], columns: int) -> Image.Image:
    """Tiles under their headings, `columns` in a row, on a pale ground that reads on light and dark pages."""
    rows = -(-len(tiles) // columns)
    size = (columns * (TILE_PX + GAP_PX) + GAP_PX, rows * (TILE_PX + HEADING_PX + GAP_PX) + GAP_PX)
    page = Image.new("RGB", size, (250, 250, 248))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(17)
    for index, (heading, tile) in enumerate(tiles):
        left = GAP_PX + (index % columns) * (TILE_PX + GAP_PX)
        top = GAP_PX + (index // columns) * (TILE_PX + HEADING_PX + GAP_PX)
        draw.text((left, top + 12), heading, (25, 25, 25), font)
        page.paste(Image.fromarray(tile), (left, top + HEADING_PX))
    return page


def model(folder: Path) -> Image.Image:
    figure = Figure(PORTRAIT)
    tiles = [
        ("1  The photo, cut tight", figure.photo),
        ("2  Every pixel's place on one head", figure.canonical()),
        ("3  How far away it is", figure.depth()),
        ("4  Direction: mouthSmileLeft", figure.direction("mouthSmile_L")),
        ("5  Direction: jawOpen", figure.direction("jawOpen")),
        ("6  Bent: smile 0.8, jaw-open 0.3", figure.edited(folder, smile=0.8, jaw_open=0.3)),
        ("7  Turned too: yaw 15°", figure.edited(folder, smile=0.8, jaw_open=0.3, yaw=15)),
        ("8  Lids and gaze: a wink", figure.edited(folder, blink_left=1, gaze_x=0.4, smile=0.3)),
    ]
    return sheet(tiles, 4)


def moods(folder: Path) -> Image.Image:
    subprocess.run([sys.executable, ROOT / "examples" / "expressions.py", PORTRAIT, folder, "fictional"], check=True)
    row = [cv2.resize(load_photo(folder / f"{mood}.png").image, (TILE_PX, TILE_PX)) for mood in MOODS]
    return Image.fromarray(np.hstack(row))


def limits(folder: Path) -> Image.Image:
    rows = []
    for photo in PEOPLE:
        own = cv2.resize(load_photo(photo).image, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA)
        rows.append(np.hstack([own, *(edited(photo, folder, SMALL_PX, **edits) for edits in FAILURES.values())]))
    page = Image.fromarray(np.vstack(rows))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for column, heading in enumerate(("photo", *FAILURES)):
        draw.text((column * SMALL_PX + 5, 3), heading, "white", font, stroke_width=2, stroke_fill="black")
    return page


FIGURES = {"model": model, "moods": moods, "limits": limits}


def main(*names: str) -> None:
    for name in names or FIGURES:
        with tempfile.TemporaryDirectory() as folder:
            FIGURES[name](Path(folder)).save(IMAGES / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
