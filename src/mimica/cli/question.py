"""The question of consent, put to a person at a terminal who gave no basis.

Scripts are never asked: they get the error and exit code 2. This module does not know what is done with the answer.
"""

from __future__ import annotations

import sys

from mimica.safety.consent import BASES


def can_ask() -> bool:
    """Whether a person sits at both ends: standard input and output are terminals."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_basis() -> str | None:
    """Ask on whose word the face is animated, and to confirm what that asserts; None when the answer is none or no.

    Basis "receipt" is not offered, for it needs a file that is named with --receipt.
    """
    offered = [basis for basis in BASES.values() if basis.receipt != "required"]
    print("Whose face is this, and on whose word do you animate it? What you answer is written into the video.")
    for number, basis in enumerate(offered, start=1):
        print(f"  {number}  {basis.name:<11} {basis.asserts}")
    print("  If you have a signed receipt, stop here and use: --consent receipt --receipt FILE")
    answer = _read("Number or word, or Enter to stop: ")
    chosen = {word: basis for number, basis in enumerate(offered, start=1) for word in (str(number), basis.name)}.get(
        answer.lower()
    )
    if chosen is None:
        return None
    print(f'You state: "{chosen.asserts}"')
    return chosen.name if _read("Type yes if that is true: ").lower() == "yes" else None


def _read(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        return ""
