"""Scenes for the FaceFinder: portraits of nobody as they are, in grids, pasted whole or cut out, near, far, many or
none, and what only looks like a face. It knows boxes and points of each face exactly, because it places them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.training.finder_backgrounds import background
from mimica.training.finder_styles import degrade, stylise

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

SCENE_PX = 256
MAX_FACES = 8
EYE_RIGHT, EYE_LEFT, NOSE, MOUTH_RIGHT, MOUTH_LEFT = 468, 473, 4, 61, 291
"""MediaPipe landmarks of the five points, in the order of `core.records.POINT_NAMES`."""
MAX_ROLL_DEG = 50.0
LETTERBOX_GREY = 114
"""As `faces.finder.letterbox` fills."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPortrait:
    """A picture of one face. image: (H, W, 3) uint8. landmarks: (478, 2) px. matte: (H, W) uint8, the person."""

    image: Image
    landmarks: FloatArray
    matte: Image


class SceneMaker:
    """Draws scenes; every choice comes from the generator that is passed in.

    `portraits` are cut out and pasted; `photos` are shown as they are (their mattes are not used).
    """

    def __init__(self, portraits: list[LabelledPortrait], photos: list[LabelledPortrait] | None = None) -> None:
        self.portraits = portraits
        self.photos = photos if photos is not None else portraits
        self._emptied: dict[int, Image] = {}

    def scene(self, rng: np.random.Generator) -> tuple[Image, FloatArray]:
        """(256, 256, 3) uint8 and faces (n, 14): box x0 y0 x1 y1 and five points, px of the scene; n ≤ 8."""
        canvas, faces = self._grid(rng) if rng.random() < 0.55 else self._pasted(rng)
        canvas = degrade(stylise(canvas, rng), rng)
        return canvas, np.array(faces, np.float32).reshape(-1, 14)

    def negative(self, rng: np.random.Generator) -> Image:
        """(256, 256, 3) uint8 without any face."""
        canvas = self._faceless(SCENE_PX, SCENE_PX, rng) if rng.random() < 0.5 else background(rng)
        if rng.random() < 0.4:  # natural things are less colourful than drawn ones
            grey = canvas.mean(2, keepdims=True)
            canvas = (grey + (canvas - grey) * rng.uniform(0, 0.6)).astype(np.uint8)
        return degrade(stylise(canvas, rng), rng)

    def _pasted(self, rng: np.random.Generator) -> tuple[Image, list[FloatArray]]:
        canvas = self._background(rng)
        kind = rng.random()
        if kind < 0.15:
            count = 0
        elif kind < 0.65:
            count = 1
        else:
            count = int(rng.integers(2, MAX_FACES + 1))
        faces: list[FloatArray] = []
        occupied = np.zeros((SCENE_PX, SCENE_PX), bool)
        for _ in range(count):
            low, high = (0.05, 1.05) if count == 1 else (0.05, 0.4)
            height = SCENE_PX * float(np.exp(rng.uniform(np.log(low), np.log(high))))
            face = self._paste(canvas, occupied, height, rng)
            if face is not None:
                faces.append(face)
        return canvas, faces

    def _grid(self, rng: np.random.Generator) -> tuple[Image, list[FloatArray]]:
        """Photos as they are, one or many to a side, some of them without their face; sometimes between grey bars."""
        cells = int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.48, 0.22, 0.1, 0.08, 0.07, 0.05]))
        canvas = np.full((SCENE_PX, SCENE_PX, 3), LETTERBOX_GREY, np.uint8)
        rows = columns = SCENE_PX
        if rng.random() < 0.5:  # as the finder sees wide and tall pictures
            short = int(SCENE_PX * rng.uniform(0.5, 1.0))
            rows, columns = (short, SCENE_PX) if rng.random() < 0.6 else (SCENE_PX, short)
        top, left = (SCENE_PX - rows) // 2, (SCENE_PX - columns) // 2
        empty = 0.2 if cells == 1 else rng.choice([0.15, 0.6])
        faces: list[FloatArray] = []
        for row in range(cells):
            for column in range(cells):
                y0, y1 = (top + rows * k // cells for k in (row, row + 1))
                x0, x1 = (left + columns * k // cells for k in (column, column + 1))
                without = len(faces) >= MAX_FACES or rng.random() < empty
                tile, face = self._faceless(y1 - y0, x1 - x0, rng), None
                if not without:
                    tile, face = self._photo(y1 - y0, x1 - x0, rng)
                canvas[y0:y1, x0:x1] = tile
                if face is not None:
                    faces.append((face + np.tile([x0, y0], 7)).astype(np.float32))
        return canvas, faces

    def _photo(self, rows: int, columns: int, rng: np.random.Generator) -> tuple[Image, FloatArray]:
        """A window (rows, columns, 3) of a photo with its face (14,)."""
        portrait = self.photos[int(rng.integers(len(self.photos)))]
        marks = portrait.landmarks
        low, high = marks[:468].min(0), marks[:468].max(0)
        natural = min(rows / portrait.image.shape[0], columns / portrait.image.shape[1])
        largest = 1.05 * max(rows, columns) / float(high[1] - low[1])
        scale = float(np.exp(rng.uniform(np.log(0.8 * natural), np.log(max(largest, natural)))))
        if rng.random() < 0.4:
            scale = natural * float(rng.uniform(0.9, 1.3))
        roll = float(rng.uniform(-MAX_ROLL_DEG, MAX_ROLL_DEG)) if rng.random() < 0.45 else float(rng.normal(0, 4))
        extent = (high - low) * scale
        room = np.maximum([columns - 0.9 * extent[0], rows - 0.9 * extent[1]], 0)
        centre = np.array([columns, rows]) / 2 + rng.uniform(-0.5, 0.5, 2) * room
        matrix, mirror = _placement((low + high) / 2, centre, scale, roll, rng)
        border = int(rng.choice([cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT]))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        tile = _warped(portrait.image, matrix, scale, (columns, rows), border, colour)
        return tile, _moved(marks, matrix, mirror)

    def _faceless(self, rows: int, columns: int, rng: np.random.Generator) -> Image:
        """A window of a photo beside its face, or of one whose face is painted away, or no photo at all."""
        kind = rng.random()
        if kind < 0.15:
            return cv2.resize(self._background(rng), (columns, rows), interpolation=cv2.INTER_AREA)
        number = int(rng.integers(len(self.photos)))
        portrait = self.photos[number]
        height, width = portrait.image.shape[:2]
        low, high = portrait.landmarks[:468].min(0) - 3, portrait.landmarks[:468].max(0) + 3
        if kind < 0.75:
            for _ in range(12):
                h = int(rng.uniform(0.15, 0.8) * height)
                w = min(width, max(8, h * columns // rows))
                y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
                if x >= high[0] or x + w <= low[0] or y >= high[1] or y + h <= low[1]:
                    part = portrait.image[y : y + h, x : x + w]
                    part = part[:, ::-1] if rng.random() < 0.5 else part
                    method = cv2.INTER_AREA if h > rows else cv2.INTER_LINEAR
                    return cv2.resize(np.ascontiguousarray(part), (columns, rows), interpolation=method)
        return cv2.resize(self._empty(number, rng), (columns, rows), interpolation=cv2.INTER_AREA)

    def _empty(self, number: int, rng: np.random.Generator) -> Image:
        """Photo `number` without its face; mostly as it was emptied before."""
        if number not in self._emptied or rng.random() < 0.2:
            self._emptied[number] = self.without_face(self.photos[number], rng)
        return self._emptied[number]

    def _pick(self, rng: np.random.Generator) -> LabelledPortrait:
        return self.portraits[int(rng.integers(len(self.portraits)))]

    def _paste(
        self, canvas: Image, occupied: NDArray[np.bool_], height: float, rng: np.random.Generator
    ) -> FloatArray | None:
        portrait = self._pick(rng)
        marks = portrait.landmarks
        low, high = marks[:468].min(0), marks[:468].max(0)
        scale = height / float(high[1] - low[1])
        roll = float(np.clip(rng.normal(0, 15), -MAX_ROLL_DEG, MAX_ROLL_DEG)) if rng.random() < 0.7 else 0.0
        if rng.random() < 0.15:
            roll = float(rng.uniform(-MAX_ROLL_DEG, MAX_ROLL_DEG))
        reach = max(0.0, SCENE_PX - 0.8 * height)
        centre = SCENE_PX / 2 + rng.uniform(-0.5, 0.5, 2) * reach
        matrix, mirror = _placement((low + high) / 2, centre, scale, roll, rng)
        face = _moved(marks, matrix, mirror)
        box = face[:4]
        x0, y0, x1, y1 = np.clip(box, 0, SCENE_PX).astype(int)
        if x1 - x0 < 4 or y1 - y0 < 4:
            return None
        size = (SCENE_PX, SCENE_PX)
        warped = _warped(portrait.image, matrix, scale, size, cv2.BORDER_REPLICATE)
        if rng.random() < 0.55:
            alpha = _warped(portrait.matte, matrix, scale, size).astype(np.float32) / 255
        else:  # the whole photo, as a picture in the picture
            whole = np.full(portrait.matte.shape, 255, np.uint8)
            alpha = _warped(whole, matrix, 1.0, size).astype(np.float32) / 255
        if (occupied & (alpha > 0.3)).any():  # it would hide a face that is already there
            return None
        canvas[:] = (canvas + (warped.astype(np.float32) - canvas) * alpha[..., None]).astype(np.uint8)
        occupied[y0:y1, x0:x1] = True
        return face

    def _background(self, rng: np.random.Generator) -> Image:
        kind = rng.random()
        size = SCENE_PX
        if kind < 0.5:
            return background(rng)
        number = int(rng.integers(len(self.photos)))
        portrait, image = self.photos[number], self._empty(number, rng)
        if kind < 0.75:  # a scene without its face: hair, ears, hands and clothes stay
            side = int(rng.uniform(0.4, 1.0) * min(image.shape[:2]))
            y, x = (int(rng.integers(0, length - side + 1)) for length in image.shape[:2])
            return cv2.resize(image[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_AREA)
        tiles = int(rng.choice([4, 8, 16]))  # shuffled patches: parts without the whole
        small = cv2.resize(portrait.image if tiles >= 8 else image, (size, size), interpolation=cv2.INTER_AREA)
        step = size // tiles
        patches = small.reshape(tiles, step, tiles, step, 3).swapaxes(1, 2).reshape(-1, step, step, 3)
        patches = patches[rng.permutation(len(patches))]
        return np.ascontiguousarray(patches.reshape(tiles, tiles, step, step, 3).swapaxes(1, 2).reshape(size, size, 3))

    @staticmethod
    def without_face(portrait: LabelledPortrait, rng: np.random.Generator) -> Image:
        """The picture with its face painted away: by one tone, by blur or from around."""
        image = portrait.image.copy()
        hull = cv2.convexHull(portrait.landmarks[:468].astype(np.int32))
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, hull, 255)
        mask = cv2.dilate(mask, np.ones((9, 9), np.uint8))
        face = image[mask > 0]
        kind = rng.random()
        if kind < 0.4:
            fill = np.broadcast_to(np.median(face, axis=0), image.shape).astype(np.float32)
        elif kind < 0.7:
            small = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA)
            hole = cv2.resize(mask, (64, 64), interpolation=cv2.INTER_NEAREST)
            painted = cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA)
            fill = cv2.resize(painted, image.shape[1::-1]).astype(np.float32)
        else:
            fill = image[::-1] if rng.random() < 0.5 else np.roll(image, image.shape[1] // 2, 1)
            fill = cv2.GaussianBlur(fill, (0, 0), 12).astype(np.float32)
        soft = cv2.GaussianBlur(mask, (0, 0), 4).astype(np.float32)[..., None] / 255
        return (image * (1 - soft) + fill * soft).astype(np.uint8)


def _placement(
    middle: FloatArray, centre: NDArray[np.floating], scale: float, roll_deg: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], bool]:
    """(2, 3) map that brings `middle` of a photo to `centre`, turned, scaled and, half the time, mirrored (second)."""
    mirrored = bool(rng.random() < 0.5)
    cos, sin = scale * np.cos(np.radians(roll_deg)), scale * np.sin(np.radians(roll_deg))
    sign = -1.0 if mirrored else 1.0
    linear = np.array([[cos * sign, sin], [-sin * sign, cos]])
    return np.concatenate([linear, (centre - linear @ middle)[:, None]], 1), mirrored


def _warped(
    image: Image, matrix: NDArray[np.float64], scale: float, size: tuple[int, int],
    border: int = cv2.BORDER_CONSTANT, colour: tuple[int, ...] = (0, 0, 0),
) -> Image:  # fmt: skip
    """`image` seen through `matrix` (continuous px) as (columns, rows) = `size`; smoothed first when it shrinks."""
    shift = matrix.copy()
    factor = 2 ** int(np.log2(1 / scale)) if scale < 0.5 else 1
    if factor > 1:
        columns, rows = (max(1, length // factor) for length in image.shape[1::-1])
        source = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        shift[:, :2] *= np.array([image.shape[1] / columns, image.shape[0] / rows])
    else:
        source = cv2.GaussianBlur(image, (0, 0), 0.45 / scale) if scale < 0.7 else image
    shift[:, 2] += shift[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return cv2.warpAffine(source, shift, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=colour)


def _moved(landmarks: FloatArray, matrix: NDArray[np.float64], mirrored: bool) -> FloatArray:
    """(14,) box and points of `landmarks` after `matrix`; a mirrored face's right eye is its left one."""
    shown = landmarks @ matrix[:, :2].T + matrix[:, 2]
    order = [EYE_RIGHT, EYE_LEFT, NOSE, MOUTH_RIGHT, MOUTH_LEFT]
    if mirrored:
        order = [EYE_LEFT, EYE_RIGHT, NOSE, MOUTH_LEFT, MOUTH_RIGHT]
    box = np.concatenate([shown[:468].min(0), shown[:468].max(0)])
    return np.concatenate([box, shown[order].reshape(-1)]).astype(np.float32)
