"""The choice of an actor as a person writes it. Words and numbers only."""

from __future__ import annotations

from typing import Final, Literal

from mimica.errors import UsageError

ActorWord = Literal["largest", "left", "right"]
ActorChoice = int | ActorWord
WORDS: Final[tuple[ActorWord, ...]] = ("largest", "left", "right")


def parse_actor(text: str) -> ActorChoice:
    """ "largest", "left", "right" or a number from 1. Raises UsageError on anything else."""
    for word in WORDS:
        if text == word:
            return word
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise UsageError(f"--actor {text!r}: give {', '.join(WORDS)}, or a number from 1 as `mimica faces` counts")
