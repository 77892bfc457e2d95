"""Short clips of motion: smooth expressions, speech, blinks, saccades and a drifting head.

Trajectories are functions of time in seconds, so the same seed gives the same motion at any frame rate.
This module does not know portraits.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.motions import ExpressionSampler, MotionConfig, sample_performance
from mimica.synthesis.posing import Performance

FloatArray = NDArray[np.floating]

BLINK_S = 0.28
"""Length of a blink: closing takes a third of it (VanderWerf et al. 2003)."""

SACCADE_S = 0.05
SYLLABLE_RATE_HZ = 4.5


def sample_clip(
    sampler: ExpressionSampler,
    rng: np.random.Generator,
    frames: int,
    rate: Fraction = Fraction(25),
    config: MotionConfig | None = None,
) -> list[Performance]:
    """`frames` consecutive performances at `rate` frames a second, band-limited as faces are."""
    time = np.array([float(Fraction(frame) / rate) for frame in range(frames)])
    length = float(time[-1]) + 1.0
    holds = np.cumsum(np.r_[0.0, rng.uniform(0.5, 1.4, int(length / 0.5) + 3)])
    keys = [sample_performance(sampler, rng, config)[0] for _ in holds]
    expression = hold_and_glide(time, holds, np.stack([key.expression for key in keys]))
    tongue = hold_and_glide(time, holds, np.stack([key.tongue for key in keys]))
    angles = drift(time, np.stack([key.angles_deg for key in keys]), holds) + _sway(time, rng, (1.2, 0.8, 0.6))
    shift = drift(time, np.stack([key.shift_cm for key in keys]), holds) + _sway(time, rng, (0.08, 0.06, 0.15))
    gaze = saccades(time, rng, np.stack([key.gaze_rad for key in keys]))
    if rng.random() < 0.6:
        _speak(sampler, time, rng, expression)
    closed = blinks(time, rng)
    for side in "LR":
        if f"eyeBlink_{side}" in sampler.names:
            row = sampler.names.index(f"eyeBlink_{side}")
            expression[:, row] = np.maximum(expression[:, row], closed)
    clip = []
    for frame in range(frames):
        weights = expression[frame].astype(np.float32)
        sampler.follow_gaze(weights, float(gaze[frame, 0, 1]))
        clip.append(
            Performance(
                weights, angles[frame], shift[frame].astype(np.float32), gaze[frame], tongue[frame].astype(np.float32)
            )
        )
    return clip


def _ease(share: FloatArray) -> FloatArray:
    """Minimum-jerk step 10t³ − 15t⁴ + 6t⁵ (Flash & Hogan 1985): what hands and faces do between two places."""
    t = np.clip(share, 0, 1)
    return t**3 * (10 - 15 * t + 6 * t**2)


def hold_and_glide(time: FloatArray, starts: FloatArray, values: FloatArray, glide_s: float = 0.35) -> FloatArray:
    """(T, …) values (N, …) held from each start on, reached in `glide_s`."""
    out = np.repeat(values[:1].astype(np.float64), len(time), 0)
    for start, before, after in zip(starts[1:], values[:-1], values[1:], strict=True):
        share = _ease((time - start) / glide_s).reshape(-1, *(1,) * (values.ndim - 1))
        out += share * (after - before)
    return out


def drift(time: FloatArray, values: FloatArray, starts: FloatArray) -> FloatArray:
    """(T, …) slower glides, taking the whole time between starts."""
    out = np.repeat(values[:1].astype(np.float64), len(time), 0)
    for k in range(len(starts) - 1):
        share = _ease((time - starts[k]) / (starts[k + 1] - starts[k]))
        out += share.reshape(-1, *(1,) * (values.ndim - 1)) * (values[k + 1] - values[k])
    return out


def _sway(time: FloatArray, rng: np.random.Generator, amplitude: tuple[float, ...]) -> FloatArray:
    """(T, N) small incommensurate sines below 1.5 Hz: nobody holds still."""
    rates, phases = rng.uniform(0.2, 1.5, (3, len(amplitude))), rng.uniform(0, 2 * np.pi, (3, len(amplitude)))
    waves = np.sin(2 * np.pi * rates * time[:, None, None] + phases)
    return waves.mean(1) * np.array(amplitude)


def blinks(time: FloatArray, rng: np.random.Generator, per_minute: float = 17.0) -> FloatArray:
    """(T,) 0..1 lid closure; blinks come at random intervals, close fast and open slower."""
    closed, start = np.zeros(len(time)), rng.exponential(60 / per_minute)
    while start < time[-1]:
        since = (time - start) / BLINK_S
        closed = np.maximum(
            closed, np.where(since < 1 / 3, _ease(since * 3), 1 - _ease((since - 0.4) / 0.6)) * (since > 0)
        )
        start += 0.4 + rng.exponential(60 / per_minute)
    return closed


def saccades(time: FloatArray, rng: np.random.Generator, targets: FloatArray) -> FloatArray:
    """(T, 2, 2) gaze that jumps from fixation to fixation."""
    starts = np.cumsum(np.r_[0.0, rng.uniform(0.25, 1.6, len(targets) - 1)])
    return hold_and_glide(time, starts, targets, SACCADE_S)


def _speak(sampler: ExpressionSampler, time: FloatArray, rng: np.random.Generator, expression: FloatArray) -> None:
    """Add a stream of syllables to (T, K) in place: jaw and lips open and round in turn, with pauses."""
    beats = np.cumsum(rng.uniform(0.7, 1.4, int(time[-1] * SYLLABLE_RATE_HZ) + 4)) / SYLLABLE_RATE_HZ
    silent = rng.random(len(beats)) < 0.2
    shapes = (
        ("jawOpen", 0.1, 0.45),
        ("mouthFunnel", 0, 0.5),
        ("mouthStretch", 0, 0.4),
        ("mouthLowerDown", 0, 0.4),
        ("mouthUpperUp", 0, 0.25),
        ("mouthPress", 0, 0.4),
    )
    for name, low, high in shapes:
        strength = (
            rng.uniform(low, high, len(beats)) * ~silent * (1.0 if name == "jawOpen" else rng.random(len(beats)) < 0.5)
        )
        curve = np.zeros(len(time))
        for beat, value in zip(beats, strength, strict=True):
            curve += value * np.exp(-0.5 * ((time - beat) * SYLLABLE_RATE_HZ / 0.35) ** 2)
        for target in (name, f"{name}_L", f"{name}_R"):
            if target in sampler.names:
                row = sampler.names.index(target)
                expression[:, row] = np.clip(np.maximum(expression[:, row], 0) * 0.7 + curve, 0, 1.15)
