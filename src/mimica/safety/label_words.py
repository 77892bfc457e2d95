"""What the label says, as shapes: "AI", or "AI生成" ("AI-generated") where China's GB 45438-2025 applies.

That standard wants both, that it is AI and that it was generated; the EU's icon has the two letters. The environment
variable `MIMICA_LABEL_WORDS` chooses, for every output; neither choice leaves the letters out. Letters have height 1,
y down, x from the left edge of the text. This module does not know pixels.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from mimica.errors import UsageError

VARIABLE: Final = "MIMICA_LABEL_WORDS"

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A text as shapes. fills: closed outlines, of which the later ones of a group are holes. strokes: lines to be
    drawn `STROKE` wide. width: of the whole.
    """

    fills: tuple[tuple[Points, ...], ...]
    strokes: tuple[Points, ...]
    width: float


STROKE: Final = 0.105
_A: Final[tuple[Points, ...]] = (
    ((0.00, 1.0), (0.36, 0.0), (0.56, 0.0), (0.92, 1.0), (0.72, 1.0), (0.635, 0.75), (0.285, 0.75), (0.20, 1.0)),
    ((0.335, 0.60), (0.585, 0.60), (0.46, 0.235)),
)
_I: Final[tuple[Points, ...]] = (((1.08, 0.0), (1.26, 0.0), (1.26, 1.0), (1.08, 1.0)),)
_SHENG: Final[tuple[Points, ...]] = (  # 生
    ((0.29, 0.02), (0.24, 0.22), (0.09, 0.44)),
    ((0.25, 0.25), (0.91, 0.25)),
    ((0.19, 0.57), (0.86, 0.57)),
    ((0.03, 0.94), (0.97, 0.94)),
    ((0.54, 0.02), (0.54, 0.94)),
)
_CHENG: Final[tuple[Points, ...]] = (  # 成
    ((0.15, 0.22), (0.96, 0.22)),
    ((0.16, 0.22), (0.16, 0.58), (0.12, 0.80), (0.03, 0.97)),
    ((0.17, 0.48), (0.44, 0.48), (0.43, 0.74), (0.40, 0.82), (0.29, 0.80)),
    ((0.56, 0.02), (0.58, 0.36), (0.66, 0.66), (0.80, 0.88), (0.93, 0.95), (0.97, 0.76)),
    ((0.88, 0.38), (0.79, 0.60), (0.65, 0.80), (0.48, 0.96)),
    ((0.74, 0.03), (0.87, 0.12)),
)
_GAP: Final = 0.22


def _beside(strokes: tuple[Points, ...], left: float) -> tuple[Points, ...]:
    return tuple(tuple((left + x, y) for x, y in stroke) for stroke in strokes)


WORDS: Final = {
    "ai": Words((_A, _I), (), 1.26),
    "zh": Words((_A, _I), (*_beside(_SHENG, 1.26 + _GAP), *_beside(_CHENG, 2.36 + _GAP)), 3.36 + _GAP),
}


def chosen_words() -> Words:
    """What the environment asks for, "AI" without. Raises UsageError for a value that is none."""
    name = os.environ.get(VARIABLE, "").strip().lower() or "ai"
    if name not in WORDS:
        raise UsageError(f"{VARIABLE}={name!r}: is no wording of the label; choose one of: {', '.join(WORDS)}")
    return WORDS[name]
