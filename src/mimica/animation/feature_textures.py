"""Feature textures: how surely each pixel of the photo is upper or lower lip or lid, and where their sheets rule."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.closing import window_canonical
from mimica.animation.fill import smooth_step
from mimica.animation.patch import Patch, to_patch
from mimica.animation.portrait_mesh import along_slit
from mimica.animation.reading import FeatureReading

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTextures:
    """Over the patch: how surely a photo pixel is upper or lower skin, where the sheets rule (`fade`, `core`)."""

    upper: FloatArray
    lower: FloatArray
    fade: FloatArray
    core: FloatArray


def without_holes(face: FloatArray) -> FloatArray:
    """The face map with mouth and eyes filled, whatever they show."""
    side = max(3, round(0.14 * face.shape[0])) | 1
    return np.asarray(cv2.morphologyEx(face, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), np.float32)


def feature_textures(feature: FeatureReading, patch: Patch, face: FloatArray) -> FeatureTextures:
    """face: (height, width) of the patch: beyond the cheek of a turned head there is neither mouth nor eye."""
    rows, columns = feature.region.shape[:2]
    scale = np.array([columns, rows]) / feature.size_px
    matrix = np.array(
        [[scale[0], 0, -feature.origin_px[0] * scale[0]], [0, scale[1], -feature.origin_px[1] * scale[1]]]
    )
    upper, lower = (to_patch(feature.region[..., index], matrix, patch) for index in (0, 1))
    x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    edge = np.minimum(np.minimum(x, 1 - x)[None, :], np.minimum(y, 1 - y)[:, None]).astype(np.float32)
    fade = to_patch(smooth_step(edge, 0.02, 0.14), matrix, patch, outside=0.0)
    slit = along_slit(window_canonical(feature, "base").reshape(-1, 3), feature.kind).reshape(rows, columns)
    core = to_patch(smooth_step(edge, 0.06, 0.16) * slit, matrix, patch, outside=0.0) * smooth_step(face, 0.25, 0.6)
    return FeatureTextures(upper, lower, fade, core)
