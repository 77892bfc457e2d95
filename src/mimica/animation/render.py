"""Render: the photo itself, warped at its own resolution, with what it cannot show painted in (DESIGN §2).

Back to front: the background plate, the person (`base` sheet), what shows between lips and lids (painted), the lower
and the upper skin of mouth and eyes. This module does not know how the motion was found.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.beyond import ContinuedImage
from mimica.animation.compose import Box, Flow, enclosing, lay_person, moved_points
from mimica.animation.eyeball import Eyeball, lashes
from mimica.animation.feature_textures import feature_textures, look_up_skin, well_inside
from mimica.animation.fill import look_up, smooth_step
from mimica.animation.focus import as_soft, blur_px
from mimica.animation.grain import Grain
from mimica.animation.motion_field import HeadMotion, View, bend, move_points, rasterise
from mimica.animation.mouth import in_shade, lips_shadow, read_mouth
from mimica.animation.patch import changing_patch, owned_share, to_patch
from mimica.animation.plate import background_plate, refine_matte
from mimica.animation.portrait_mesh import PortraitMesh, Sheet
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.animation.tone import Tone
from mimica.core.camera import gaze_direction

FloatArray = NDArray[np.float32]
Image = NDArray[np.uint8]
CELL_PX, ENOUGH_CELLS, MOST_CELLS = 2, 512, 768
"""The person's motion is drawn in cells of `CELL_PX` pixels; where these would be more than enough along the longer
side, they grow to three. Against a cell for each pixel one in a thousand pixels changed by more than a level."""
FEATURE_CELLS = 200
"""Cells along the longer side of a mouth or an eye, at most one for each pixel."""
COARSER = 4
"""Whether the tongue is out is seen in cells so many times as wide."""
BLUR_PX = 3
"""How far the tongue's rim is blurred."""
FINE_PX = 420
"""Mouths smaller than this are drawn at twice their size and averaged."""
FACE_PER_CROP = 0.62
"""Width of a face in sides of the tight crop."""
HOLE_SEEN = 0.002
"""Openings below this share change no pixel."""
NARROW, IN_A_SLIT = 0.12, 0.3
"""In radii of the eyeball: lids so near to one another leave so little light between them."""
TONGUE_CLEARANCE_CM = 0.1
"""How far before the lower lip the tongue must be to cover it."""


class Renderer:
    """Draws one portrait again and again; each frame depends on its motion alone."""

    def __init__(
        self, photo: Image, reading: PortraitReading, mesh: PortraitMesh, eyeballs: dict[str, Eyeball],
        mouth_points_px: FloatArray, *, still: bool = False, once: bool = False,
    ) -> None:  # fmt: skip
        """`mouth_points_px` (12, 2): the outline of the lips in the photo, from one corner over the upper lip.

        still: the head stays where it is, so that nothing behind it will show. once: not many frames are drawn.
        """
        self.photo, self.reading, self.mesh = photo, reading, mesh
        self.eyeballs = eyeballs
        self.patch = changing_patch(photo, mesh)
        p = self.patch
        longer = max(p.width, p.height)
        self.fineness = min(longer / CELL_PX, max(ENOUGH_CELLS, longer / 3), MOST_CELLS) / longer
        self.original = np.ascontiguousarray(photo[p.y0 : p.y0 + p.height, p.x0 : p.x0 + p.width])
        matte = to_patch(reading.matte, reading.matte_crop.matrix(reading.matte.shape[0]), p)
        matte = refine_matte(self.original, matte)
        # a face is always the person, whatever the matte says
        face = to_patch(reading.face, reading.crop.matrix(reading.face.shape[0]), p, outside=0.0)
        matte = np.maximum(smooth_step(matte, 0.12, 0.7), smooth_step(face, 0.4, 0.7))
        if reading.rivals:  # other people belong to the background
            matte = matte * owned_share(reading, p)
        self.grain = Grain.of(self.original)
        self.plate = self.original if still else background_plate(self.original, matte, self.grain)
        solid = to_patch(well_inside(reading.face), reading.crop.matrix(reading.face.shape[0]), p, outside=0.0)
        self.textures = [
            feature_textures(feature, p, self.original, solid, (upper, lower), once=once)
            for feature, upper, lower in zip(reading.features, mesh.upper, mesh.lower, strict=True)
        ]
        self.mouth = read_mouth(photo, reading, mesh, mouth_points_px)
        self.tone = Tone.of(self.original)
        self.face_width_px = FACE_PER_CROP * reading.crop.side_px
        self.blur_px = blur_px(self._face())
        self.person = ContinuedImage.of(self.original, self.face_width_px, matte, once=once)

    def _face(self) -> Image:
        """The photo from brow to mouth."""
        height, width = self.photo.shape[:2]
        corners = self.reading.crop.scaled(FACE_PER_CROP).corners()
        return self.photo[enclosing(corners, width, height).area]

    def render(self, motion: HeadMotion) -> Image:
        """The whole photo, (H, W, 3) uint8, with the head in its new motion."""
        picture = self.photo.copy()
        p = self.patch
        picture[p.y0 : p.y0 + p.height, p.x0 : p.x0 + p.width] = self.render_patch(motion)
        return picture

    def render_patch(self, motion: HeadMotion) -> Image:
        """The changing rectangle alone, (height, width, 3) uint8."""
        p, mesh = self.patch, self.mesh
        corner = np.array([p.x0, p.y0], np.float32)
        base = _placed(mesh, mesh.base, motion)
        placed = [tuple(_placed(mesh, sheet, motion) for sheet in texture.sheets) for texture in self.textures]
        areas = [
            enclosing(np.concatenate([mesh.camera.project(points) for points in pair]) - corner, p.width, p.height)
            for pair in placed
        ]
        picture = self.original.copy()
        shown = mesh.camera.project(base) - corner
        box = self._changing(shown, [area for area, share in zip(areas, motion.redraw, strict=True) if share > 0])
        if box is None:
            return picture
        flow = self._flow(base, box)
        lay_person(picture, self.person, self.plate, box, flow)
        for index, area in enumerate(areas):
            share = motion.redraw[index]
            if share > 0 and area.width >= 4 and area.height >= 4:
                target = picture[area.area].astype(np.float32)
                drawn = target if share >= 1 else target.copy()
                self._feature(drawn, area, flow.places(box, area), index, placed[index], motion)
                if share < 1:
                    target += (drawn - target) * np.float32(share)
                picture[area.area] = cv2.convertScaleAbs(target)
        return picture

    def _changing(self, shown: NDArray[np.floating], areas: list[Box]) -> Box | None:
        """What can differ from the photo when the vertices show at `shown` (N, 2), in pixels of the patch."""
        p = self.patch
        moved = moved_points(self.mesh.base.source_px - np.array([p.x0, p.y0]), shown, self.mesh.base.triangles)
        ends = [np.array([[area.left, area.top], [area.right, area.bottom]]) for area in areas]
        points = np.concatenate([moved, *ends])
        box = enclosing(points, p.width, p.height) if len(points) else None
        return box if box is not None and box.width >= 2 and box.height >= 2 else None

    def _flow(self, base: FloatArray, box: Box) -> Flow:
        """Where the pixels of `box` come from when the base sheet's vertices are at `base` (N, 3)."""
        columns, rows = (max(2, round(self.fineness * side)) for side in (box.width, box.height))
        layer = rasterise(self.mesh, self.mesh.base, base, self._view(box, columns, rows))
        return Flow.of(layer.shift_px, layer.covered, box.width, box.height, layer.depth)

    def _view(self, box: Box, columns: int, rows: int) -> View:
        return View(self.patch.x0 + box.left, self.patch.y0 + box.top, box.width, box.height, columns, rows)

    def _feature(
        self, target: FloatArray, area: Box, base_places: FloatArray, index: int, placed: tuple[FloatArray, ...],
        motion: HeadMotion,
    ) -> None:  # fmt: skip
        """Lay lips or lids, and what shows between them, over `target`, the pixels of `area`, in place."""
        mesh, feature = self.mesh, self.reading.features[index]
        width, height = area.width, area.height
        scale = min(1.0, FEATURE_CELLS / max(width, height))
        view = self._view(area, max(2, round(width * scale)), max(2, round(height * scale)))
        textures = self.textures[index]
        layers: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        down_px: list[FloatArray] = []
        for sheet, points, texture in zip(textures.sheets, placed, (textures.upper, textures.lower), strict=True):
            layer = rasterise(mesh, sheet, points, view)
            flow = Flow.of(layer.shift_px, layer.covered, width, height)
            places = flow.places(area, area) - textures.box.corner
            colour, there = look_up_skin(texture, places)
            fade = look_up(textures.fade, places, cv2.BORDER_CONSTANT)
            if flow.known is not None:
                there *= smooth_step(flow.known, 0.8, 1.0)
            layers.append((colour, there, fade))
            down_px.append(flow.shift[..., 1])
        core = look_up(textures.core, base_places - textures.box.corner, cv2.BORDER_CONSTANT)
        (upper, upper_there, upper_fade), (lower, lower_there, lower_fade) = layers
        hole = core * (1 - upper_there) * (1 - lower_there)
        lips = feature.kind == "mouth"
        skins = [(lower, lower_there * lower_fade), (upper, upper_there * upper_fade)]
        # the upper lip lies over the lower one; the lower lid stops the upper one, however far a blink carries it
        for colour, weight in skins if lips else reversed(skins):
            _lay(target, colour, weight)
        if not lips:
            radius = self.eyeballs[feature.kind].radius_px
            dark = core * lashes(upper_there, lower_there, (down_px[0] - down_px[1]) / radius, radius)
            target *= cv2.cvtColor(1 - dark, cv2.COLOR_GRAY2RGB)
        if hole.max() < 0.02:
            return
        if lips:
            self._paint_mouth(target, hole, upper_there, motion, view)
        else:
            self._paint_eye(target, hole, upper_there, feature, motion, (view.x0_px, view.y0_px))

    def _paint_mouth(
        self, target: FloatArray, hole: FloatArray, upper_there: FloatArray, motion: HeadMotion, view: View
    ) -> None:
        """Teeth, gums and tongue into the opening, and the tongue over the lower lip when it comes out."""
        rows, columns = hole.shape
        finer = 2 if max(rows, columns) <= FINE_PX else 1
        part = _around(hole)  # with the tongue in, nothing shows beside the opening
        tip = self._tongue_out(motion, view) if motion.tongue[0] > 0 else None
        if tip is not None:
            part = part.joined(tip)
        size = (part.width, part.height)
        picture = self.mouth.draw(motion, View(
            view.x0_px + part.left, view.y0_px + part.top, part.width, part.height, part.width * finer,
            part.height * finer,
        ))  # fmt: skip
        colour, teeth, tongue = (
            np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.float32)
            for drawn in (picture.colour, picture.teeth, picture.tongue)
        )
        seen = np.ascontiguousarray(hole[part.area])
        if tip is not None:
            lip = cv2.resize(self._lower_lip(motion, view), (columns, rows), interpolation=cv2.INTER_NEAREST)[part.area]
            depth = cv2.resize(picture.tongue_depth, size, interpolation=cv2.INTER_NEAREST)
            out = np.asarray(depth < lip - TONGUE_CLEARANCE_CM, np.float32) * (1 - upper_there[part.area])
            seen = np.maximum(seen, np.asarray(cv2.GaussianBlur(out, (0, 0), 0.8), np.float32) * tongue)
        zoom = self._zoom(motion)
        shadow = lips_shadow(seen, self.face_width_px * zoom, teeth)
        soft = as_soft(in_shade(shadow[..., None]) * colour, self.blur_px * zoom)
        inside = self.tone.apply(soft)
        inside += self.grain.over(int(view.y0_px) + part.top, int(view.x0_px) + part.left, *seen.shape)[..., None]
        _lay(target[part.area], inside, seen)

    def _tongue_out(self, motion: HeadMotion, view: View) -> Box | None:
        """Where in the view the tongue lies before the lower lip, roughly; None: it is in."""
        columns, rows = max(2, view.columns // COARSER), max(2, view.rows // COARSER)
        lip = self._lower_lip(motion, replace(view, columns=columns, rows=rows))
        lip = cv2.dilate(lip, np.ones((3, 3), np.uint8))  # rather too deep: what cannot be out there is in
        tongue = self.mouth.tongue(motion)
        places = self.mesh.camera.project(tongue) - np.array([view.x0_px, view.y0_px])
        cells = (places * np.array([columns / view.width_px, rows / view.height_px])).astype(int)
        inside = ((cells >= 0) & (cells < [columns, rows])).all(1)
        deepest = lip[cells[inside, 1], cells[inside, 0]]
        out = places[inside][-tongue[inside, 2] < deepest - TONGUE_CLEARANCE_CM]
        if not len(out):
            return None
        margin = np.ceil([view.width_px / columns, view.height_px / rows]) + BLUR_PX
        return enclosing(np.concatenate([out - margin, out + margin]), int(view.width_px), int(view.height_px))

    def _lower_lip(self, motion: HeadMotion, view: View) -> FloatArray:
        """(rows, columns) cm, how deep the skin below the mouth lies, and in the opening what is held by it."""
        sheet = self.mesh.lower[self.reading.mouth_index]
        return rasterise(self.mesh, sheet, _placed(self.mesh, sheet, motion), view).depth

    def _paint_eye(
        self, target: FloatArray, hole: FloatArray, lid: FloatArray, feature: FeatureReading, motion: HeadMotion,
        corner_px: tuple[float, float],
    ) -> None:  # fmt: skip
        eyeball = self.eyeballs[feature.kind]
        side = 0 if feature.kind == "left_eye" else 1
        rows, columns = np.nonzero(hole > 0.02)
        points = np.stack([columns + 0.5 + corner_px[0], rows + 0.5 + corner_px[1]], 1).astype(np.float32)
        centre = eyeball.centre_cm[None]
        moved = move_points(self.mesh, centre, np.ones(1), motion)
        centre_px = self.mesh.camera.project(moved)[0].astype(np.float32)
        rest = gaze_direction(*map(float, self.reading.gaze_deg[side]))
        look = gaze_direction(*map(float, motion.gaze_deg[side]))
        turned = eyeball.axis + self.mesh.rotation @ (look - rest)
        axis = motion.turn @ (turned / np.linalg.norm(turned))
        colours = eyeball.paint(self.photo, points, centre_px, axis, float(centre[0, 2] / moved[0, 2]))
        # the upper lid's shadow on the eyeball
        reach = max(1.0, 0.10 * eyeball.radius_px)
        shadow = cv2.GaussianBlur(lid, (0, 0), reach)
        light = np.asarray(cv2.GaussianBlur(hole, (0, 0), max(0.5, NARROW * eyeball.radius_px)), np.float32)
        slit = IN_A_SLIT + (1 - IN_A_SLIT) * smooth_step(light[rows, columns, None], 0.12, 0.45)
        shade = (1 - 0.45 * shadow[rows, columns, None]) * slit
        weight = hole[rows, columns, None]
        seen = target[rows, columns]
        target[rows, columns] = seen + (colours * shade - seen) * weight

    def _zoom(self, motion: HeadMotion) -> float:
        nearer = self.mesh.origin_cm + motion.shift_cm
        return float(self.mesh.origin_cm[2] / nearer[2])


def _lay(target: FloatArray, colour: FloatArray, weight: FloatArray) -> None:
    """Draw `colour` (h, w, 3) over `target`, in place, as thickly as `weight` (h, w) 0..1 says."""
    colour -= target
    colour *= cv2.cvtColor(weight, cv2.COLOR_GRAY2RGB)
    target += colour


def _around(hole: FloatArray) -> Box:
    """Where `hole` (H, W) 0..1 is open at all."""
    seen = hole > HOLE_SEEN
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _placed(mesh: PortraitMesh, sheet: Sheet, motion: HeadMotion) -> FloatArray:
    return move_points(mesh, bend(mesh, sheet, motion), sheet.head_weight, motion)
