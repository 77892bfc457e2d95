"""Parts: what of a driver's motion is taken over; the rest stays as it is in the photo.

This module does not know how motion is applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from mimica.errors import UsageError

Part = Literal["brows", "eyes", "cheeks", "mouth", "gaze", "pose"]
PARTS: Final[tuple[Part, ...]] = ("brows", "eyes", "cheeks", "mouth", "gaze", "pose")
"""eyes: the lids; mouth: lips, jaw and tongue; cheeks: with the nose; gaze: the eyeballs; pose: the head."""

GROUPS: Final[dict[str, tuple[Part, ...]]] = {"expression": ("brows", "eyes", "cheeks", "mouth")}
WORDS: Final = (*GROUPS, *PARTS)

_PREFIXES: Final[tuple[tuple[str, Part], ...]] = (
    ("brow", "brows"), ("eye", "eyes"), ("cheek", "cheeks"), ("nose", "cheeks"), ("jaw", "mouth"), ("mouth", "mouth"),
    ("tongue", "mouth"),
)  # fmt: skip


def part_of(direction: str) -> Part:
    """The part of the face that an expression direction moves."""
    return next(part for prefix, part in _PREFIXES if direction.startswith(prefix))


def chosen_parts(use: Iterable[str] = (), without: Iterable[str] = ()) -> tuple[Part, ...]:
    """The parts that are taken over: those in `use`, everything when it is empty, less those in `without`.

    Raises:
        UsageError: an unknown word, or nothing is left.
    """
    wanted, unwanted = _spread(use, "--use") or frozenset(PARTS), _spread(without, "--without")
    left: tuple[Part, ...] = tuple(part for part in PARTS if part in wanted - unwanted)
    if not left:
        raise UsageError("--use/--without: nothing of the driver's motion is left; take over at least one part")
    return left


def _spread(words: Iterable[str], option: str) -> frozenset[Part]:
    found: set[Part] = set()
    for word in (piece.strip() for text in words for piece in text.split(",")):
        if word not in WORDS:
            raise UsageError(f"{option} {word!r}: is no part of a motion; give some of {', '.join(WORDS)}")
        found |= {part for part in PARTS if part == word or part in GROUPS.get(word, ())}
    return frozenset(found)
