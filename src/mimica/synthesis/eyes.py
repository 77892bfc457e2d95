"""How each eye looks: pixels of the photo inside the lids, and ring colours where the lids hide it.

This module does not know gaze targets; it reads the eye as the photo shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.core.easing import smoothstep
from mimica.synthesis.camera import CROP_SIZE, project
from mimica.synthesis.meshes import EYE_ANGLES, EYE_RING_ANGLES, EYE_SPOKES
from mimica.synthesis.plate import sample

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class EyeTexture:
    """`pixels` (E, 2) in the photo, `confidence` (E,) 0..1, `fill` (E, 3) 0..1 per vertex of the eye mesh."""

    pixels: FloatArray
    confidence: FloatArray
    fill: FloatArray


def build_eye_texture(
    image: NDArray[np.uint8], lid: FloatArray, points: FloatArray, iris_angle_rad: float, skin: FloatArray
) -> EyeTexture:
    """Texture of the eye mesh at camera points (E, 3), seen through the lid polygon (16, 2) px."""
    pixels = project(points).astype(np.float32)
    opening = np.zeros((2 * CROP_SIZE, 2 * CROP_SIZE), np.uint8)
    cv2.fillPoly(opening, [(lid * 2).astype(np.int32)], 255)
    margin = max(1, int(np.ptp(lid[:, 0]) * 2 * 0.03))
    opening = cv2.erode(opening, np.ones((2 * margin + 1, 2 * margin + 1)))
    inside = sample(opening, pixels * 2) > 127
    colour = sample(image, pixels).astype(np.float64) / 255
    white_seen = inside & (iris_angle_rad * 1.2 < EYE_ANGLES)
    white = np.percentile(colour[white_seen], 60, axis=0) if white_seen.sum() > 5 else skin + 0.1
    profile = _radial_profile(colour, inside, iris_angle_rad, np.clip(white, 0, 0.92))
    soft = cv2.GaussianBlur(inside.reshape(-1, EYE_SPOKES).astype(np.float32), (0, 0), 0.8).reshape(-1)
    confidence = smoothstep(soft, 0.45, 0.9) * inside
    return EyeTexture(pixels, confidence.astype(np.float32), np.repeat(profile, EYE_SPOKES, 0).astype(np.float32))


def _radial_profile(
    colour: NDArray[np.float64], inside: NDArray[np.bool_], iris: float, white: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(rings, 3): pupil and iris from low percentiles (highlights left out), the white outside, a dark rim between."""
    angles = EYE_RING_ANGLES
    seen, rings = inside.reshape(-1, EYE_SPOKES), colour.reshape(-1, EYE_SPOKES, 3)
    mid_iris = (angles > 0.5 * iris) & (angles < 0.9 * iris)
    middle = np.median(rings[mid_iris][seen[mid_iris]], 0) if seen[mid_iris].any() else None
    profile, last = np.zeros((len(angles), 3)), np.array([0.1, 0.08, 0.07])
    for ring, angle in enumerate(angles):
        if angle >= iris * 1.15:
            profile[ring] = white * (1 - 0.35 * smoothstep(angle, iris * 1.2, 1.3))
            continue
        if seen[ring].sum() >= 3:
            shown = rings[ring][seen[ring]]
            grey = shown.mean(1)
            last = np.median(shown[grey <= np.percentile(grey, 45 if angle < 0.85 * iris else 60)], 0)
            if angle < 0.4 * iris and middle is not None:
                last = np.minimum(last, 0.75 * middle)
        profile[ring] = last
    profile[1:-1] = 0.25 * profile[:-2] + 0.5 * profile[1:-1] + 0.25 * profile[2:]
    return profile
