"""The face of another photo, read to be taken over: its expression, and its pose and gaze where they are wanted too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.animation.fill import smooth_step
from mimica.animation.networks import ENCODER_PX, Networks
from mimica.animation.prepare import aligned_crop
from mimica.core.motion import EXPRESSION_NAMES
from mimica.errors import NoFaceError
from mimica.faces.alignment import extract, face_crop

FloatArray = NDArray[np.float32]

DOUBTFUL = (0.05, 0.2)
"""Strengths below the first are none, above the second they are believed: one picture has no rest to compare with."""

_TYPICAL_STRENGTHS = {
    "browInnerUp": 0.84, "browOuterUp": 0.55, "cheekSquint": 0.98, "eyeLookUp": 0.72, "eyeSquint": 0.38,
    "eyeWide": 0.41, "mouthStretch": 0.57,
}  # fmt: skip
TYPICAL: FloatArray = np.array(
    [_TYPICAL_STRENGTHS.get(name.split("_")[0], 0.0) for name in EXPRESSION_NAMES], np.float32
)
"""(52,) what the shipped encoder reads from calm faces, of `core.motion.FEATURES`: medians of 70 portraits."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherFace:
    """What is taken over; `None` leaves that part as it is.

    Attributes:
        expression: (52,) strengths, order of `core.motion.EXPRESSION_NAMES`. angles_deg: (3,) yaw, pitch, roll.
        gaze_deg: (2, 2) yaw and pitch of the left and the right eye.
    """

    expression: FloatArray | None = None
    angles_deg: FloatArray | None = None
    gaze_deg: FloatArray | None = None

    @property
    def is_nothing(self) -> bool:
        return self.expression is None and self.angles_deg is None and self.gaze_deg is None


def read_other_face(
    image: NDArray[np.uint8], networks: Networks, label: str = "the other photo", *, pose: bool = False,
    gaze: bool = False,
) -> OtherFace:  # fmt: skip
    """Read the largest face of `image` (H, W, 3) uint8 RGB, as the frames of a driver are read.

    Raises:
        NoFaceError: there is none.
    """
    faces = networks.finder.find(image)
    if not faces:
        raise NoFaceError(f"{label}: no face was found; use a photo where the face is larger, upright and uncovered")
    largest = max(faces, key=lambda face: face.area_px)
    crop = aligned_crop(image, face_crop(largest), networks)
    read = networks.encode(extract(image, crop, ENCODER_PX))
    expression = networks.strengths(read) - TYPICAL
    expression *= smooth_step(np.abs(expression), *DOUBTFUL)
    return OtherFace(
        expression.astype(np.float32),
        read.angles_deg if pose else None,
        (read.gaze_deg * networks.gaze_gain).astype(np.float32) if gaze else None,
    )
