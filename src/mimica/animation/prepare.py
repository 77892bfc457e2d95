"""Prepare: one photo, one face → everything that its frames need (DESIGN §2, once per photo)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.animation.cast import MIN_FACE_PX
from mimica.animation.clear_copy import clear_copy
from mimica.animation.closing import taken_away
from mimica.animation.eyeball import KnownEye, read_eyeball
from mimica.animation.networks import ENCODER_PX, EYE_PX, FACE_PX, MATTE_PX, MOUTH_PX, EncodedMotion, Networks
from mimica.animation.portrait_mesh import build_mesh
from mimica.animation.reading import FeatureReading, PortraitReading
from mimica.animation.render import Renderer
from mimica.animation.retarget import Subject
from mimica.core.framing import EYE_WINDOW, MOUTH_WINDOW, WIDE_PER_CROP, crop_around, placement_in_photo
from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_NAMES, RIG_NAMES
from mimica.core.records import Face
from mimica.errors import NoFaceError
from mimica.faces.alignment import extract, face_crop

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

REFINEMENTS = 3
TURNED_DEG = 28.0
"""From here on open mouths were seen to be dark and toothless at their far corner (three of three, 30° to 43°)."""
LEAST_FACE = 0.05
"""Share of the tight crop that shows a face's skin: 0.35 to 0.6 in 40 portraits, 0.02 in plain sky."""
SAME_FACE = 0.35
"""Two found faces whose middles are nearer than so many sides of the crop are one."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A photo ready to perform."""

    photo: Image
    reading: PortraitReading
    renderer: Renderer
    subject: Subject

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of this photo before they judge the result."""
        yaw_deg = abs(float(self.reading.angles_deg[0]))
        if yaw_deg < TURNED_DEG:
            return ()
        return (
            f"photo: the head is turned aside by {yaw_deg:.0f}°; the far corner of a mouth that opens will be dark; "
            "a photo that looks more into the camera does better",
        )


def aligned_crop(image: Image, crop: CropFrame, networks: Networks, rounds: int = REFINEMENTS) -> CropFrame:
    """The tight crop as training saw it: centred and sized by the head's own origin and scale, not by a box."""
    for _ in range(rounds):
        read = networks.encode(extract(image, crop, ENCODER_PX))
        x, y, scale = placement_in_photo(crop, read.placement)
        better = crop_around(x, y, scale)
        side = float(np.clip(better.side_px, 0.75 * crop.side_px, 1.33 * crop.side_px))
        crop = CropFrame(better.center_x_px, better.center_y_px, side)
    return crop


def prepare(
    photo: Image, face: Face, networks: Networks, label: str = "photo", others: Iterable[Face] = ()
) -> Portrait:
    """Rig the chosen face of `photo` (H, W, 3) uint8 RGB. others: further faces in it, which stay where they are.

    Raises:
        NoFaceError: the face is too small to move, or nothing looks like a face where it should be.
    """
    if face.height_px < MIN_FACE_PX:
        raise NoFaceError(
            f"{label}: the face is only {face.height_px:.0f} pixels high; "
            f"use a photo where it has {MIN_FACE_PX} or more"
        )
    crop = aligned_crop(photo, face_crop(face), networks)
    clear = clear_copy(photo, crop, networks)
    if clear is not photo:
        crop = aligned_crop(clear, crop, networks)
    encoded = networks.encode(extract(clear, crop, ENCODER_PX))
    around = (face_crop(other) for other in others if other is not face)
    rivals = [one for one in around if np.linalg.norm(one.center_px - crop.center_px) > SAME_FACE * crop.side_px]
    reading = replace(read_portrait(clear, crop, encoded, networks), rivals=tuple(rivals))
    if (reading.face > 0.5).mean() < LEAST_FACE:
        left, top, right, bottom = (round(float(edge)) for edge in face.box_xyxy)
        raise NoFaceError(
            f"{label}: nothing in the box {left},{top},{right - left},{bottom - top} looks like a face; lay --box "
            "x,y,width,height around one, from the brows to the chin, or use another photo"
        )
    return rigged(photo, reading, encoded, networks)


def rigged_photo(photo: Image, crop: CropFrame, encoded: EncodedMotion, networks: Networks) -> Portrait:
    """The face in `crop` of which the encoder's reading is known."""
    return rigged(photo, read_portrait(photo, crop, encoded, networks), encoded, networks, once=True)


def rigged(
    photo: Image, reading: PortraitReading, encoded: EncodedMotion, networks: Networks,
    eyes: tuple[KnownEye, KnownEye] | None = None, still: bool = False, once: bool = False,
) -> Portrait:  # fmt: skip
    """The portrait that was read, as something that can be drawn in another motion.

    eyes: left and right as other frames of a video show them. still: the head will stay, so that no background is
    painted behind it. once: it is drawn a few times only.
    """
    mesh = build_mesh(reading, networks.field)
    eyeballs = {
        feature.kind: read_eyeball(
            photo, feature, reading.eyes_px[side], mesh, reading.gaze_deg[side], None if eyes is None else eyes[side]
        )
        for side, feature in enumerate(reading.features[1:])
    }
    lips_px = reading.crop.to_image(encoded.landmarks[48:60]).astype(np.float32)
    renderer = Renderer(photo, reading, mesh, eyeballs, lips_px, still=still, once=once)
    # the strengths that `Closing` takes away; the photo's own tongue is pixels and cannot be
    own = np.zeros(len(EXPRESSION_NAMES), np.float32)
    own[: len(RIG_NAMES)] = taken_away(reading.expression)
    performed = np.where(own > 0, np.maximum(reading.expression * networks.expression_gain, own), 0).astype(np.float32)
    subject = Subject(mesh.rotation, mesh.origin_cm, reading.gaze_deg, own, performed)
    return Portrait(photo, reading, renderer, subject)


def read_portrait(photo: Image, crop: CropFrame, encoded: EncodedMotion, networks: Networks) -> PortraitReading:
    """Everything that the networks say about one face, in the photo's own coordinates."""
    maps = networks.rig(extract(photo, crop, FACE_PX))
    x, y, scale = placement_in_photo(crop, encoded.placement)
    marks = crop.to_image(encoded.landmarks).astype(np.float32)
    features = tuple(
        _read_feature(photo, kind, centre, np.array(extent, np.float32) * np.float32(crop.side_px), networks)
        for kind, centre, extent in (
            ("mouth", marks[48:60].mean(0), MOUTH_WINDOW),
            ("left_eye", marks[68], EYE_WINDOW),
            ("right_eye", marks[69], EYE_WINDOW),
        )
    )
    wide = crop.scaled(WIDE_PER_CROP)
    return PortraitReading(
        crop=crop,
        angles_deg=encoded.angles_deg,
        origin_px=np.array([x, y], np.float32),
        scale=scale,
        gaze_deg=encoded.gaze_deg,
        eyes_px=marks[68:70],
        canonical=maps["canonical"],
        depth=maps["depth"],
        face=maps["face"],
        features=features,
        matte_crop=wide,
        matte=networks.matte(extract(photo, wide, MATTE_PX)),
        expression=encoded.expression,
    )


def _read_feature(
    photo: Image, kind: str, centre_px: FloatArray, size_px: FloatArray, networks: Networks
) -> FeatureReading:
    rows, columns = MOUTH_PX if kind == "mouth" else EYE_PX
    origin = (centre_px - size_px / 2).astype(np.float32)
    window = _cut_window(photo, origin, size_px, columns, rows)
    if kind == "right_eye":  # the network knows left eyes only
        canonical, region = networks.read_feature(np.ascontiguousarray(window[:, ::-1]), eye=True)
        canonical = np.ascontiguousarray(canonical[:, ::-1]) * np.array([-1, 1, 1], np.float32)
        region = np.ascontiguousarray(region[:, ::-1])
    else:
        canonical, region = networks.read_feature(window, eye=kind != "mouth")
    return FeatureReading(kind, origin, size_px.astype(np.float32), canonical, region)


def _cut_window(photo: Image, origin: FloatArray, size: FloatArray, columns: int, rows: int) -> Image:
    """Resample a window to (rows, columns), antialiased when it shrinks."""
    sx, sy = columns / float(size[0]), rows / float(size[1])
    margin = 8
    x0, y0 = int(np.floor(origin[0])) - margin, int(np.floor(origin[1])) - margin
    x1, y1 = int(np.ceil(origin[0] + size[0])) + margin, int(np.ceil(origin[1] + size[1])) + margin
    height, width = photo.shape[:2]
    # a window beyond the photo's edge still takes a pixel of it, which the border then repeats
    x0, y0 = min(max(0, x0), width - 1), min(max(0, y0), height - 1)
    x1, y1 = max(min(width, x1), x0 + 1), max(min(height, y1), y0 + 1)
    part = photo[y0:y1, x0:x1]
    if min(sx, sy) < 0.9:
        part = cv2.GaussianBlur(part, (0, 0), 0.4 / min(sx, sy))
    left, top = float(origin[0]) - x0, float(origin[1]) - y0
    matrix = np.array([[sx, 0, (0.5 - left) * sx - 0.5], [0, sy, (0.5 - top) * sy - 0.5]])
    window = cv2.warpAffine(part, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(window, np.uint8)
