"""What to perform: random expressions, gazes and head poses (``clips`` makes them move).

Single motions cover what others fail at (tongue, puffed cheeks, pout, rolled lips, winks, snarls); they come with
gaze, head pose and framing. Everything is a pure function of the random generator passed in. This module
does not know any portrait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.posing import Performance

FloatArray = NDArray[np.float32]

_LID_FOLLOWS_RAD = 0.35
_CALM_SHARE = 0.08
"""Faces that do nothing: what nothing looks like must be learned too."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a crop misses its face: shift as a share of the crop's side, and zoom factor."""

    dx: float = 0.0
    dy: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """Spreads of sampled motion.

    Attributes:
        angle_sigma_deg, angle_limit_deg: normal spread and cut of the head's yaw, pitch, roll.
        still_share: how many hold their head all but straight.
        shift_sigma_cm: spread of the head's movement (x, y, z).
        gaze_share: how many look elsewhere; gaze_sigma_rad, gaze_limit_rad: spread and cut of yaw, pitch.
        crossed_share: how many of those squint towards the nose.
        mouth_share, lids_share: how often a rarer expression of mouth, of lids and brows, comes on top.
        framing_sigma, zoom_sigma: spread of the crop's shift (share of its side) and of its log size.
    """

    angle_sigma_deg: tuple[float, float, float] = (16.0, 9.0, 8.0)
    angle_limit_deg: tuple[float, float, float] = (34.0, 23.0, 20.0)
    still_share: float = 0.15
    shift_sigma_cm: tuple[float, float, float] = (0.5, 0.35, 1.0)
    gaze_share: float = 0.8
    gaze_sigma_rad: tuple[float, float] = (0.28, 0.16)
    gaze_limit_rad: tuple[float, float] = (0.6, 0.4)
    crossed_share: float = 0.05
    mouth_share: float = 0.45
    lids_share: float = 0.35
    framing_sigma: float = 0.05
    zoom_sigma: float = 0.10


BROAD = MotionConfig(
    angle_sigma_deg=(18.0, 11.0, 12.0),
    angle_limit_deg=(40.0, 25.0, 30.0),
    shift_sigma_cm=(0.5, 0.35, 1.5),
    gaze_sigma_rad=(0.36, 0.22),
    gaze_limit_rad=(0.75, 0.5),
    mouth_share=0.7,
    lids_share=0.45,
)
"""What a MotionEncoder must be able to read: more than people mostly do, and no direction rare."""


class ExpressionSampler:
    """Samples rig coefficients; knows the rig's names only."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._rows = {name: row for row, name in enumerate(names)}
        unused = ("Pupil", "eyeLook", "cheekRaiser")
        self._paired = [n[:-2] for n in names if n.endswith("_L") and not n.startswith(unused)]
        # mouthClose only undoes an open jaw (`_closed_jaw`): alone it pushes one lip through the other
        self._single = [n for n in names if not n.endswith(("_L", "_R")) and n != "mouthClose"]
        self._mouth_rows = [row for row, name in enumerate(names) if name.startswith(("mouth", "jaw", "cheekPuff"))]

    def raise_to(self, weights: FloatArray, name: str, value: float, side: str | None = None) -> None:
        """Lift an expression to at least `value`, on one side ("L", "R") or wherever it exists."""
        targets = [name] if name in self._rows else [f"{name}_{s}" for s in "LR" if side in (None, s)]
        for target in targets:
            if target in self._rows:
                weights[self._rows[target]] = max(weights[self._rows[target]], value)

    def sample(
        self, rng: np.random.Generator, mouth_share: float = 0.45, lids_share: float = 0.35
    ) -> tuple[FloatArray, FloatArray]:
        """(K,) coefficients and (3,) tongue of one random expression; the shares are as in `MotionConfig`."""
        weights, tongue = np.zeros(len(self.names), np.float32), np.zeros(3, np.float32)
        if rng.random() < _CALM_SHARE:
            return weights, tongue
        if rng.random() < 0.42:
            self._mixture(rng, weights)
        else:
            name = list(_EXPRESSIONS)[rng.integers(len(_EXPRESSIONS))]
            _EXPRESSIONS[name](self, rng, weights, tongue)
            if rng.random() < 0.3:
                self.raise_to(
                    weights, ("browInnerUp", "browOuterUp", "browDown")[rng.integers(3)], rng.uniform(0.2, 0.9)
                )
        if rng.random() < mouth_share:  # instead of part of what the mouth did, or faces tear
            weights[self._mouth_rows] *= rng.uniform(0, 1)
            tongue[:] = 0
            _RARE_MOUTHS[rng.integers(len(_RARE_MOUTHS))](self, rng, weights, tongue)
        if rng.random() < lids_share:
            _RARE_LIDS[rng.integers(len(_RARE_LIDS))](self, rng, weights, tongue)
        if rng.random() < 0.12:
            self.raise_to(weights, "eyeBlink", rng.uniform(0.2, 1.0))
        return weights, tongue

    def _mixture(self, rng: np.random.Generator, weights: FloatArray) -> None:
        choices = [*self._paired, *self._single]
        for pick in rng.choice(len(choices), min(len(choices), int(rng.integers(1, 5))), replace=False):
            one_sided = pick < len(self._paired) and rng.random() < 0.25
            side = ("L" if rng.random() < 0.5 else "R") if one_sided else None
            self.raise_to(weights, choices[pick], rng.uniform(0.2, 1.0), side)

    def follow_gaze(self, weights: FloatArray, pitch_rad: float) -> None:
        """Lids follow the gaze up and down, in place."""
        for name in ("eyeLookDown", "eyeLookUp"):
            for side in "LR":
                if f"{name}_{side}" in self._rows:
                    weights[self._rows[f"{name}_{side}"]] = 0
        self.raise_to(
            weights, "eyeLookDown" if pitch_rad < 0 else "eyeLookUp", min(1.0, abs(pitch_rad) / _LID_FOLLOWS_RAD)
        )


def sample_performance(
    sampler: ExpressionSampler, rng: np.random.Generator, config: MotionConfig | None = None
) -> tuple[Performance, Framing]:
    """One random motion and the framing it is seen in."""
    config = config or MotionConfig()
    expression, tongue = sampler.sample(rng, config.mouth_share, config.lids_share)
    gaze = np.zeros((2, 2), np.float32)
    if rng.random() < config.gaze_share:
        reach = np.array(config.gaze_limit_rad)
        gaze[:] = np.clip(rng.normal(0, config.gaze_sigma_rad), -reach, reach)
        if rng.random() < config.crossed_share:
            gaze[:, 0] += np.array([-1, 1]) * rng.uniform(0.1, 0.35)  # both towards the nose
    sampler.follow_gaze(expression, float(gaze[0, 1]))
    limit = np.array(config.angle_limit_deg)
    angles = np.clip(rng.normal(0, config.angle_sigma_deg), -limit, limit)
    angles *= 0.1 if rng.random() < config.still_share else 1.0
    shift = rng.normal(0, config.shift_sigma_cm).astype(np.float32)
    dx, dy = np.clip(rng.normal(0, config.framing_sigma, 2), -0.12, 0.12)
    framing = Framing(float(dx), float(dy), float(np.exp(rng.normal(0, config.zoom_sigma))))
    return Performance(expression, angles, shift, gaze, tongue), framing


_Recipe = Callable[[ExpressionSampler, np.random.Generator, FloatArray, FloatArray], None]


def _recipe(*parts: tuple[str, float, float], one_sided: float = 0.0) -> _Recipe:
    """An expression whose named directions are drawn uniformly, on one side with the given probability."""

    def perform(sampler: ExpressionSampler, rng: np.random.Generator, weights: FloatArray, tongue: FloatArray) -> None:
        side = ("L" if rng.random() < 0.5 else "R") if rng.random() < one_sided else None
        for name, low, high in parts:
            sampler.raise_to(weights, name, rng.uniform(low, high), side)

    return perform


def _tongue_out(sampler: ExpressionSampler, rng: np.random.Generator, weights: FloatArray, tongue: FloatArray) -> None:
    sampler.raise_to(weights, "jawOpen", rng.uniform(0.25, 0.7))
    sampler.raise_to(weights, "mouthLowerDown", rng.uniform(0.2, 0.4))
    tongue[:] = rng.uniform(0.4, 1.1), rng.uniform(-0.9, 0.9), rng.uniform(-0.4, 0.7)


def _sideways(first: str, second: str) -> _Recipe:
    """Mouth or jaw to one side, the other more or less along."""
    return _recipe((first, 0.4, 1.1), (second, 0.0, 0.8))


def _closed_jaw(sampler: ExpressionSampler, rng: np.random.Generator, weights: FloatArray, tongue: FloatArray) -> None:
    jaw = rng.uniform(0.3, 0.8)
    for name in ("jawOpen", "mouthClose"):
        sampler.raise_to(weights, name, jaw)
    if "mouthClose" in sampler.names:
        weights[sampler.names.index("mouthClose")] = weights[sampler.names.index("jawOpen")] * rng.uniform(0.8, 1.0)


def _smirk(sampler: ExpressionSampler, rng: np.random.Generator, weights: FloatArray, tongue: FloatArray) -> None:
    side, strength = "LR"[rng.integers(2)], rng.uniform(0.5, 1.15)
    sampler.raise_to(weights, "mouthSmile", strength, side)
    sampler.raise_to(weights, "cheekSquint", 0.6 * strength, side)
    sampler.raise_to(weights, "mouthLeft" if side == "L" else "mouthRight", rng.uniform(0, 0.6))


_EXPRESSIONS: dict[str, _Recipe] = {
    "neutral": _recipe(),
    "jaw": _recipe(("jawOpen", 0.45, 1.05)),
    "yawn": _recipe(("jawOpen", 0.8, 1.1), ("eyeSquint", 0.3, 1.0), ("mouthStretch", 0.0, 0.4), ("eyeBlink", 0.2, 0.9)),
    "pucker": _recipe(("mouthPucker", 0.5, 1.15), ("mouthFunnel", 0, 0.4)),
    "smile": _recipe(("mouthSmile", 0.5, 1.15), ("cheekSquint", 0.3, 0.7), ("mouthDimple", 0, 0.4)),
    "big_smile": _recipe(
        ("mouthSmile", 0.5, 1.15),
        ("mouthUpperUp", 0.3, 0.7),
        ("jawOpen", 0.1, 0.35),
        ("cheekSquint", 0.3, 0.8),
        ("eyeSquint", 0, 0.7),
    ),
    "frown": _recipe(("mouthFrown", 0.5, 1.15), ("mouthShrugLower", 0, 0.6), ("browInnerUp", 0, 0.8)),
    "puff": _recipe(("cheekPuff", 0.5, 1.2), ("mouthPucker", 0, 0.3), one_sided=0.5),
    "smirk": _smirk,
    "wink": _recipe(("eyeBlink", 0.5, 1.0), ("cheekSquint", 0.4, 0.7), ("mouthSmile", 0, 0.6), one_sided=1.0),
    "blink": _recipe(("eyeBlink", 0.5, 1.0)),
    "brows": _recipe(("browInnerUp", 0.5, 1.15), ("browOuterUp", 0.5, 1.15), ("eyeWide", 0, 0.9), ("jawOpen", 0, 0.5)),
    "angry": _recipe(("browDown", 0.5, 1.15), ("noseSneer", 0, 0.7), ("mouthPress", 0, 0.7), ("eyeSquint", 0, 0.6)),
    "roll": _recipe(("mouthRollLower", 0.45, 1.05), ("mouthRollUpper", 0.45, 1.05)),
    "tongue": _tongue_out,
    "disgust": _recipe(("noseSneer", 0.5, 1.15), ("mouthUpperUp", 0.35, 0.8), ("browDown", 0.25, 0.6)),
    "ah": _recipe(("jawOpen", 0.3, 0.7), ("mouthLowerDown", 0, 0.4)),
    "oo": _recipe(("jawOpen", 0.1, 0.35), ("mouthFunnel", 0.4, 0.9), ("mouthPucker", 0, 0.5)),
    "ee": _recipe(
        ("mouthStretch", 0.4, 0.9), ("jawOpen", 0.05, 0.25), ("mouthUpperUp", 0.1, 0.5), ("mouthLowerDown", 0.1, 0.5)
    ),
    "talk": _recipe(("jawOpen", 0.05, 0.4), ("mouthFunnel", 0, 0.4), ("mouthStretch", 0, 0.4), ("mouthClose", 0, 0.1)),
}

# What networks learned worst, mouths and the rest apart: drawn on top of the others, so that none stays rare.
_RARE_MOUTHS: tuple[_Recipe, ...] = (
    *(_recipe(("cheekPuff", 0.5, 1.2), one_sided=0.5),) * 2,
    *(_tongue_out,) * 2,
    _recipe(("mouthPucker", 0.4, 1.2), ("mouthFunnel", 0, 0.6)),
    _recipe(("mouthFunnel", 0.4, 1.1), ("jawOpen", 0, 0.4)),
    _recipe(("mouthRollLower", 0.3, 1.1), ("mouthRollUpper", 0.3, 1.1)),
    _recipe(("mouthPress", 0.4, 1.1), ("mouthDimple", 0, 0.6)),
    _recipe(("mouthDimple", 0.4, 1.1), one_sided=0.3),
    _recipe(("mouthFrown", 0.4, 1.1), ("mouthShrugLower", 0, 0.9), one_sided=0.2),
    _recipe(("mouthStretch", 0.4, 1.1), ("mouthLowerDown", 0, 0.6), one_sided=0.2),
    _recipe(("mouthShrugUpper", 0.4, 1.0), ("mouthShrugLower", 0.4, 1.0)),
    _recipe(("jawForward", 0.4, 1.0)),
    _sideways("mouthLeft", "jawLeft"),
    _sideways("mouthRight", "jawRight"),
    _sideways("jawLeft", "mouthLeft"),
    _sideways("jawRight", "mouthRight"),
    *(_closed_jaw,) * 2,
    _recipe(("mouthUpperUp", 0.4, 1.0), ("noseSneer", 0.3, 1.0), one_sided=0.4),
)
_RARE_LIDS: tuple[_Recipe, ...] = (
    _recipe(("eyeBlink", 0.6, 1.05), ("cheekSquint", 0, 0.7), one_sided=0.7),
    _recipe(("eyeBlink", 0.2, 0.7), one_sided=0.3),
    _recipe(("eyeSquint", 0.4, 1.1), ("cheekSquint", 0, 0.8), one_sided=0.2),
    _recipe(("eyeWide", 0.4, 1.1), ("browOuterUp", 0, 0.8)),
    _recipe(("browDown", 0.3, 1.0), ("noseSneer", 0, 0.8)),
    _recipe(("browInnerUp", 0.3, 1.0), ("browOuterUp", 0, 1.0)),
    _recipe(("browOuterUp", 0.4, 1.1), one_sided=0.7),
)
