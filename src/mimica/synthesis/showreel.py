"""The showreel: a choreographed performance that shows every kind of motion once, played by a rendered actor.

It is the driving clip of the demo: smile, speech, blink, wink, pout, tongue, brows, puffed cheeks, glances, turns of
the head. This module does not know files.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.acting import blink, speak, strengths
from mimica.synthesis.clips import hold_and_glide
from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Performance, pose
from mimica.synthesis.scene import Viewport, render

RATE = Fraction(25)
Beat = tuple[float, dict[str, float], tuple[float, float, float], tuple[float, float]]

BEATS: tuple[Beat, ...] = (
    # start s, strengths (a bare name sets both sides), (yaw, pitch, roll) deg, gaze (yaw right, pitch up) rad
    (0.0, {}, (0, 0, 0), (0, 0)),
    (0.5, {"mouthSmile": 0.9, "cheekSquint": 0.6, "mouthUpperUp": 0.3, "jawOpen": 0.12}, (3, -2, 2), (0, 0)),
    (1.5, {"mouthSmile": 0.15}, (-4, 0, 0), (0, 0)),
    (3.6, {"browInnerUp": 0.9, "browOuterUp": 0.9, "eyeWide": 0.7, "jawOpen": 0.45}, (0, -4, 0), (0, 0)),
    (4.4, {"mouthPucker": 1.0, "mouthFunnel": 0.2}, (5, 2, 3), (0, 0)),
    (5.1, {"eyeBlink_L": 1.0, "cheekSquint_L": 0.7, "mouthSmile_L": 0.7}, (0, 0, -4), (0, 0)),
    (5.9, {"jawOpen": 0.45, "mouthLowerDown": 0.3, "tongueOut": 1.0}, (0, 2, 0), (0, 0)),
    (6.8, {"cheekPuff": 1.0, "mouthPucker": 0.15}, (0, 0, 0), (0, 0)),
    (7.5, {"browDown": 0.9, "noseSneer": 0.6, "mouthFrown": 0.6}, (0, 3, 0), (0, 0)),
    (8.2, {"mouthSmile": 0.2}, (18, 0, 2), (0.3, 0)),
    (9.0, {"mouthSmile": 0.2}, (-18, 0, -2), (-0.3, 0)),
    (9.8, {"mouthSmile": 0.3}, (0, 9, 0), (0, -0.12)),
    (10.4, {"mouthSmile": 0.6, "cheekSquint": 0.3}, (0, 0, 0), (0, 0)),
)
SPEECH_S = (1.6, 3.4)
BLINKS_S = (0.3, 2.4, 4.2, 8.6, 10.2)
LENGTH_S = 11.2


def showreel(names: tuple[str, ...], rate: Fraction = RATE) -> Iterator[Performance]:
    """The performance, one value a frame; `names` are the rig's expressions."""
    count = int(LENGTH_S * rate)
    time = np.array([float(Fraction(frame) / rate) for frame in range(count)])
    starts = np.array([beat[0] for beat in BEATS])
    rows = np.stack([strengths(beat[1], names) for beat in BEATS])
    expression = hold_and_glide(time, starts, rows, 0.3)
    tongue = hold_and_glide(time, starts, np.array([[beat[1].get("tongueOut", 0.0), 0, 0] for beat in BEATS]), 0.3)
    angles = hold_and_glide(time, starts, np.array([beat[2] for beat in BEATS], np.float64), 0.55)
    angles += np.stack([np.sin(1.3 * time), 0.8 * np.sin(0.9 * time + 1), 0.6 * np.sin(0.7 * time)], 1)
    gaze = hold_and_glide(time, starts, np.array([beat[3] for beat in BEATS], np.float64), 0.08)
    speak(expression, time, names, SPEECH_S)
    blink(expression, time, names, BLINKS_S)
    for frame in range(count):
        yield Performance(
            expression[frame].astype(np.float32),
            angles[frame],
            gaze_rad=np.stack([gaze[frame]] * 2),
            tongue=tongue[frame],
        )


def render_showreel(portrait: Portrait, size: int, viewport: Viewport | None = None) -> Iterator[NDArray[np.uint8]]:
    """Frames (size, size, 3) uint8 RGB of the portrait performing the showreel at `RATE`."""
    for performance in showreel(tuple(portrait.atlas.rig.names)):
        yield render(portrait, pose(portrait, performance), viewport, size, truth=False).image
