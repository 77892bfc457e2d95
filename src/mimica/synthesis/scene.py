"""Render a posed portrait: a photographic image with exact truth for every pixel.

The truth says which part is seen, where it lies on the head, how deep, where in the photo it comes from and whether the
photo shows it. This module does not know how poses are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep
from mimica.core.tongue import (
    TONGUE_TOP_LIGHT,
    TONGUE_TRIANGLES,
    TONGUE_VERTICES,
    tongue_mesh,
    tongue_normals,
)
from mimica.synthesis import shading
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import CROP_SIZE, project
from mimica.synthesis.carrier import CARRIER_PIXELS
from mimica.synthesis.meshes import EYE_DIRECTIONS, EYE_PUSH_CM, EYE_TRIANGLES
from mimica.synthesis.openings import shade_openings
from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Pose, photo_pose
from mimica.synthesis.rasterise import ZBuffer, vertex_normals
from mimica.synthesis.viewport import Viewport, crop_photo

FloatArray = NDArray[np.float32]

PART_NAMES = ("background", "carrier", "mouth_socket", "gums", "teeth", "eye", "face", "tongue")
"""Names of the numbers in `Render.part`."""

_RELIGHT_RANGE, _RELIGHT_GAMMA = (0.6, 1.5), 0.8


@dataclass(frozen=True)
class Truth:
    """What every output pixel (H, W) shows.

    Attributes:
        part: uint8, index into `PART_NAMES`.
        vertex: int32 nearest vertex of the triangle drawn, −1 on background and carrier. Below V a rig vertex; then the
            left eye's, the right eye's and the tongue's own mesh.
        canonical: (…, 3) float16 cm, place on the neutral head with opened mouth; 0 on the background. Continued
            outwards over hair and clothes.
        depth: float32 cm in front of the camera; `BACKGROUND_DEPTH_CM` on the background.
        source_xy: (…, 2) float32 px of the 512 crop where the photo shows this point (backward flow).
        visibility: float32 0..1, whether the photo really shows it there.
    """

    part: NDArray[np.uint8]
    vertex: NDArray[np.int32]
    canonical: NDArray[np.float16]
    depth: FloatArray
    source_xy: FloatArray
    visibility: FloatArray


@dataclass(frozen=True)
class Render:
    """A rendered portrait and what is true of it.

    Attributes:
        image: (H, W, 3) uint8 RGB. `truth`: per pixel, or None where it was not asked for.
        motion: (K + 3,) float32 rig coefficients, then tongue out, side, up.
        rotation: (3, 3), translation: (3,) head to camera, cm. `angles_deg`: (3,) yaw, pitch, roll.
        gaze_deg: (2, 2) left, right; yaw, pitch in the head's frame.
        landmarks: (70, 2) float32 the rig's 68 landmarks and both eyes' centres, 0..1 of the viewport.
    """

    image: NDArray[np.uint8]
    truth: Truth | None
    motion: FloatArray
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    angles_deg: NDArray[np.float64]
    gaze_deg: NDArray[np.float64]
    landmarks: FloatArray
    viewport: Viewport


@dataclass(frozen=True)
class _Static:
    """What does not change between the poses of a portrait: triangles, attributes and canonical places."""

    triangles: NDArray[np.int32]
    parts: NDArray[np.uint8]
    face_triangles: int
    attributes: FloatArray
    places: FloatArray


def render(
    portrait: Portrait,
    pose: Pose,
    viewport: Viewport | None = None,
    size: int = 256,
    *,
    samples: int = 2,
    truth: bool = True,
) -> Render:
    """Draw a pose as a `size` px square seen through `viewport`; `samples`² sub-samples a pixel, truth on request."""
    viewport = viewport or Viewport()
    scene = static_scene(portrait)
    attributes = _lit_attributes(portrait, pose, scene)
    fine = size * samples
    scale = fine / viewport.side_px
    corner = np.array([viewport.x0, viewport.y0], np.float32)
    solid = np.concatenate([pose.points, pose.eyes[0], pose.eyes[1], pose.tongue_points])
    screen = ((project(solid) - corner) * scale).astype(np.float32)
    depth = -solid[:, 2].astype(np.float32)
    count = len(pose.points)
    depth[count : count + 2 * len(EYE_DIRECTIONS)] += np.float32(EYE_PUSH_CM)
    inverse = (1 / depth).astype(np.float32)
    face = ZBuffer(fine, fine)
    face.draw(screen, inverse, scene.triangles[: scene.face_triangles])
    inside = face.behind()
    inside.draw(screen, inverse, scene.triangles[scene.face_triangles :])
    grid_screen = ((project(pose.carrier) - corner) * scale).astype(np.float32)
    grid_inverse = (-1 / pose.carrier[:, 2]).astype(np.float32)
    grid = ZBuffer(fine, fine)
    carrier = portrait.carrier
    grid.draw(grid_screen, grid_inverse, carrier.triangles)
    out = _Buffers(size)
    photo, plate = _prefiltered(portrait, viewport.side_px / size)
    shading.shade(
        out.arrays, samples, np.array([viewport.x0, viewport.y0, 1 / scale]), photo, plate, portrait.depth_range,
        (screen, inverse, attributes, scene.places),
        (scene.triangles, scene.parts, face.triangle, inside.triangle, scene.face_triangles),
        ((grid_screen, grid_inverse, CARRIER_PIXELS, carrier.canonical, carrier.triangles), grid.triangle),
    )  # fmt: skip
    face_width = float(np.ptp(portrait.fitted.landmarks[:468, 0])) * size / CROP_SIZE
    image = shade_openings(out.image, out.coverage, out.seen, face_width * viewport.zoom)
    return describe(portrait, pose, viewport, image, out.truth(portrait) if truth else None)


class _Buffers:
    """Output arrays of the shader."""

    def __init__(self, size: int) -> None:
        self.image = np.empty((size, size, 3), np.float32)
        self.coverage = np.empty((size, size, 3), np.float32)
        self.seen = np.empty((size, size), np.float32)
        self.part = np.empty((size, size), np.uint8)
        self.vertex = np.empty((size, size), np.int32)
        self.canonical = np.empty((size, size, 3), np.float32)
        self.depth = np.empty((size, size), np.float32)
        self.source = np.empty((size, size, 2), np.float32)

    @property
    def arrays(self) -> tuple[NDArray, ...]:
        return (self.image, self.coverage, self.seen, self.part, self.vertex, self.canonical, self.depth, self.source)

    def truth(self, portrait: Portrait) -> Truth:
        vertex = self.vertex
        own = vertex >= portrait.atlas.drawn_count  # eyes and tongue are numbered after the whole rig
        vertex[own] += len(portrait.atlas.rig.neutral) - portrait.atlas.drawn_count
        return Truth(self.part, vertex, self.canonical.astype(np.float16), self.depth, self.source, self.seen)


def _prefiltered(portrait: Portrait, footprint_px: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Photo and plate blurred for an output pixel that covers `footprint_px` of theirs; kept in steps of a quarter.

    A box of width f has variance f²/12; bilinear sampling already brings that of f = 1.
    """
    step = round(4 * footprint_px) / 4
    if step <= 1.0:
        return portrait.photo, portrait.plate
    cache = portrait.scratch.setdefault("prefiltered", {})
    if step not in cache:
        sigma = float(np.sqrt((step**2 - 1) / 12))
        cache[step] = tuple(
            cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
            for image in (portrait.photo, portrait.plate)
        )
    return cache[step]


def describe(
    portrait: Portrait, pose: Pose, viewport: Viewport, image: NDArray[np.uint8], truth: Truth | None = None
) -> Render:
    """An image of a pose, drawn or photographed, with everything about it that needs no pixels."""
    marks = [project(pose.points[list(portrait.atlas.rig.landmarks)])]
    marks += [project(eye.mean(0, keepdims=True)) for eye in pose.eyes]
    landmarks = viewport.to_unit(np.concatenate(marks)).astype(np.float32)
    motion = np.concatenate([pose.expression, pose.tongue]).astype(np.float32)
    return Render(
        image, truth, motion, pose.rotation, pose.translation, pose.angles_deg, pose.gaze_deg, landmarks, viewport
    )


def static_scene(portrait: Portrait) -> _Static:
    """Triangles, attributes and canonical places of head, eyes and tongue; kept on the portrait once made."""
    if "scene" not in portrait.scratch:
        portrait.scratch["scene"] = _build_static(portrait)
    return portrait.scratch["scene"]


def _triangles(atlas: HeadAtlas) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The face, then what lies behind it in drawing order, with the part of each triangle."""
    head, eye = atlas.drawn_count, len(EYE_DIRECTIONS)
    inside = atlas.inside
    groups = (
        (atlas.face, shading.FACE),
        (inside["mouth_socket"], shading.SOCKET),
        (inside["gums"], shading.GUMS),
        (inside["teeth"], shading.TEETH),
        (TONGUE_TRIANGLES + head + 2 * eye, shading.TONGUE),
        (inside["eye_sockets"], shading.SOCKET),
        (EYE_TRIANGLES + head, shading.EYE),
        (EYE_TRIANGLES + head + eye, shading.EYE),
    )
    triangles = np.concatenate([group for group, _ in groups]).astype(np.int32)
    return triangles, np.concatenate([np.full(len(group), part, np.uint8) for group, part in groups])


def _build_static(portrait: Portrait) -> _Static:
    atlas, texture = portrait.atlas, portrait.texture
    head, eye, faces = atlas.drawn_count, len(EYE_DIRECTIONS), atlas.face_count
    attributes = np.zeros((head + 2 * eye + TONGUE_VERTICES, shading.ATTRIBUTES), np.float32)
    attributes[:, shading.ALPHA] = attributes[:, shading.SHADE] = 1
    attributes[:head, : shading.SOURCE_DEPTH] = texture.pixels
    attributes[:head, shading.SOURCE_DEPTH] = -portrait.points[:, 2]
    attributes[:head, shading.CONFIDENCE] = texture.confidence
    attributes[:faces, shading.ALPHA] = texture.region
    attributes[:head, shading.RED :] = texture.fill
    for side, look in enumerate(portrait.eyes):
        rows = slice(head + side * eye, head + (side + 1) * eye)
        attributes[rows, : shading.SOURCE_DEPTH] = look.pixels
        attributes[rows, shading.SOURCE_DEPTH] = -portrait.eye_points[side][:, 2]
        attributes[rows, shading.CONFIDENCE] = look.confidence
        attributes[rows, shading.RED :] = look.fill
    resting = photo_pose(portrait).tongue_points
    attributes[head + 2 * eye :, : shading.SOURCE_DEPTH] = project(resting)
    triangles, parts = _triangles(atlas)
    return _Static(triangles, parts, len(atlas.face), attributes, _canonical_places(portrait))


def _canonical_places(portrait: Portrait) -> FloatArray:
    """(N + 2E + T, 3): rig vertices, each eye as if it looked straight ahead, the tongue at rest on the opened jaw."""
    atlas = portrait.atlas
    places = [atlas.canonical[: atlas.drawn_count]]
    for side in (0, 1):
        ball = atlas.rig.neutral[atlas.eye_part(side)]
        places.append(ball.mean(0) + portrait.fitted.eyes[side, 3] * EYE_DIRECTIONS)
    teeth = atlas.rig.part("lower_teeth")
    places.append(tongue_mesh() + (atlas.canonical[teeth] - atlas.rig.neutral[teeth]).mean(0))
    return np.concatenate(places).astype(np.float32)


def _lit_attributes(portrait: Portrait, pose: Pose, scene: _Static) -> FloatArray:
    """Attributes with this pose's light: skin relative to the photo, mouth inside and tongue absolute."""
    atlas, texture = portrait.atlas, portrait.texture
    light, faces = texture.light, atlas.face_count
    attributes = scene.attributes.copy()
    normals = vertex_normals(pose.points[:faces], atlas.face)
    received = np.maximum(light.on(normals), np.float32(0.25 * light.median))
    ratio = np.clip(received / texture.received, *_RELIGHT_RANGE) ** np.float32(_RELIGHT_GAMMA)
    for _ in range(3):
        ratio = (atlas.neighbour_mean(ratio) + ratio) / 2
    attributes[:faces, shading.SHADE] = ratio
    start, teeth, stop = atlas.rig.parts["mouth_socket"][0], atlas.rig.parts["upper_teeth"][0], atlas.drawn_count
    inner = vertex_normals(pose.points, atlas.mouth_inside)[start:stop]
    lit = np.clip(light.on(inner) / light.median, 0.4, 1.25)
    attributes[start:stop, shading.SHADE] = lit
    attributes[teeth:stop, shading.SHADE] = 0.75 + 0.25 * np.clip(lit[teeth - start :], 0.6, 1.2)
    attributes[-TONGUE_VERTICES:, shading.RED :] = _tongue_colours(portrait, pose)
    return attributes


def _tongue_colours(portrait: Portrait, pose: Pose) -> FloatArray:
    """(T, 3) lit colour with a wet highlight, darker towards the throat."""
    light = portrait.texture.light
    normals = tongue_normals(pose.tongue_points, vertex_normals(pose.tongue_points, TONGUE_TRIANGLES))
    diffuse = np.clip(light.on(normals) / light.median, 0.35, 1.4)
    gloss = 0.10 * light.median * np.clip(normals @ np.array([0, 0.55, 0.83], np.float32), 0, 1) ** 12
    open_air = 0.25 + 0.75 * smoothstep(pose.tongue_depth, 5.5, 10.5) * TONGUE_TOP_LIGHT
    return ((portrait.texture.tongue * diffuse[:, None] + gloss[:, None]) * open_air[:, None]).astype(np.float32)


def photo_crop(portrait: Portrait, viewport: Viewport, size: int = 256) -> NDArray[np.uint8]:
    """(size, size, 3) the untouched photo through a viewport, antialiased, border pixels repeated."""
    return crop_photo(portrait.fitted.image, viewport, size)


def face_gbuffer(portrait: Portrait, viewport: Viewport | None = None, size: int = 256) -> Render:
    """The untouched photo through a viewport, with the truth that the fit gives for each of its pixels."""
    viewport = viewport or Viewport()
    posed = photo_pose(portrait)
    truth = render(portrait, posed, viewport, size).truth
    return describe(portrait, posed, viewport, photo_crop(portrait, viewport, size), truth)
