"""Retarget: the driver's motion, re-expressed for this portrait (DESIGN §2).

Expression is absolute: the code is identity-free, so the first driving frame need not be neutral; only a constant
offset that the encoder gives this driver at rest is taken off. Pose, gaze and what faces differ in at rest (`FEATURES`)
are relative to the photo, anchored on the driver's own rest, never on frame 0. This module does not know pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mimica.animation.motion_field import HeadMotion
from mimica.animation.parts import PARTS, Part, part_of
from mimica.core.camera import rotation_from_angles, rotation_vector, rotations_from_vectors
from mimica.core.lips import lips_gap, part_lips
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, FEATURES, NECK_PIVOT_CM, RIG_NAMES, MotionTrack

FloatArray = NDArray[np.float32]
Mode = Literal["relative", "absolute"]

MAX_TURN_DEG = 38.0
"""The photo has no pixels for what lies further round; turns approach this softly."""
MAX_SHIFT_CM = 3.5
"""The neck follows no further (measured on the prototype: a leaning actor stretched necks)."""
BASELINE_PERCENTILE = 20.0
BASELINE_LIMIT = 0.30
"""Of what a driver shows all the time, so much is the person at most; more is acted, such as a lasting smile."""
FEATURES_LIMIT = 2.0
"""The same for `FEATURES`."""
MET_DEG, MET_SHARE = np.array([12.0, 15.0], np.float32), 0.1
"""Yaw and pitch of gaze and head together within which eyes meet the camera: where eleven actors look into it, readings
lie between −10° and 7° of yaw. So many frames must do so for the eyes' rest to be taken from them."""
FREE_GAZE_DEG, MAX_GAZE_DEG = 20.0, 30.0
"""Eyes turn freely up to the first and no further than the second; irises drawn at 33° begin to hide."""
MAX_STRENGTH = 1.25
OF_FEATURES = np.array([name.startswith(FEATURES) for name in EXPRESSION_NAMES])
"""(52,) which directions are such."""
_BASELINE_LIMITS = np.where(OF_FEATURES, np.float32(FEATURES_LIMIT), np.float32(BASELINE_LIMIT))


@dataclass(frozen=True, slots=True)
class RetargetOptions:
    """How much of the motion is taken over; 0 freezes it, 1 copies it. parts: which of it at all, see `parts`."""

    motion: Mode = "relative"
    expression: float = 1.0
    pose: float = 1.0
    gaze: float = 1.0
    parts: tuple[Part, ...] = PARTS

    def scale(self, part: Literal["pose", "gaze"]) -> float:
        """How much of `part` is taken over."""
        return getattr(self, part) if part in self.parts else 0.0

    @property
    def redraw(self) -> tuple[float, float, float]:
        """Of mouth, left eye, right eye: 0 where the photo's own pixels stay."""
        eyes = float("eyes" in self.parts or "gaze" in self.parts)
        return float("mouth" in self.parts), eyes, eyes


@dataclass(frozen=True, slots=True, eq=False)
class DriverRest:
    """The driver at rest: the values from which relative motion is measured.

    Attributes:
        expression: (52,) the offset that this driver's calm frames show. angles_deg: (3,). position: (2,) px.
        scale: px per cm. gaze_deg: (2, 2).
    """

    expression: FloatArray
    angles_deg: FloatArray
    position: FloatArray
    scale: float
    gaze_deg: FloatArray


def driver_rest(track: MotionTrack) -> DriverRest:
    """Measure the rest of a driver over all frames in which a face was seen.

    The anchor is the median of the calmest third: frames of least expression and least turned head. Eyes rest where
    they meet the camera, if they do at times: an actor may look aside in all that is calm.
    """
    seen = np.flatnonzero(track.confidence > 0)
    rows = seen if len(seen) else np.arange(len(track))
    part = track[rows]
    baseline = np.percentile(part.expression, BASELINE_PERCENTILE, axis=0)
    baseline = np.clip(baseline, -_BASELINE_LIMITS, _BASELINE_LIMITS).astype(np.float32)
    effort = np.abs(part.expression[:, : len(RIG_NAMES)] - baseline[: len(RIG_NAMES)]).sum(1)
    turned = np.abs(part.angles_deg - np.median(part.angles_deg, axis=0)).sum(1)
    restless = effort / max(float(np.median(effort)), 1e-3) + turned / max(float(np.median(turned)), 1.0)
    order = np.argsort(restless, kind="stable")
    calm = part[order[: max(1, len(rows) // 3)]]
    met = order[_meets_the_camera(part)[order]]
    looking = part[met[: max(1, len(met) // 3)]] if len(met) >= MET_SHARE * len(rows) else calm
    return DriverRest(
        baseline,
        np.median(calm.angles_deg, axis=0).astype(np.float32),
        np.median(calm.position, axis=0).astype(np.float32),
        float(np.median(calm.scale)),
        np.median(looking.gaze_deg, axis=0).astype(np.float32),
    )


def _meets_the_camera(track: MotionTrack) -> NDArray[np.bool_]:
    """(T,) whether the actor looks about into the camera, whatever the head does."""
    look = track.gaze_deg.mean(1) + track.angles_deg[:, :2]
    return (np.abs(look) < MET_DEG).all(1)


def driven(parts: Iterable[Part]) -> NDArray[np.bool_]:
    """(52,) whether each of `EXPRESSION_NAMES` is taken over."""
    chosen = frozenset(parts)
    return np.array([part_of(name) in chosen for name in EXPRESSION_NAMES])


def soft_limit(vector: NDArray[np.floating], limit: float) -> NDArray[np.float64]:
    """Shorten a vector smoothly so that its length stays below `limit`; short ones are hardly touched."""
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        return np.asarray(vector, np.float64)
    ratio = length / limit
    return np.asarray(vector, np.float64) / (1 + ratio**4) ** 0.25


def within_the_lids(gaze_deg: NDArray[np.floating], own_deg: NDArray[np.floating]) -> FloatArray:
    """(2, 2) both eyes turned back together, softly, where they would hide in their corners.

    own_deg: (2, 2) the photo's; what is no further than it, or than `FREE_GAZE_DEG`, stays.
    """
    together = gaze_deg.mean(0)
    free = np.maximum(FREE_GAZE_DEG, np.abs(own_deg.mean(0)))
    reach = MAX_GAZE_DEG - FREE_GAZE_DEG
    beyond = np.maximum(np.abs(together) - free, 0)
    back = np.sign(together) * (beyond - reach * np.tanh(beyond / reach))
    return np.asarray(gaze_deg - back, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What retargeting needs to know of the portrait: rotation (3, 3), origin_cm (3,), gaze_deg (2, 2).

    expression: (52,) the photo's own, as it is taken away where the driver's comes. performed: (52,) the same with the
    strength that it would have in a performance.
    """

    rotation: NDArray[np.float64]
    origin_cm: NDArray[np.float64]
    gaze_deg: FloatArray
    expression: FloatArray = field(default_factory=lambda: np.zeros(len(EXPRESSION_NAMES), np.float32))
    performed: FloatArray = field(default_factory=lambda: np.zeros(len(EXPRESSION_NAMES), np.float32))


def carried_by_neck(start: NDArray[np.floating], now: NDArray[np.floating]) -> NDArray[np.float64]:
    """(3,) cm by which the neck moves the head's origin when the head turns from `start` to `now`, each (3, 3)."""
    return (start - now) @ NECK_PIVOT_CM


def leave_shared(expression: FloatArray, subject: Subject) -> FloatArray:
    """(52,) `expression` less what would be added twice: what driver and photo share, the photo shows already.

    The photo's own expression is taken away without the gain of a performance, so an actor who does what the photo does
    would otherwise change it.
    """
    own, performed = np.maximum(subject.expression, 0), np.maximum(subject.performed, 0)
    shared = np.minimum(expression, performed) / np.maximum(np.maximum(expression, performed), 1e-6)
    return (expression - np.maximum(shared, 0) * np.maximum(performed - own, 0)).astype(np.float32)


def retarget(
    track: MotionTrack, index: int, rest: DriverRest, subject: Subject, options: RetargetOptions
) -> HeadMotion:
    """The head motion of frame `index` for this portrait."""
    own = rest.expression if options.motion == "relative" else np.where(OF_FEATURES, rest.expression, 0)
    expression = (track.expression[index] - own).astype(np.float32)
    expression = leave_shared(np.clip(expression * options.expression, 0, MAX_STRENGTH), subject)
    # mouthClose closes lips over an open jaw; alone it would push one lip through the other
    close, jaw = EXPRESSION_INDEX["mouthClose"], EXPRESSION_INDEX["jawOpen"]
    expression[close] = min(expression[close], expression[jaw])
    if options.motion == "relative":  # the rest was taken off each direction, but lips must part as they did
        expression = part_lips(expression, float(lips_gap(track.expression[index])) * options.expression)
    side, up = EXPRESSION_INDEX["tongueSide"], EXPRESSION_INDEX["tongueUp"]
    expression[side] = np.clip(track.expression[index, side] * options.expression, -1, 1)
    expression[up] = np.clip(track.expression[index, up] * options.expression, -1, 1)

    neutralise = min(1.0, abs(options.expression))
    kept = ~driven(options.parts)
    expression[kept] = subject.expression[kept] * neutralise
    pose, look = options.scale("pose"), options.scale("gaze")

    now = rotation_from_angles(*map(float, track.angles_deg[index]))
    start = rotation_from_angles(*map(float, rest.angles_deg))
    whole = now @ start.T if options.motion == "relative" else now @ subject.rotation.T
    rotation = rotations_from_vectors(soft_limit(rotation_vector(whole) * pose, np.radians(MAX_TURN_DEG)))

    across_px = (track.position[index] - rest.position) / rest.scale
    closer = float(rest.scale / max(float(track.scale[index]), 1e-6)) - 1  # relative change of distance
    moved = np.array([across_px[0], -across_px[1], subject.origin_cm[2] * closer], np.float64)
    shift_cm = soft_limit((moved - carried_by_neck(start, now)) * pose, MAX_SHIFT_CM)

    if options.motion == "relative":
        gaze = subject.gaze_deg + look * (track.gaze_deg[index] - rest.gaze_deg)
    else:
        gaze = subject.gaze_deg + look * (track.gaze_deg[index] - subject.gaze_deg)
    return HeadMotion(
        expression[: len(RIG_NAMES)].astype(np.float32), expression[len(RIG_NAMES) :].astype(np.float32), rotation,
        shift_cm, within_the_lids(gaze, subject.gaze_deg), neutralise=neutralise,
        redraw=options.redraw,
    )  # fmt: skip
