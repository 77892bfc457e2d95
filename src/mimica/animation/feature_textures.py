"""Feature textures: how surely each pixel of the photo is upper or lower lip or lid, and where their sheets rule."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.closing import window_canonical
from mimica.animation.compose import Box
from mimica.animation.fill import sample, smooth_step
from mimica.animation.patch import Patch, to_patch
from mimica.animation.portrait_mesh import Sheet, along_slit
from mimica.animation.reading import FeatureReading
from mimica.animation.sharp_image import SharpImage

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]


PRESENT = (0.25, 0.55)
"""Probability of being upper or lower skin from which a pixel begins to count as such, and counts wholly."""
_STEP = smooth_step(np.arange(256) / 255, *PRESENT)
RIM_PER_CROP = 0.06
"""Two rims of the face map, in sides of the crop: its contour lies outside the cheek by up to 3 % of a face's width."""
_HARDLY = 0.1
"""Vertices that are less surely skin, with all their neighbours, show nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTextures:
    """The photo around one feature, and what of it is skin.

    Attributes:
        box: in pixels of the patch, all the others lie over it. upper, lower: RGB of the photo and how surely each
        pixel is upper or lower skin. fade, core: (h, w) 0..1, where the sheets rule.
        sheets: of the upper and the lower skin, what of them can be seen.
    """

    box: Box
    upper: SharpImage
    lower: SharpImage
    fade: FloatArray
    core: FloatArray
    sheets: tuple[Sheet, Sheet]


def look_up_skin(texture: SharpImage, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """RGB (h, w, 3) 0..255 at `places` (h, w, 2) of `upper` or `lower`, and how surely they are such skin, 0..1."""
    seen = texture.look_up(places)
    colour = cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB).astype(np.float32)
    return colour, np.asarray(cv2.LUT(cv2.extractChannel(seen, 3), _STEP), np.float32)


def well_inside(face: FloatArray) -> FloatArray:
    """The face map with mouth and eyes filled, whatever they show, less a rim."""
    side, rim = (max(3, round(share * face.shape[0])) | 1 for share in (0.14, RIM_PER_CROP))
    closed = cv2.morphologyEx(face, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.asarray(cv2.erode(closed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))), np.float32)


def feature_textures(
    feature: FeatureReading,
    patch: Patch,
    photo: Image,
    face: FloatArray,
    sheets: tuple[Sheet, Sheet],
    *,
    once: bool = False,
) -> FeatureTextures:
    """photo: (height, width, 3) of the patch. face: (height, width): beyond the cheek of a turned head there is neither
    mouth nor eye. sheets: of the upper and the lower skin. once: see `SharpImage`."""
    rows, columns = feature.region.shape[:2]
    scale = np.array([columns, rows]) / feature.size_px
    matrix = np.array(
        [[scale[0], 0, -feature.origin_px[0] * scale[0]], [0, scale[1], -feature.origin_px[1] * scale[1]]]
    )
    box = _around(feature, patch)
    part = Patch(patch.x0 + box.left, patch.y0 + box.top, box.width, box.height)
    skins: list[SharpImage] = []
    for index in (0, 1):
        sure = to_patch(feature.region[..., index], matrix, part)
        skin = np.rint(np.clip(sure, 0, 1) * 255).astype(np.uint8)
        skins.append(SharpImage.of(np.dstack([photo[box.area], skin]), once=once))
    x, y = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    edge = np.minimum(np.minimum(x, 1 - x)[None, :], np.minimum(y, 1 - y)[:, None]).astype(np.float32)
    fade = to_patch(smooth_step(edge, 0.02, 0.14), matrix, part, outside=0.0)
    slit = along_slit(window_canonical(feature, "base").reshape(-1, 3), feature.kind).reshape(rows, columns)
    core = to_patch(smooth_step(edge, 0.06, 0.16) * slit, matrix, part, outside=0.0)
    core *= smooth_step(face[box.area], 0.25, 0.6)
    upper, lower = (_shown(sheet, feature, index) for index, sheet in enumerate(sheets))
    return FeatureTextures(box, skins[0], skins[1], fade, core, (upper, lower))


def _around(feature: FeatureReading, patch: Patch) -> Box:
    """The feature's window with a margin, as far as the patch has it, one pixel at least."""
    corner = np.array([patch.x0, patch.y0])
    limit = np.array([patch.width, patch.height])
    low = np.clip(np.floor(feature.origin_px - corner) - 2, 0, limit - 1).astype(int)
    high = np.clip(np.ceil(feature.origin_px + feature.size_px - corner) + 2, low + 1, limit).astype(int)
    return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def _shown(sheet: Sheet, feature: FeatureReading, index: int) -> Sheet:
    """What of a sheet can show skin: near the window, and near what is upper (0) or lower (1) skin."""
    places = feature.to_window(sheet.source_px)
    unit = places / np.array(feature.region.shape[1::-1])
    skin = sample(feature.region[..., index], places) > _HARDLY
    near = skin & (np.abs(unit - 0.5) < 0.52).all(1)
    if not near.any():
        return sheet
    grown = np.zeros(len(near), bool)
    grown[sheet.triangles[near[sheet.triangles].any(1)]] = True
    return sheet.cut(grown)
