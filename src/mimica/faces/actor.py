"""The actor: which of several people a tracker follows, and how that one is told from the others when seen again.

A person is remembered by the colours of hair, face and clothes, each apart; no feature of the face itself is measured
or kept. This module does not know videos.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.records import Face
from mimica.faces.actor_choice import ActorChoice

Image = NDArray[np.uint8]
Looks = NDArray[np.float32]
"""(zones, bins³) shares of the colours; a zone that lies outside the picture is NaN."""


ZONES: Final = ((-0.35, 0.35, -0.95, -0.45), (-0.30, 0.30, -0.40, 0.45), (-0.55, 0.55, 0.70, 1.40))
"""Hair, face, clothes: left, right, top, bottom in box heights from the box's centre."""
ZONE_PX: Final = 20
COLOUR_BINS: Final = 6
DISTANT: Final = 0.25
"""Share of the tallest face's height under which a face is a passer-by far away, or a thing taken for a face."""
LEARNS: Final = 0.15
"""Share of what is seen now in what is remembered, each time it is learnt."""


def choose_actor(faces: list[Face], choice: ActorChoice, size: tuple[int, int]) -> Face | None:
    """The face that a person means among those of one frame of `size` (height, width) px; None when it is not there.

    "largest" prefers the middle. "left" and "right" pass over what is less than `DISTANT` as high as the tallest face.
    Numbers count in the order of the finder.
    """
    if not faces:
        return None
    if isinstance(choice, int):
        return faces[choice - 1] if choice <= len(faces) else None
    if choice in ("left", "right"):
        side = 1 if choice == "right" else -1
        least_px = DISTANT * max(face.height_px for face in faces)
        near = [face for face in faces if face.height_px >= least_px]
        return max(near, key=lambda face: side * float(face.center_px[0]))
    middle = np.array([size[1], size[0]]) / 2

    def prominence(face: Face) -> float:
        return face.area_px * (1 - 0.5 * float(np.abs((face.center_px - middle) / middle).max()))

    return max(faces, key=prominence)


def looks(image: Image, face: Face) -> Looks:
    """How a person looks in one picture (H, W, 3) uint8 RGB."""
    height, width = image.shape[:2]
    x, y = face.center_px
    side = max(face.height_px, 1.0)
    found: list[NDArray[np.float32]] = []
    for left, right, top, bottom in ZONES:
        x0, x1 = int(np.clip(x + left * side, 0, width)), int(np.clip(x + right * side, 0, width))
        y0, y1 = int(np.clip(y + top * side, 0, height)), int(np.clip(y + bottom * side, 0, height))
        whole = (right - left) * (bottom - top) * side * side
        if x1 - x0 < 2 or y1 - y0 < 2 or (x1 - x0) * (y1 - y0) < 0.4 * whole:
            found.append(np.full(COLOUR_BINS**3, np.nan, np.float32))
            continue
        small = cv2.resize(image[y0:y1, x0:x1], (ZONE_PX, ZONE_PX), interpolation=cv2.INTER_AREA)
        found.append(colours(np.asarray(small, np.uint8)))
    return np.stack(found)


def likeness(first: Looks, second: Looks) -> float:
    """How alike two people look, 0..1: the colours that they share, the mean over the zones that both show."""
    shared = np.minimum(first, second).sum(1)
    return float(np.nanmean(shared)) if not np.isnan(shared).all() else 0.0


def learnt(known: Looks | None, now: Looks) -> Looks:
    """What is remembered after seeing somebody once more."""
    if known is None:
        return now
    mixed = known + (now - known) * LEARNS
    return np.where(np.isnan(known), now, np.where(np.isnan(now), known, mixed)).astype(np.float32)


def colours(picture: Image, bins: int = COLOUR_BINS) -> NDArray[np.float32]:
    """(bins³,) shares of the colours; each pixel is spread over the eight nearest bins, so that fading light, which
    moves all pixels a little, changes little."""
    place = picture.reshape(-1, 3).astype(np.float32) * ((bins - 1) / 255)
    low = np.minimum(place.astype(np.int64), bins - 2)
    part = place - low
    histogram = np.zeros(bins**3, np.float32)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, part, 1 - part).prod(1)
        index = (low + corner) @ np.array([bins * bins, bins, 1])
        histogram += np.bincount(index, weight, bins**3).astype(np.float32)
    return (histogram / len(place)).astype(np.float32)
