"""The mouth's inside: teeth, gums and tongue as geometry, lit for the photo and drawn where the lips leave a gap.

Upper teeth ride on the head, lower teeth and tongue on the jaw, so they stay where they are from frame to frame. This
module does not know lips: the renderer tells where they part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import sample
from mimica.animation.motion_field import Canvas, HeadMotion, View, move_points
from mimica.animation.portrait_mesh import PortraitMesh, Sheet
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.animation.teeth_colour import teeth_colour
from mimica.core.easing import smoothstep
from mimica.core.motion import RIG_NAMES
from mimica.core.mouth_interior import GUMS, JAW_NAMES, LIPS_MEET_CM, LOWER_TEETH, SOCKET, UPPER_TEETH, Interior
from mimica.core.tongue import TONGUE_TOP_LIGHT, TONGUE_TRIANGLES, follow_jaw, tongue_mesh, tongue_normals
from mimica.errors import WeightsError
from mimica.runtime.weights import PACKAGE_FOLDER

FloatArray = NDArray[np.float32]

INTERIOR_FILE = "mouth_interior.npz"
LIGHT = np.array([0.0, 0.34, 0.94], np.float32)
"""Where light inside a mouth comes from: the front, a little above. Camera frame, unit length."""
_GLOSS = np.array([0, 0.55, 0.83], np.float32)
TONGUE_COLOUR = np.array([0.72, 0.36, 0.35], np.float32)
SOCKET_COLOUR = np.array([0.11, 0.04, 0.035], np.float32)
LIGHT_CAST = 0.5
"""How much of the skin's departure from a mean skin is taken for the light's colour, and the rest for the person's."""
SEEN_OF_TEETH = 0.7
"""What is seen of a tooth's brightness between the lips, in their shadow and its own."""
GLOSS_SHARE, GLOSS_POWER = 0.8, 16
"""How bright wet teeth shine, in times of their colour, and how narrowly."""
SOCKET_BEHIND_CM = 6.0
GUMS_PER_TEETH = np.array([0.62, 0.28, 0.27], np.float32)
"""How bright gums are beside teeth: a little darker than real grins show them, much brighter than the engine does."""
UPPER_SHADE, LOWER_SHADE = 0.6, 0.9
"""The mesh's colours darken towards the throat for a light that is far; what a photo's soft light leaves of it in the
upper and the lower row, as exponent."""
ROSY = np.array([0.15, -0.045, -0.055], np.float32)
"""Shade between lips, gums and tongue is red, for they light each other: what is more or less in each colour."""
SCALE_LIMITS = (0.85, 1.2)
TURNED = (0.2, 0.47)
"""Sine of the turn, 12° and 28°, from which a mouth's far half begins to be hidden, and is not measured any more."""
RAISED_CM = -0.1, 0.25
"""How far teeth move at most to where the lips meet, from where the lips' outline has its middle: 0.18 cm up in the
median of 15 portraits, more only where lips are hard to see."""
MIDDLE, SURELY = (0.4, 0.6), 0.5
"""Of the window's width, where lips are asked how high they meet; probability of being lip that counts."""
_JAW_ROWS = [RIG_NAMES.index(name) for name in JAW_NAMES]


@cache
def shipped_interior() -> Interior:
    """The mesh that comes with the package.

    Raises:
        WeightsError: it is missing or damaged.
    """
    path = PACKAGE_FOLDER / INTERIOR_FILE
    try:
        return Interior.load(path)
    except (OSError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read ({error}); install mimica again") from error


@dataclass(frozen=True, slots=True, eq=False)
class MouthPicture:
    """What would be seen without lips, over a view.

    Attributes:
        colour: (H, W, 3) 0..255. teeth: (H, W) 0..1. tongue: (H, W) 0..1; tongue_depth: (H, W) cm, far where none is.
    """

    colour: FloatArray
    teeth: FloatArray
    tongue: FloatArray
    tongue_depth: FloatArray


class Mouth:
    """One portrait's mouth inside."""

    def __init__(
        self, mesh: PortraitMesh, lips_cm: FloatArray, skin: FloatArray, teeth_colour: FloatArray, interior: Interior,
        meet_cm: float | None = None,
    ) -> None:  # fmt: skip
        """`lips_cm` (12, 3): the lips' outline at rest in the head's frame; `skin`, `teeth_colour` (3,) 0..1: what they
        look like in this photo; `meet_cm`: how high the lips meet at rest in the head's frame, if that is known."""
        self.mesh = mesh
        self._own, own_cm = middle_and_width(lips_cm, mesh.rotation)
        self._rig, rig_cm = middle_and_width(interior.lips, np.eye(3))
        self.scale = float(np.clip(own_cm / max(rig_cm, 1e-3), *SCALE_LIMITS))
        if meet_cm is not None:  # a full lower lip would carry the teeth down until every smile showed the gums
            up = meet_cm - self._own[1] - self.scale * (LIPS_MEET_CM - self._rig[1])
            self._own[1] += np.clip(up, *RAISED_CM)
        self.interior = interior
        brightness = float(skin.mean())
        self.exposure = float(np.clip(brightness / 0.6, 0.45, 1.15))
        tint = skin / np.array([0.80, 0.62, 0.52], np.float32)
        tint = 1 + LIGHT_CAST * (tint / max(float(tint.mean()), 1e-3) - 1)
        self.albedo = interior.albedo * self.exposure
        teeth = interior.part >= UPPER_TEETH
        white = teeth_colour / in_shade(np.full(3, SEEN_OF_TEETH, np.float32))
        for kind, colour, depth in (
            (UPPER_TEETH, white, UPPER_SHADE), (LOWER_TEETH, white, LOWER_SHADE),
            (GUMS, white * GUMS_PER_TEETH, UPPER_SHADE),
        ):  # fmt: skip
            part = interior.part == kind
            shade = interior.albedo[part] / interior.albedo[part].max(0)
            self.albedo[part] = in_shade(shade**depth) * colour
        self.tongue_colour = TONGUE_COLOUR * self.exposure * tint
        self.normals = vertex_normals(interior.points, interior.triangles)
        self.is_socket, self.is_tooth = interior.part == SOCKET, teeth
        of_teeth = teeth[interior.triangles].all(1)
        self.teeth_triangles, self.soft_triangles = interior.triangles[of_teeth], interior.triangles[~of_teeth]
        # the socket begins at the lips, whose motion it does not share: whatever else is there is drawn before it
        self.behind = np.where(self.is_socket, np.float32(SOCKET_BEHIND_CM), np.float32(0))

    def tongue(self, motion: HeadMotion) -> FloatArray:
        """(T, 3) the tongue's vertices in the new picture's space."""
        return self._placed(self._tongue(motion, tongue_mesh(*map(float, motion.tongue))), motion)

    def _tongue(self, motion: HeadMotion, tongue: FloatArray) -> FloatArray:
        lower = self.interior.part == LOWER_TEETH
        rest = self.interior.points[lower]
        return follow_jaw(tongue, rest, rest + self._by_jaw(motion)[lower])

    def _by_jaw(self, motion: HeadMotion) -> FloatArray:
        return np.einsum("k,knd->nd", motion.directions[_JAW_ROWS], self.interior.jaw)

    def draw(self, motion: HeadMotion, view: View) -> MouthPicture:
        """The inside in the new picture."""
        head = self.interior.points + self._by_jaw(motion)
        tongue = tongue_mesh(*map(float, motion.tongue))
        inward = tongue[:, 2].copy()
        tongue = self._tongue(motion, tongue)
        turn = (motion.turn @ self.mesh.rotation).astype(np.float32)
        lit = np.einsum("nd,d->n", self.normals, LIGHT @ turn)
        shade = np.where(self.is_socket, np.clip(lit, 0.4, 1.2), 0.55 + 0.45 * np.clip(lit, 0.2, 1.15))
        colour = self.albedo * in_shade(shade[:, None].astype(np.float32))
        glint = np.clip(np.einsum("nd,d->n", self.normals[self.is_tooth], _GLOSS @ turn), 0, 1) ** GLOSS_POWER
        colour[self.is_tooth] += GLOSS_SHARE * glint[:, None] * self.albedo[self.is_tooth]
        placed = self._placed(head, motion)
        hollow = Canvas.of(view)
        hollow.values[:] = SOCKET_COLOUR * self.exposure
        self._draw(hollow, placed, colour, self.soft_triangles, self.behind)
        soft_depth = hollow.depth.copy()
        self._draw(hollow, placed, colour, self.teeth_triangles)
        teeth = hollow.depth < soft_depth
        normals = np.einsum("nd,ed->ne", tongue_normals(tongue, vertex_normals(tongue, TONGUE_TRIANGLES)), turn)
        diffuse = np.clip(np.einsum("nd,d->n", normals, LIGHT), 0.35, 1.2)
        gloss = 0.10 * self.exposure * np.clip(np.einsum("nd,d->n", normals, _GLOSS), 0, 1) ** 12
        air = 0.25 + 0.75 * smoothstep(inward, 5.5, 10.5) * TONGUE_TOP_LIGHT
        wet = ((self.tongue_colour * diffuse[:, None] + gloss[:, None]) * air[:, None]).astype(np.float32)
        tip = Canvas.of(view)
        self._draw(tip, self._placed(tongue, motion), wet, TONGUE_TRIANGLES)
        front = tip.depth < hollow.depth
        cv2.copyTo(tip.values, front.astype(np.uint8), hollow.values)
        hollow.values[:] *= 255
        return MouthPicture(
            hollow.values, (teeth & ~front).astype(np.float32), front.astype(np.float32), tip.depth,
        )  # fmt: skip

    def _placed(self, head: FloatArray, motion: HeadMotion) -> FloatArray:
        """Points of the head's frame in the new picture's space."""
        turn = (self.mesh.rotation * self.scale).astype(np.float32)
        rest = self.mesh.rotation @ (self._own - self.scale * self._rig) + self.mesh.origin_cm
        return move_points(self.mesh, np.einsum("nd,ed->ne", head, turn) + rest.astype(np.float32), 1.0, motion)

    def _draw(
        self, canvas: Canvas, points: FloatArray, colour: FloatArray, triangles: NDArray[np.int32],
        behind: FloatArray | float = 0.0,
    ) -> None:  # fmt: skip
        """What of `triangles` lies in the canvas's view: the opening shows a small part of the mesh."""
        view, camera = canvas.view, self.mesh.camera
        nearness = camera.focal_px / -points[:, 2]
        x = camera.center_x_px - view.x0_px + points[:, 0] * nearness
        y = camera.center_y_px - view.y0_px - points[:, 1] * nearness
        # which sides of the view a vertex lies beyond, as bits: a triangle beyond one with all vertices is not seen
        beyond = (x < 0) + 2 * (x > view.width_px) + 4 * (y < 0) + 8 * (y > view.height_px)
        a, b, c = (beyond.astype(np.uint8)[triangles[:, corner]] for corner in range(3))
        seen = triangles[(a & b & c) == 0]
        if len(seen):
            canvas.draw(camera, points, behind - points[:, 2], seen, colour)


def read_mouth(photo: NDArray[np.uint8], reading: PortraitReading, mesh: PortraitMesh, points_px: FloatArray) -> Mouth:
    """Hang the shipped interior into a portrait's mouth, in its colours.

    points_px: (12, 2) the outline of the lips in the photo, from one corner over the upper lip.
    """
    skin = _skin(photo, reading)
    index = reading.mouth_index
    feature, upper, lower = reading.features[index], mesh.upper[index], mesh.lower[index]
    lips = np.concatenate([_at_rest(points_px[:7], upper, mesh), _at_rest(points_px[7:], lower, mesh)])
    return Mouth(
        mesh, lips, skin, teeth_colour(photo, feature, skin), shipped_interior(),
        _meeting(feature, upper, lower, mesh, lips),
    )  # fmt: skip


def middle_and_width(lips_cm: FloatArray, rotation: NDArray[np.floating]) -> tuple[FloatArray, float]:
    """(3,) and cm, of lips whose outline (12, 3) in the head's frame a photo of a head at `rotation` (3, 3) shows.

    Of one that is turned aside only the nearer half is measured, since the other is hardly seen.
    """
    middle, width = lips_cm.mean(0), float(np.linalg.norm(lips_cm[0] - lips_cm[6]))
    aside = float(rotation[2, 0])  # above 0 the head's left, where corner 6 is, is nearer than its right
    turned = float(smoothstep(abs(aside), *TURNED))
    between_x = float(lips_cm[[3, 9], 0].mean())
    half = abs(float(lips_cm[6 if aside > 0 else 0, 0]) - between_x)
    middle[0] += turned * (between_x - middle[0])
    return middle, width + turned * (2 * half - width)


def _at_rest(points_px: FloatArray, sheet: Sheet, mesh: PortraitMesh) -> FloatArray:
    """(N, 3) where points of the photo lie in the head's frame, cm, the photo's own expression taken away."""
    found = []
    for point in points_px:
        vertex = int(np.square(sheet.source_px - point).sum(1).argmin())
        place = mesh.rotation.T @ (sheet.camera_cm[vertex] - mesh.origin_cm)
        moving = np.flatnonzero(sheet.moving == vertex)
        found.append(place + (sheet.neutral[moving[0]] if len(moving) else 0))
    return np.array(found, np.float32)


def _meeting(
    mouth: FeatureReading, upper: Sheet, lower: Sheet, mesh: PortraitMesh, lips_cm: FloatArray
) -> float | None:
    """How high the lips meet at rest, cm in the head's frame; None: it cannot be told."""
    skin = mouth.region[..., :2]
    columns = skin.shape[1]
    above, below = [], []
    for column in range(round(MIDDLE[0] * columns), round(MIDDLE[1] * columns)):
        uppers, lowers = (np.flatnonzero(skin[:, column, side] > SURELY) for side in (0, 1))
        if len(uppers) and len(lowers) and uppers.max() < lowers.min():
            above.append((column + 0.5, uppers.max() - 0.5))
            below.append((column + 0.5, lowers.min() + 1.5))
    if not above:
        return None
    rims = [
        _at_rest(mouth.to_photo(np.array(rim, np.float32)), sheet, mesh)[:, 1].mean()
        for rim, sheet in ((above, upper), (below, lower))
    ]
    meeting = float(np.mean(rims))
    return meeting if lips_cm[9, 1] < meeting < lips_cm[3, 1] else None


def _skin(photo: NDArray[np.uint8], reading: PortraitReading) -> FloatArray:
    """(3,) 0..1 the median colour of the face."""
    rows, columns = reading.face.shape
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) + 0.5
    chosen = grid[reading.face.reshape(-1) > 0.9]
    if not len(chosen):
        return np.full(3, 0.5, np.float32)
    points = reading.crop.to_image(chosen / np.array([columns, rows]))
    return np.asarray(np.median(sample(photo, points), axis=0) / 255, np.float32)


def vertex_normals(points: FloatArray, triangles: NDArray[np.int32]) -> FloatArray:
    """(N, 3) unit normals, the area-weighted mean of the triangles around each vertex."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for axis in range(3):
        weights = np.repeat(normal[:, axis], 3)
        total[:, axis] = np.bincount(triangles.reshape(-1), weights, len(points))
    return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def in_shade(light: FloatArray) -> FloatArray:
    """(..., 3) what is left of each colour where `light` (..., 1 or 3) of all is left, in the mouth's red shade."""
    return np.asarray(light * (1 + ROSY * (1 - light)), np.float32)


def lips_shadow(opening: FloatArray, face_width_px: float, teeth: FloatArray) -> FloatArray:
    """(H, W) factor 0..1 by which lips darken what lies behind `opening` (H, W) 0..1; teeth catch more light.

    Beyond the picture everything is closed.
    """
    factor = np.ones_like(opening)
    for share, drop, blur, strength in ((1 - teeth, 0.03, 0.03, 0.35), (teeth, 0.0175, 0.025, 0.27)):
        shift = max(1, round(drop * face_width_px))
        lower = np.zeros_like(opening)
        lower[shift:] = opening[: len(opening) - min(shift, len(opening))]
        sigma = max(0.3, blur * face_width_px)
        light = np.asarray(cv2.GaussianBlur(lower, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)
        factor *= 1 - share * strength * (1 - light)
    return factor
