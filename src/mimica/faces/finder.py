"""FaceFinder at run time: every face of a picture, with its box and five points.

The picture is looked at whole, letterboxed to the network's size; when nothing is found, once more in overlapping
tiles, for faces too small to survive the shrinking. What looks like a small or doubtful face from afar is looked at
again from close by, and only what is a face there too counts: pebbles and letters are not. This module does not know
faces' names or motions.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.geometry import CropFrame, box_overlap
from mimica.core.records import Face
from mimica.faces.alignment import face_crop
from mimica.runtime.session import OnnxNetwork
from mimica.runtime.weights import load_network

Image = NDArray[np.uint8]

FINDER_PX = 256
CANDIDATE_SCORE = 0.4
"""Looks from afar offer what scores at least this."""
CONFIRMED_SCORE = 0.65
"""Mean score, from close by and mirrored, of what counts as a face."""
SECOND_SCORE = 0.2
"""Either of the two closer looks shows at least this."""
SURE_SCORE, SURE_SHARE = 0.82, 0.15
"""Above this score, and higher than this share of the picture's longer side, one look is enough."""
NEAR_SCORE = 0.5
"""Score of a face that is looked for around one that is known already."""
SECOND_LOOKS = 12
OVERLAP = 0.4
SAME = 0.3
"""Overlap from which a face of the last frame and one of this are the same."""
TILES_FROM_PX = 480
"""Pictures with a longer side are also looked at in tiles when the whole shows no face."""
WINDOW_PER_CROP = 2.2
"""Side of the window that `find_around` looks at, in sides of the crop: the face is then about a third of it."""


class FaceFinder:
    """Finds faces; share one between threads as you like."""

    def __init__(self, network: OnnxNetwork) -> None:
        network.require({"finder_px": FINDER_PX})
        self.network = network

    @classmethod
    def load(cls, device: str = "auto") -> FaceFinder:
        """The shipped finder.

        Raises:
            WeightsError, DeviceError: see `runtime.weights.load_network`.
        """
        return cls(load_network("face_finder", device))

    def find(self, image: Image, *, thorough: bool = True, known: Face | None = None) -> list[Face]:
        """Faces of `image` (H, W, 3) uint8 RGB, the most certain and largest first.

        `thorough` looks again in tiles when the whole picture shows none (four to nine times slower then). `known`: a
        face that was here a moment ago; what overlaps it is enough, and only where nothing does are others looked at.
        """
        height, width = image.shape[:2]
        candidates = self._look([image], CANDIDATE_SCORE)[0]
        if known is not None and candidates:
            shared = box_overlap(known.box_xyxy, np.stack([face.box_xyxy for face in candidates]))[0]
            same = self._confirmed(image, [face for face, part in zip(candidates, shared, strict=True) if part >= SAME])
            if same:
                return same
        found = self._confirmed(image, candidates)
        if found or not thorough or max(height, width) < TILES_FROM_PX:
            return found
        side = max(FINDER_PX, round(max(height, width) / 2))
        tiles = [(x, y) for y in _starts(height, min(side, height)) for x in _starts(width, min(side, width))]
        seen = [
            _moved(face, np.array([x, y], np.float32))
            for x, y in tiles
            for face in self._look([image[y : y + side, x : x + side]], CANDIDATE_SCORE)[0]
        ]
        return self._confirmed(image, self._merged(seen))

    def find_around(self, image: Image, crop: CropFrame) -> list[Face]:
        """Faces near a known one, seen from close by: finer points than `find`, and faces too small for it."""
        part, corner = _window(image, crop)
        return [_moved(face, corner) for face in self._look([part], NEAR_SCORE)[0]] if part.size else []

    def _confirmed(self, image: Image, faces: list[Face]) -> list[Face]:
        """What is certain, and what a look from close by makes so: box and points are then those seen from there."""
        kept: list[Face] = []
        for face in sorted(faces, key=lambda face: -face.score)[:SECOND_LOOKS]:
            if face.score >= SURE_SCORE and face.height_px >= SURE_SHARE * max(image.shape[:2]):
                kept.append(face)
                continue
            closer = self._second_look(image, face)
            if closer is not None and closer.score >= CONFIRMED_SCORE:
                kept.append(closer)
        return self._merged(kept)

    def _second_look(self, image: Image, face: Face) -> Face | None:
        """`face` from close by, as it is and mirrored: the mean of both, None when either shows none."""
        part, corner = _window(image, face_crop(face))
        if not part.size:
            return None
        plain, mirrored = self._look([part, part[:, ::-1]], SECOND_SCORE)
        views = []
        for seen in (plain, [_mirrored(one, part.shape[1]) for one in mirrored]):
            placed = [_moved(one, corner) for one in seen]
            same = [one for one in placed if box_overlap(one.box_xyxy, face.box_xyxy)[0, 0] >= OVERLAP]
            if not same:
                return None
            views.append(max(same, key=lambda one: one.score))
        first, second = views
        return Face(
            (first.box_xyxy + second.box_xyxy) / 2, (first.score + second.score) / 2, (first.points + second.points) / 2
        )

    def _look(self, pictures: list[Image], least_score: float) -> list[list[Face]]:
        """The faces of each picture as the network sees it at once, in pixels of that picture."""
        boxes_in = [letterbox(picture, FINDER_PX) for picture in pictures]
        out = self.network.run({"image": np.stack([square for square, _, _, _ in boxes_in])})
        result = []
        for index, (_, scale, left, top) in enumerate(boxes_in):
            scores = out["scores"][index]
            rows = np.flatnonzero(scores > least_score)
            shift = np.array([left, top], np.float32)
            boxes = (out["boxes"][index][rows].reshape(-1, 2, 2) - shift) / scale
            points = (out["points"][index][rows].reshape(-1, 5, 2) - shift) / scale
            faces = [
                Face(box.reshape(4).astype(np.float32), float(score), mark.astype(np.float32))
                for box, score, mark in zip(boxes, scores[rows], points, strict=True)
            ]
            result.append(self._merged(faces))
        return result

    @staticmethod
    def _merged(faces: list[Face]) -> list[Face]:
        """One face for each group of overlapping ones: the average of the group, weighted by score."""
        waiting = sorted(faces, key=lambda face: -face.score)
        kept: list[Face] = []
        while waiting:
            best = waiting[0]
            overlap = box_overlap(best.box_xyxy, np.stack([face.box_xyxy for face in waiting]))[0]
            group = [face for face, shared in zip(waiting, overlap, strict=True) if shared >= OVERLAP]
            waiting = [face for face, shared in zip(waiting, overlap, strict=True) if shared < OVERLAP]
            close = [face for face, shared in zip(group, overlap[overlap >= OVERLAP], strict=True) if shared >= 0.6]
            weight = np.array([face.score**2 for face in close], np.float32)
            weight /= weight.sum()
            box = np.tensordot(weight, np.stack([face.box_xyxy for face in close]), 1)
            points = np.tensordot(weight, np.stack([face.points for face in close]), 1)
            kept.append(Face(box.astype(np.float32), best.score, points.astype(np.float32)))
        return sorted(kept, key=lambda face: -face.score * np.sqrt(face.area_px))


def _window(image: Image, crop: CropFrame) -> tuple[Image, NDArray[np.float32]]:
    """The part of `image` around `crop` and its corner (2,) px; empty when the crop lies outside."""
    height, width = image.shape[:2]
    reach = WINDOW_PER_CROP * crop.side_px / 2
    x0, x1 = (int(np.clip(crop.center_x_px + side, 0, width)) for side in (-reach, reach))
    y0, y1 = (int(np.clip(crop.center_y_px + side, 0, height)) for side in (-reach, reach))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return image[:0], np.zeros(2, np.float32)
    return image[y0:y1, x0:x1], np.array([x0, y0], np.float32)


def _moved(face: Face, offset: NDArray[np.float32]) -> Face:
    return Face(face.box_xyxy + np.tile(offset, 2), face.score, face.points + offset)


def _mirrored(face: Face, width_px: int) -> Face:
    """The face in the picture turned left to right."""
    x0, y0, x1, y1 = face.box_xyxy
    points = face.points[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array([width_px, 0], np.float32)
    return Face(np.array([width_px - x1, y0, width_px - x0, y1], np.float32), face.score, points)


def letterbox(image: Image, size_px: int) -> tuple[Image, float, float, float]:
    """Shrink or grow `image` into a grey square: (square, scale, left, top) with px · scale + (left, top)."""
    height, width = image.shape[:2]
    scale = size_px / max(height, width)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, (columns, rows), interpolation=method)
    square = np.full((size_px, size_px, 3), 114, np.uint8)
    left, top = (size_px - columns) // 2, (size_px - rows) // 2
    square[top : top + rows, left : left + columns] = small
    return square, scale, float(left), float(top)


def _starts(length: int, side: int) -> list[int]:
    """Starts of tiles of `side` px that cover `length` px with a third of overlap or more."""
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * 0.6))) + 1
    return [round(index * (length - side) / (count - 1)) for index in range(count)]
