"""Do the driver's expressions arrive: strengths read from the output against the exact ones of a rendered truth.

- error: mean absolute difference of the strengths, in strengths (0 none, 1 full), lower is better. Of a group: over the
  frames that perform it.
- reached: Σ read·true / Σ true² over those frames: 1 all of it arrives, 0 nothing, below 0 the opposite.
- leaked: mean absolute strength read where truth has none (less than `REST`): what crept in.

The difficult expressions stand apart in `GROUPS`; smirk and wink are differences of left and right, so a two-sided
smile or blink does not count as one.

What fools it: the reader. It has its own damping and blindness, so score the true pictures too and set the numbers
beside each other: that is the ruler's own error. Reached on the true pictures themselves, 192 renders of 24 people
(`python -m mimica.evaluation.ruler`):

| reader | tongue | cheek puff | pout | lip roll | smirk | wink | snarl | other |
|---|---|---|---|---|---|---|---|---|
| mediapipe | blind (NaN) | 0.00 | 0.54 | 0.39 | 0.11 | 0.31 | 0.00 | 0.40 |
| mimica encoder | 0.91 | 0.57 | 1.06 | 1.08 | 0.87 | 0.83 | 0.88 | 0.78 |

Our own encoder was trained to read what our own renderer draws; `shown` leans on no reader.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

ACTIVE, REST = 0.3, 0.05
"""A group counts as performed from the first strength on, as at rest below the second."""

_Feature = dict[str, float]

GROUPS: dict[str, tuple[_Feature, ...]] = {
    "tongue_out": ({"tongueOut": 1.0},),
    "cheek_puff": ({"cheekPuff_L": 1.0}, {"cheekPuff_R": 1.0}),
    "pout": ({"mouthPucker": 1.0}, {"mouthFunnel": 1.0}),
    "lip_roll": ({"mouthRollLower": 1.0}, {"mouthRollUpper": 1.0}),
    "smirk": ({"mouthSmile_L": 1.0, "mouthSmile_R": -1.0},),
    "wink": ({"eyeBlink_L": 1.0, "eyeBlink_R": -1.0},),
    "snarl": ({"noseSneer_L": 1.0}, {"noseSneer_R": 1.0}),
}
"""What is measured of each group: sums of named strengths."""
_ELSEWHERE = frozenset(
    name
    for group in ("tongue_out", "cheek_puff", "pout", "lip_roll", "snarl")
    for feature in GROUPS[group]
    for name in feature
)


@dataclass(frozen=True, slots=True)
class Strength:
    """Of one expression or group; `samples` values of it are performed. NaN where none is, or the reader is blind."""

    error: float
    reached: float
    leaked: float
    samples: int


@dataclass(frozen=True, slots=True)
class ExpressionScore:
    """`error` over all frames and names that the reader knows; `named` by direction, `groups` as in `GROUPS` +
    "other"."""

    error: float
    named: dict[str, Strength]
    groups: dict[str, Strength]

    def numbers(self) -> dict[str, float]:
        """Under the registry's names."""
        found = {"expression.error": self.error}
        for name, strength in self.groups.items():
            found |= {f"expression.{name}.error": strength.error, f"expression.{name}.reached": strength.reached}
        return found


def expression_score(
    read: NDArray[np.floating], truth: NDArray[np.floating], names: tuple[str, ...]
) -> ExpressionScore:
    """`read`, `truth`: (T, K) strengths named by `names`; NaN where a face was not seen or the reader is blind to
    it."""
    made, true = np.asarray(read, np.float64), np.asarray(truth, np.float64)
    if made.shape != true.shape or made.ndim != 2 or made.shape[1] != len(names):
        raise ValueError(f"strengths of {made.shape} and {true.shape} for {len(names)} names: give equal (T, K)")
    known = np.isfinite(made) & np.isfinite(true)
    error = float(np.abs(made - true)[known].mean()) if known.any() else float("nan")
    column = {name: index for index, name in enumerate(names)}
    named = {name: _strength(made[:, [index]], true[:, [index]]) for name, index in column.items()}
    groups: dict[str, Strength] = {}
    for group, features in GROUPS.items():
        usable = [feature for feature in features if feature.keys() <= column.keys()]
        mix = np.zeros((len(names), len(usable)))
        for place, feature in enumerate(usable):
            for name, weight in feature.items():
                mix[column[name], place] = weight
        involved = np.abs(mix).sum(1) > 0
        groups[group] = _strength(made[:, involved] @ mix[involved], true[:, involved] @ mix[involved])
    rest = [index for name, index in column.items() if name not in _ELSEWHERE]
    groups["other"] = _strength(made[:, rest], true[:, rest])
    return ExpressionScore(error, named, groups)


def _strength(read: FloatArray, truth: FloatArray) -> Strength:
    known = np.isfinite(read) & np.isfinite(truth)
    active, rest = known & (np.abs(truth) >= ACTIVE), known & (np.abs(truth) < REST)
    leaked = float(np.abs(read[rest]).mean()) if rest.any() else float("nan")
    if not active.any():
        return Strength(float("nan"), float("nan"), leaked, 0)
    made, true = read[active], truth[active]
    return Strength(float(np.abs(made - true).mean()), float(made @ true / (true @ true)), leaked, int(active.sum()))
