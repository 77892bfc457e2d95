"""A portrait that can be moved: the fitted head with its texture, eyes, carrier and background, ready to pose.

Building costs a tenth of a second and happens once per photo. This module does not know target motions (``posing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.motion import NECK_PIVOT_CM
from mimica.synthesis.atlas import HeadAtlas, neck_weight
from mimica.synthesis.camera import axis_to_gaze_deg, gaze_to_matrix
from mimica.synthesis.carrier import Carrier, build_carrier
from mimica.synthesis.closing import blink_directions, close_lips, stretch_upper_teeth
from mimica.synthesis.correspondence import LEFT_EYE, RIGHT_EYE
from mimica.synthesis.eyes import EyeTexture, build_eye_texture
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.meshes import EYE_DIRECTIONS, EYE_PUSH_CM, EYE_TRIANGLES
from mimica.synthesis.plate import background_plate, person_alpha
from mimica.synthesis.texture import Texture, build_texture, source_depth

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Portrait:
    """N drawable vertices of the rig, E vertices of each eye.

    Attributes:
        fitted: the photo and its fit.
        source_shape: (V, 3) the photo's head without expression. `target_shape`: the same with lips that meet.
        target_eyes: (2, 8) as `FittedPortrait.eyes`, for every pose but the photo's.
        blink: expression row → (V, 3) offsets that close this person's lids.
        points: (N, 3) the head in the photo's camera, cm, as photographed.
        eye_rotations: two (3, 3) of the photo's gaze; `eye_points`: two (E, 3) in the photo's camera.
        depth: (512, 512) cm, the photo's z-buffer. `photo`: (512, 512, 4) uint8 RGB and the person's opacity.
        plate: (512, 512, 4) uint8 background; alpha is how far it is the photo itself, not painted.
        scratch: what rendering keeps between poses.
    """

    atlas: HeadAtlas
    fitted: FittedPortrait
    source_shape: FloatArray
    target_shape: FloatArray
    target_eyes: FloatArray
    blink: dict[int, FloatArray]
    points: FloatArray
    eye_rotations: tuple[NDArray[np.float64], NDArray[np.float64]]
    eye_points: tuple[FloatArray, FloatArray]
    depth: FloatArray
    texture: Texture
    eyes: tuple[EyeTexture, EyeTexture]
    carrier: Carrier
    photo: NDArray[np.uint8]
    plate: NDArray[np.uint8]
    scratch: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> str:
        return self.fitted.key

    @property
    def rotation(self) -> FloatArray:
        """(3, 3) head to camera in the photo."""
        return self.fitted.rotation

    @property
    def translation(self) -> FloatArray:
        """(3,) camera position of the head's origin in the photo, cm."""
        return self.fitted.translation

    @cached_property
    def pivot(self) -> FloatArray:
        """(3,) camera position about which the head turns."""
        return self.rotation @ np.array(NECK_PIVOT_CM, np.float32) + self.translation

    @cached_property
    def depth_range(self) -> FloatArray:
        """(512, 512, 2) cm the photo's z-buffer and its minimum within 3 px (within which the shadow test looks)."""
        return np.ascontiguousarray(np.stack([self.depth, cv2.erode(self.depth, np.ones((7, 7), np.uint8))], -1))

    @cached_property
    def neck(self) -> FloatArray:
        """(N,) how fully each vertex follows the head; all that lies inside follows."""
        weight = neck_weight(self.source_shape[: self.atlas.drawn_count]).astype(np.float32)
        weight[self.atlas.rig.parts["head"][1] :] = 1
        return weight

    @cached_property
    def gaze_deg(self) -> NDArray[np.float64]:
        """(2, 2) the photo's gaze: left, right eye; yaw, pitch in the head's frame."""
        return np.stack([axis_to_gaze_deg(rotation[:, 2]) for rotation in self.eye_rotations])

    def expression_direction(self, row: int) -> FloatArray:
        """(V, 3) cm what coefficient 1 of an expression does to this person, blink gains included."""
        return self.blink.get(row, self.atlas.rig.expression[row])

    def eye_mesh(
        self, side: int, rotation: NDArray[np.floating], head: NDArray[np.floating], origin: NDArray[np.floating]
    ) -> FloatArray:
        """(E, 3) camera points of the left (0) or right (1) eye turned by `rotation`; `head`, `origin`: of the head."""
        eye = self.target_eyes[side]
        in_head = eye[:3] + eye[3] * (EYE_DIRECTIONS @ rotation.T.astype(np.float32))
        return (in_head @ head.T.astype(np.float32) + origin).astype(np.float32)


@dataclass(frozen=True)
class Morph:
    """Geometry moved by `amount` (0..1) towards another person's: a new identity wearing this photo's skin."""

    towards: FittedPortrait
    amount: float


def build_portrait(atlas: HeadAtlas, fitted: FittedPortrait, morph: Morph | None = None) -> Portrait:
    """Make a fitted photo movable; a morph changes its geometry in every pose but the photo's own."""
    source = fitted.shape.copy()
    geometry, target_eyes = source, fitted.eyes
    if morph is not None:
        amount = np.float32(morph.amount)
        geometry = source + amount * (morph.towards.shape - source)
        target_eyes = fitted.eyes.copy()
        target_eyes[:, :4] += amount * (morph.towards.eyes[:, :4] - fitted.eyes[:, :4])
    closed = close_lips(atlas, geometry)
    blink = blink_directions(atlas, geometry)
    stretch_upper_teeth(atlas, fitted, source, closed)
    drawn = atlas.drawn_count
    expressed = source[:drawn].copy()
    for row in np.nonzero(fitted.expression)[0]:
        expressed += np.float32(fitted.expression[row]) * atlas.rig.expression[row, :drawn]
    points = expressed @ fitted.rotation.T + fitted.translation
    rotations = gaze_to_matrix(fitted.eyes[0, 4:7]), gaze_to_matrix(fitted.eyes[1, 4:7])
    eye_points = _eye_points(fitted, rotations)
    alpha = person_alpha(fitted)
    depth = _photo_depth(atlas, points, eye_points)
    texture = build_texture(atlas, fitted, points, depth, alpha)
    eyes = [
        build_eye_texture(
            fitted.image,
            fitted.landmarks[list(lid), :2],
            eye,
            float(np.arcsin(np.clip(row[7] / row[3], 0, 1))),
            texture.skin,
        )
        for row, eye, lid in zip(fitted.eyes, eye_points, (LEFT_EYE, RIGHT_EYE), strict=True)
    ]
    carrier = build_carrier(atlas, fitted, points, texture, alpha)
    photo = np.concatenate([fitted.image, np.round(alpha * 255).astype(np.uint8)[..., None]], -1)
    plate = np.concatenate(
        [background_plate(fitted.image, alpha), np.round(255 - 255 * alpha).astype(np.uint8)[..., None]], -1
    )
    return Portrait(
        atlas,
        fitted,
        source,
        closed,
        target_eyes,
        blink,
        points,
        rotations,
        eye_points,
        depth,
        texture,
        (eyes[0], eyes[1]),
        carrier,
        photo,
        plate,
    )


def _eye_points(
    fitted: FittedPortrait, rotations: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[FloatArray, FloatArray]:
    left, right = (
        ((eye[:3] + eye[3] * (EYE_DIRECTIONS @ turn.T)) @ fitted.rotation.T + fitted.translation).astype(np.float32)
        for eye, turn in zip(fitted.eyes, rotations, strict=True)
    )
    return left, right


def _photo_depth(atlas: HeadAtlas, points: FloatArray, eyes: tuple[FloatArray, FloatArray]) -> FloatArray:
    """(512, 512) cm depth of face, mouth inside and (pushed back) eyes, as the photo's camera sees them."""
    count = len(points)
    push = np.array([0, 0, EYE_PUSH_CM], np.float32)
    scene = np.concatenate([points, eyes[0] - push, eyes[1] - push])
    triangles = [atlas.face, atlas.mouth_inside, EYE_TRIANGLES + count, EYE_TRIANGLES + count + len(EYE_DIRECTIONS)]
    return source_depth(scene, np.concatenate(triangles).astype(np.int32))
