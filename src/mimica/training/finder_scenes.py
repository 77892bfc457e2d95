"""Scenes for the FaceFinder: portraits of nobody pasted, whole or cut out, near, far, many or none, and what only looks
like a face. It knows boxes and points of each face exactly, because it places them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

SCENE_PX = 256
MAX_FACES = 8
EYE_RIGHT, EYE_LEFT, NOSE, MOUTH_RIGHT, MOUTH_LEFT = 468, 473, 4, 61, 291
"""MediaPipe landmarks of the five points, in the order of `core.records.POINT_NAMES`."""
MAX_ROLL_DEG = 45.0


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPortrait:
    """A picture of one face. image: (H, W, 3) uint8. landmarks: (478, 2) px. matte: (H, W) uint8, the person."""

    image: Image
    landmarks: FloatArray
    matte: Image


class SceneMaker:
    """Draws scenes; every choice comes from the generator that is passed in."""

    def __init__(self, portraits: list[LabelledPortrait]) -> None:
        self.portraits = portraits

    def scene(self, rng: np.random.Generator) -> tuple[Image, FloatArray]:
        """(256, 256, 3) uint8 and faces (n, 14): box x0 y0 x1 y1 and five points, px of the scene; n ≤ 8."""
        canvas = self._background(rng)
        kind = rng.random()
        if kind < 0.12:
            count = 0
        elif kind < 0.70:
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
        canvas = stylise(canvas, rng)
        return canvas, np.array(faces, np.float32).reshape(-1, 14)

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
        mirror = -1.0 if rng.random() < 0.5 else 1.0
        cos, sin = np.cos(np.radians(roll)) * scale, np.sin(np.radians(roll)) * scale
        linear = np.array([[cos * mirror, sin], [-sin * mirror, cos]])
        matrix = np.concatenate([linear, (centre - linear @ ((low + high) / 2))[:, None]], 1)
        shown = marks @ linear.T + matrix[:, 2]
        box = np.concatenate([shown[:468].min(0), shown[:468].max(0)])
        x0, y0, x1, y1 = np.clip(box, 0, SCENE_PX).astype(int)
        if x1 - x0 < 4 or y1 - y0 < 4:
            return None
        shift = matrix.copy()
        shift[:, 2] += linear @ np.array([0.5, 0.5]) - 0.5
        source = portrait.image
        if scale < 0.7:
            source = cv2.GaussianBlur(source, (0, 0), 0.45 / scale)
        flags = cv2.INTER_LINEAR
        warped = cv2.warpAffine(source, shift, (SCENE_PX, SCENE_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < 0.55:
            alpha = cv2.warpAffine(portrait.matte, shift, (SCENE_PX, SCENE_PX), flags=flags).astype(np.float32) / 255
        else:  # the whole photo, as a picture in the picture
            whole = np.full(portrait.matte.shape, 255, np.uint8)
            alpha = cv2.warpAffine(whole, shift, (SCENE_PX, SCENE_PX), flags=flags).astype(np.float32) / 255
        if (occupied & (alpha > 0.3)).any():  # it would hide a face that is already there
            return None
        canvas[:] = (canvas + (warped.astype(np.float32) - canvas) * alpha[..., None]).astype(np.uint8)
        occupied[y0:y1, x0:x1] = True
        order = [EYE_RIGHT, EYE_LEFT, NOSE, MOUTH_RIGHT, MOUTH_LEFT]
        if mirror < 0:
            order = [EYE_LEFT, EYE_RIGHT, NOSE, MOUTH_LEFT, MOUTH_RIGHT]
        return np.concatenate([box, shown[order].reshape(-1)]).astype(np.float32)

    def _background(self, rng: np.random.Generator) -> Image:
        kind = rng.random()
        size = SCENE_PX
        if kind < 0.25:  # noise of several scales
            canvas = np.zeros((size, size, 3), np.float32)
            for cells in (2, 4, 8, 16, 32, 64):
                noise = rng.normal(0, 1, (cells, cells, 3)).astype(np.float32)
                grey = noise.mean(2, keepdims=True)
                noise = grey + (noise - grey) * rng.uniform(0, 1)
                canvas += cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC) * rng.uniform(5, 40)
            return np.clip(canvas + rng.uniform(30, 220, 3), 0, 255).astype(np.uint8)
        if kind < 0.45:  # shapes: discs, boxes, stripes, also arranged as two dots over a bar
            canvas = np.full((size, size, 3), rng.integers(0, 256, 3), np.uint8)
            for _ in range(int(rng.integers(5, 50))):
                colour = tuple(int(value) for value in rng.integers(0, 256, 3))
                x, y, r = rng.integers(0, size, 3)
                r = max(2, int(r) // 6)
                if rng.random() < 0.5:
                    axes = (r, max(1, int(r * rng.uniform(0.4, 1.6))))
                    cv2.ellipse(canvas, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
                else:
                    cv2.rectangle(canvas, (int(x), int(y)), (int(x) + r * 2, int(y) + r), colour, -1)
            for _ in range(int(rng.integers(0, 4))):
                x, y, r = int(rng.integers(30, 226)), int(rng.integers(30, 226)), int(rng.integers(6, 40))
                cv2.circle(canvas, (x, y), int(1.6 * r), tuple(int(v) for v in rng.integers(0, 256, 3)), -1)
                ink = tuple(int(v) for v in rng.integers(0, 256, 3))
                for dx in (-r // 2, r // 2):
                    cv2.circle(canvas, (x + dx, y - r // 3), max(1, r // 6), ink, -1)
                cv2.line(canvas, (x - r // 2, y + r // 2), (x + r // 2, y + r // 2), ink, max(1, r // 8))
            return cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.3, 2)))
        portrait = self._pick(rng)
        image = self.without_face(portrait, rng)
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


def stylise(image: Image, rng: np.random.Generator) -> Image:
    """Now and then a painting, a drawing, a print, a false colour: faces that are not photographs."""
    kind = rng.random()
    if kind < 0.62:
        return image
    if kind < 0.70:
        return cv2.bilateralFilter(image, 7, 60, 7)
    if kind < 0.76:
        levels = int(rng.integers(3, 7))
        step = 256 // levels
        return (cv2.bilateralFilter(image, 5, 50, 5) // step * step + step // 2).astype(np.uint8)
    if kind < 0.82:  # a drawing: flat colour under dark outlines
        flat = cv2.bilateralFilter(image, 9, 80, 9)
        edges = cv2.adaptiveThreshold(
            cv2.cvtColor(cv2.medianBlur(image, 3), cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C,
            cv2.THRESH_BINARY, 9, float(rng.uniform(3, 8)),
        )  # fmt: skip
        return np.minimum(flat, edges[..., None])
    if kind < 0.86:  # a pencil sketch
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        dodge = np.clip(grey * 255 / np.maximum(cv2.GaussianBlur(grey, (0, 0), 5), 1), 0, 255)
        return np.repeat(dodge.astype(np.uint8)[..., None], 3, 2)
    if kind < 0.90:
        return image[..., rng.permutation(3)]
    if kind < 0.95:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] / 255
        warm = np.array([1.0, rng.uniform(0.8, 1), rng.uniform(0.6, 1)], np.float32)
        return (grey * warm * 255).astype(np.uint8)
    quality = int(rng.integers(12, 50))
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])
