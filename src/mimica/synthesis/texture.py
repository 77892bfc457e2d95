"""What colour each vertex of the head has: where the photo is believed, and what fills the rest.

This module does not know target poses: everything here is about the photo as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags
from scipy.sparse.linalg import splu

from mimica.core.easing import smoothstep
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import CROP_SIZE, project
from mimica.synthesis.closing import MOUTH_OPEN_PX, lip_gap_px
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.light import Light
from mimica.synthesis.plate import sample
from mimica.synthesis.rasterise import ZBuffer, interpolate, vertex_normals

FloatArray = NDArray[np.float32]

NOWHERE_CM = 1e3
"""Depth of pixels where no head was drawn."""

_DEPTH_TOLERANCE_CM = 0.35
_DATA_WEIGHT = 20.0


@dataclass(frozen=True)
class Texture:
    """Per-vertex appearance of one photo; N = vertices that can be drawn, F = face vertices.

    Attributes:
        pixels: (N, 2) where each vertex lies in the photo, px.
        confidence: (N,) 0..1 how much the photo's pixel there is this vertex's colour.
        fill: (N, 3) 0..1 colour where it is not.
        region: (F,) 0..1 opacity of the drawn face.
        facing: (N,) cosine between normal and the direction to the camera.
        light: the photo's light; `received`: (F,) its brightness on the face as posed in the photo.
        tongue: (3,) colour of the tongue. `skin`: (3,) median skin colour.
    """

    pixels: FloatArray
    confidence: FloatArray
    fill: FloatArray
    region: FloatArray
    facing: FloatArray
    light: Light
    received: FloatArray
    tongue: FloatArray
    skin: FloatArray


def source_depth(points: FloatArray, triangles: NDArray[np.int32]) -> FloatArray:
    """(512, 512) depth in cm of a mesh as the photo's camera sees it; `NOWHERE_CM` around it."""
    pixels, inverse = project(points).astype(np.float32), (-1 / points[:, 2]).astype(np.float32)
    buffer = ZBuffer(CROP_SIZE, CROP_SIZE)
    buffer.draw(pixels, inverse, triangles)
    return interpolate(pixels, inverse, triangles, buffer.triangle, -points[:, 2].astype(np.float32), NOWHERE_CM)


def build_texture(
    atlas: HeadAtlas, portrait: FittedPortrait, points: FloatArray, depth: FloatArray, alpha: FloatArray
) -> Texture:
    """Judge and colour every vertex; `points` (N, 3) is the head in the photo's camera, `depth` its z-buffer."""
    faces, mouth_open = atlas.face_count, lip_gap_px(portrait) >= MOUTH_OPEN_PX
    pixels = project(points).astype(np.float32)
    normals = vertex_normals(points, atlas.skin)
    facing = -(normals * points).sum(1) / np.linalg.norm(points, axis=1)
    visible = -points[:, 2] < sample(depth, pixels) + _DEPTH_TOLERANCE_CM
    inside = (pixels > 2).all(1) & (pixels < CROP_SIZE - 3).all(1)
    trusted = _trusted(atlas, facing, visible & inside, pixels, alpha, mouth_open)
    soft = trusted.copy()
    for _ in range(2):
        soft = np.minimum(soft, atlas.neighbour_mean(soft))
    confidence = (visible & inside).astype(np.float32)
    confidence[:faces] = np.clip(soft, 0, 1)
    region = _region(atlas, facing, confidence)
    colour = sample(cv2.GaussianBlur(portrait.image, (0, 0), 1.5).astype(np.float32) / 255, pixels[:faces])
    sources = _fill_sources(atlas, trusted, facing, pixels, alpha, mouth_open)
    fill = np.zeros((len(points), 3), np.float32)
    fill[:faces] = _diffuse(atlas, colour, sources)
    skin_like = (trusted > 0.7) & (atlas.region > 0.8) & (atlas.rig.neutral[:faces, 1] < 7)
    skin_like &= (atlas.mouth_rings > 8) & (atlas.eye_rings > 3)
    light = Light.of_skin(normals[:faces], colour.mean(1), skin_like)
    skin = np.median(colour[skin_like], 0) if skin_like.any() else colour.mean(0)
    received = np.maximum(light.on(normals[:faces]), np.float32(0.25 * light.median))
    tongue = _colour_mouth(atlas, fill, skin, light.median)
    for name in ("mouth_socket", "eye_sockets"):
        confidence[atlas.rig.part(name)] = 0
    if not mouth_open:
        for name in ("gums", "upper_teeth", "lower_teeth"):
            confidence[atlas.rig.part(name)] = 0
    as_float = [array.astype(np.float32) for array in (pixels, confidence, fill, region, facing)]
    return Texture(*as_float, light, received.astype(np.float32), tongue.astype(np.float32), skin.astype(np.float32))


def _trusted(
    atlas: HeadAtlas,
    facing: FloatArray,
    seen: NDArray[np.bool_],
    pixels: FloatArray,
    alpha: FloatArray,
    mouth_open: bool,
) -> FloatArray:
    faces = atlas.face_count
    solid = sample(cv2.GaussianBlur(alpha, (0, 0), 1.0), pixels[:faces]).clip(0, 1)
    trusted = (smoothstep(facing[:faces], 0.02, 0.15) * seen[:faces] * solid**2).astype(np.float32)
    trusted[atlas.mouth_rings <= (1 if mouth_open else 3)] = 0  # the inner-lip seam shows the other lip's colour
    trusted[atlas.eye_rings <= 0] = 0
    return trusted


def _region(atlas: HeadAtlas, facing: FloatArray, confidence: FloatArray) -> FloatArray:
    """The rig's own fade, less the far cheek and temple that the photo does not show."""
    faces = atlas.face_count
    sideways = np.abs(atlas.rig.neutral[:faces, 0])
    region = atlas.region * (1 - smoothstep(sideways, 4.5, 6.5) * (1 - smoothstep(facing[:faces], 0.0, 0.18)))
    for _ in range(2):
        region = np.minimum(atlas.region, (atlas.neighbour_mean(region) + region) / 2)
    known = confidence[:faces]
    for _ in range(3):
        known = (atlas.neighbour_mean(known) + known) / 2
    return region * (1 - smoothstep(sideways, 4.5, 6.0) * (1 - smoothstep(known, 0.3, 0.8)))


def _fill_sources(
    atlas: HeadAtlas, trusted: FloatArray, facing: FloatArray, pixels: FloatArray, alpha: FloatArray, mouth_open: bool
) -> NDArray[np.float64]:
    faces = atlas.face_count
    solid = sample(cv2.erode((alpha > 0.9).astype(np.float32), np.ones((5, 5))), pixels[:faces]) > 0.9
    sources = (trusted > 0.6) & (facing[:faces] > 0.32) & solid & (np.abs(atlas.rig.neutral[:faces, 0]) <= 7.2)
    if not mouth_open:
        sources &= atlas.mouth_rings > 5
    return sources.astype(np.float64)


def _diffuse(atlas: HeadAtlas, colour: FloatArray, sources: NDArray[np.float64]) -> FloatArray:
    """Harmonic extension of the source vertices' colours along the mesh (graph Laplacian plus data term)."""
    weight = _DATA_WEIGHT * (sources + 1e-6)
    system = diags(atlas.degree.astype(np.float64)) - atlas.adjacency.astype(np.float64) + diags(weight)
    solver = splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return solver.solve(weight[:, None] * colour.astype(np.float64)).astype(np.float32)


def _colour_mouth(atlas: HeadAtlas, fill: FloatArray, skin: FloatArray, brightness: float) -> NDArray[np.float64]:
    """Paint socket, gums, teeth and eye sockets for the photo's exposure, darker inwards; returns the tongue's."""
    exposure = np.clip(brightness / 0.6, 0.45, 1.15)
    tint = skin / np.array([0.80, 0.62, 0.52])
    tint = 0.7 + 0.3 * (0.6 + 0.4 * tint / max(tint.mean(), 1e-3))
    teeth = slice(atlas.rig.parts["upper_teeth"][0], atlas.rig.parts["lower_teeth"][1])
    inside = slice(atlas.rig.parts["mouth_socket"][0], teeth.stop)
    fill[atlas.rig.part("mouth_socket")] = np.array([0.22, 0.075, 0.07]) * exposure
    fill[atlas.rig.part("eye_sockets")] = skin * 0.4
    fill[atlas.rig.part("gums")] = np.array([0.55, 0.25, 0.24]) * exposure
    fill[teeth] = np.array([0.98, 0.92, 0.82]) * np.clip(0.35 + 0.75 * brightness, 0.5, 1.0) * tint
    z = atlas.rig.neutral[:, 2]
    fill[inside] *= (np.clip((z[inside] - 4.5) / 5.5, 0.08, 1) ** 1.6)[:, None]
    fill[teeth] *= (0.35 + 0.65 * smoothstep(z[teeth], 7.2, 9.8))[:, None].astype(np.float32)
    return np.array([0.72, 0.36, 0.35]) * exposure * tint
