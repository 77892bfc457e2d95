"""What rendered people perform in the *truth* suite: written scripts, and random clips from seeds.

Three scripts hold every difficult expression at full strength, held long enough to be judged: `mouth` (tongue out,
puffed cheeks, pout, rolled lips, speech), `face` (smirk, wink, snarl, brows, smile, blink) and `head` (turns to ±30°,
nods, leans, gaze from side to side, blinks, speech). All begin at rest: in the photo's own head pose and gaze, without
expression, as a system that anchors on the first frame needs it. Poses are relative to the photo's, so one script fits
every portrait. This module does not render.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mimica.core.camera import angles_from_rotation, rotation_from_angles
from mimica.synthesis.acting import blink, speak, strengths
from mimica.synthesis.clips import hold_and_glide, sample_clip
from mimica.synthesis.motions import ExpressionSampler, MotionConfig
from mimica.synthesis.posing import Performance

FloatArray = NDArray[np.float64]

RATE = Fraction(25)
GLIDE_S, TURN_S, GAZE_S, HOLD_S = 0.24, 0.5, 0.08, 0.6
"""Seconds that an expression, a turn and a saccade take; and that an expression stays before it is taken back."""


@dataclass(frozen=True, slots=True)
class Beat:
    """From `start_s` on: expression strengths (a bare name sets both sides), head turn (yaw, pitch, roll) in degrees
    from the photo's pose, gaze (yaw right, pitch up) in radians. group: the difficult expression it performs.

    Difficult expressions are held without turning the head, so that what `shown` sees is the expression alone.
    """

    start_s: float
    strengths: dict[str, float]
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze_rad: tuple[float, float] = (0.0, 0.0)
    group: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A written performance of `length_s` seconds."""

    name: str
    length_s: float
    beats: tuple[Beat, ...]
    blinks_s: tuple[float, ...] = ()
    speech_s: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A performance for any portrait: T `performances` whose `angles_deg` are turns from the photo's own pose.

    held: (frame, group, names) of full difficult expressions, `names` the rig's directions (and "tongueOut") that
    make them, an opened jaw included.
    """

    performances: list[Performance]
    held: tuple[tuple[int, str, tuple[str, ...]], ...] = ()


MOUTH = Script(
    "mouth", 4.6,
    (
        Beat(0.0, {}),
        Beat(0.3, {"jawOpen": 0.45, "mouthLowerDown": 0.3, "tongueOut": 1.0}, group="tongue_out"),
        Beat(1.0, {}),
        Beat(1.2, {"cheekPuff": 1.0}, group="cheek_puff"),
        Beat(1.85, {}),
        Beat(2.05, {"mouthPucker": 1.0, "mouthFunnel": 0.35}, group="pout"),
        Beat(2.7, {}),
        Beat(2.9, {"mouthRollLower": 1.0, "mouthRollUpper": 1.0}, group="lip_roll"),
        Beat(3.5, {}),
    ),
    blinks_s=(2.8,), speech_s=(3.6, 4.5),
)  # fmt: skip
FACE = Script(
    "face", 4.6,
    (
        Beat(0.0, {}),
        Beat(0.3, {"mouthSmile_L": 1.0, "cheekSquint_L": 0.6, "mouthLeft": 0.3}, group="smirk"),
        Beat(0.95, {}),
        Beat(1.15, {"eyeBlink_R": 1.0, "cheekSquint_R": 0.6}, group="wink"),
        Beat(1.8, {}),
        Beat(2.0, {"noseSneer": 1.0, "mouthUpperUp": 0.6, "browDown": 0.5}, group="snarl"),
        Beat(2.65, {}),
        Beat(2.85, {"browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 0.7}),
        Beat(3.45, {}),
        Beat(3.6, {"mouthSmile": 1.0, "cheekSquint": 0.5, "mouthUpperUp": 0.3, "jawOpen": 0.12}, (-2, 0, 0)),
        Beat(4.3, {}),
    ),
    blinks_s=(2.75, 4.35),
)  # fmt: skip
HEAD = Script(
    "head", 5.2,
    (
        Beat(0.0, {}),
        Beat(0.2, {}, (30, 0, 0)),
        Beat(0.9, {}, (-30, 0, 0)),
        Beat(1.9, {}, (0, 12, 0)),
        Beat(2.45, {}, (0, -12, 0)),
        Beat(3.0, {}, (0, 0, 12)),
        Beat(3.5, {}, (0, 0, 0), (0.45, 0.0)),
        Beat(3.8, {}, (0, 0, 0), (-0.45, 0.0)),
        Beat(4.1, {}, (0, 0, 0), (0.0, 0.25)),
        Beat(4.4, {}, (0, 0, 0), (0.0, -0.25)),
        Beat(4.7, {}, (0, 0, 0), (0.0, 0.0)),
    ),
    blinks_s=(0.75, 3.45, 4.95), speech_s=(1.9, 3.3),
)  # fmt: skip
SCRIPTS: dict[str, Script] = {script.name: script for script in (MOUTH, FACE, HEAD)}
"""The written performances by name."""


def perform(script: Script, names: tuple[str, ...]) -> Part:
    """The script for a rig with the expression directions `names`."""
    count = int(script.length_s * RATE)
    time = np.array([float(frame / RATE) for frame in range(count)])
    starts = np.array([beat.start_s for beat in script.beats])
    rows = np.stack([strengths(beat.strengths, names) for beat in script.beats])
    expression = hold_and_glide(time, starts, rows, GLIDE_S).astype(np.float64)
    tongue = hold_and_glide(time, starts, np.array([[beat.strengths.get("tongueOut", 0.0), 0, 0]
                                                    for beat in script.beats]), GLIDE_S)  # fmt: skip
    turn = hold_and_glide(time, starts, np.array([beat.turn_deg for beat in script.beats], np.float64), TURN_S)
    gaze = hold_and_glide(time, starts, np.array([beat.gaze_rad for beat in script.beats], np.float64), GAZE_S)
    speak(expression, time, names, script.speech_s)
    blink(expression, time, names, script.blinks_s)
    performances = [
        Performance(weights.astype(np.float32), head, np.zeros(3, np.float32), np.stack([look] * 2), out)
        for weights, head, look, out in zip(expression, turn, gaze, tongue, strict=True)
    ]
    held = []
    for beat in script.beats:
        if beat.group:
            full = tuple(
                name
                for row in beat.strengths
                for name in (row, f"{row}_L", f"{row}_R")
                if name in (*names, "tongueOut")
            )
            held += [(int((beat.start_s + late) * RATE), beat.group, full) for late in (GLIDE_S + 0.08, HOLD_S - 0.04)]
    return Part(performances, tuple(held))


def improvise(names: tuple[str, ...], seed: int, frames: int) -> Part:
    """A random clip that begins at rest: every expression, turns, gaze, blinks and speech, from `seed`."""
    config = MotionConfig(angle_sigma_deg=(12.0, 6.0, 5.0), angle_limit_deg=(30.0, 15.0, 12.0))
    sampler, rng = ExpressionSampler(names), np.random.default_rng(seed)
    clip = sample_clip(sampler, rng, frames, RATE, config)
    first = clip[0]
    performances = []
    for index, moment in enumerate(clip):
        share = float(np.clip(index / 6, 0, 1))
        performances.append(
            Performance(
                (share * moment.expression).astype(np.float32),
                np.clip(moment.angles_deg - first.angles_deg, -30, 30),
                moment.shift_cm - first.shift_cm,
                np.clip(moment.gaze_rad - first.gaze_rad, -0.5, 0.5),
                (share * moment.tongue).astype(np.float32),
            )
        )
    return Part(performances)


def without(performance: Performance, group: tuple[str, ...], names: tuple[str, ...]) -> Performance:
    """The same moment with the directions of `group` at 0."""
    weights = performance.expression.copy()
    weights[[names.index(name) for name in group if name in names]] = 0
    tongue = performance.tongue * (0.0 if "tongueOut" in group else 1.0)
    return Performance(weights, performance.angles_deg, performance.shift_cm, performance.gaze_rad, tongue)


def turned(performance: Performance, rotation: NDArray[np.floating]) -> Performance:
    """The same moment for a portrait whose head is `rotation` (3, 3) in its photo: the turn made absolute."""
    turn = rotation_from_angles(*(float(angle) for angle in performance.angles_deg))
    angles = np.array(angles_from_rotation(turn @ np.asarray(rotation, np.float64)))
    return Performance(performance.expression, angles, performance.shift_cm, performance.gaze_rad, performance.tongue)
