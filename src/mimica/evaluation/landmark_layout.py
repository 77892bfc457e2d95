"""Which landmark is what: the two layouts that readers give, MediaPipe's mesh and our encoder's anchors.

"Right" and "left" are the person's; the right eye is the one at the image's left. This module does not know images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Indices into the landmarks of one layout.

    eyes: for the right, then the left eye: outer corner, inner corner, upper lid, lower lid (the lids are averaged
    over their points). lips_gap: middle of the inner upper and the inner lower lip. mouth, right_eye, left_eye, face:
    points whose convex hull is that region. rigid: points that expressions move little (corners of the eyes, bridge
    of the nose).
    five: dlib's five: the left eye's outer and inner corner, the right eye's, the base of the nose.
    """

    count: int
    eyes: tuple[tuple[int, int, tuple[int, ...], tuple[int, ...]], ...]
    lips_gap: tuple[int, int]
    mouth: tuple[int, ...]
    right_eye: tuple[int, ...]
    left_eye: tuple[int, ...]
    face: tuple[int, ...]
    rigid: tuple[int, ...]
    five: tuple[int, ...]

    @property
    def outer_eye_corners(self) -> tuple[int, int]:
        return self.eyes[0][0], self.eyes[1][0]


MESH = Landmarks(
    count=478,
    eyes=(
        (33, 133, (160, 159, 158), (144, 145, 153)),
        (263, 362, (387, 386, 385), (373, 374, 380)),
    ),
    lips_gap=(13, 14),
    mouth=(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    right_eye=(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    left_eye=(263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
    face=tuple(range(468)),
    rigid=(33, 133, 263, 362, 6, 197, 195, 5, 168),
    five=(263, 362, 33, 133, 2),
)
"""MediaPipe's Face Landmarker: 468 points of the face mesh, then five of each iris."""

ANCHORS = Landmarks(
    count=70,
    eyes=((36, 39, (37, 38), (41, 40)), (45, 42, (44, 43), (46, 47))),
    lips_gap=(62, 66),
    mouth=tuple(range(48, 68)),
    right_eye=tuple(range(36, 42)),
    left_eye=tuple(range(42, 48)),
    face=tuple(range(68)),
    rigid=(36, 39, 42, 45, 27, 28, 29, 30),
    five=(45, 42, 36, 39, 33),
)
"""Our MotionEncoder: the usual 68 points, then the centres of the subject's left and right eyeball."""


def layout_of(count: int) -> Landmarks:
    """The layout with `count` landmarks. Raises ValueError when there is none."""
    for layout in (MESH, ANCHORS):
        if layout.count == count:
            return layout
    raise ValueError(f"{count} landmarks: no such layout; the readers give {MESH.count} or {ANCHORS.count}")


def mouth_opening(points: NDArray[np.floating], layout: Landmarks) -> NDArray[np.float64]:
    """(…, N, 2) px → (…,) gap between the inner lips over the distance of the eyes' outer corners."""
    upper, lower = layout.lips_gap
    right, left = layout.outer_eye_corners
    return _distance(points, upper, lower) / np.maximum(_distance(points, right, left), 1e-9)


def eye_opening(points: NDArray[np.floating], layout: Landmarks) -> NDArray[np.float64]:
    """(…, N, 2) px → (…, 2) gap between the lids over the width of the eye; the person's right eye, then the left."""
    openings = []
    for outer, inner, upper, lower in layout.eyes:
        gap = np.linalg.norm(points[..., upper, :].mean(-2) - points[..., lower, :].mean(-2), axis=-1)
        openings.append(gap / np.maximum(_distance(points, outer, inner), 1e-9))
    return np.stack(openings, -1).astype(np.float64)


def _distance(points: NDArray[np.floating], first: int, second: int) -> NDArray[np.float64]:
    return np.linalg.norm(points[..., first, :] - points[..., second, :], axis=-1).astype(np.float64)
