"""Words from strangers' files as a terminal may show them: no control characters, no tricks of direction, not endless.

A name in a certificate or a receipt can hold escape sequences that move the cursor, rewrite what was printed or set a
window's title. This module does not know where words come from.
"""

from __future__ import annotations

from typing import Final

MOST: Final = 200
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Not printed themselves, but names in Persian and in Indian scripts need them."""


def plain(value: object, most: int = MOST) -> str:
    """`value` as one line of at most `most` printable characters; others become one replacement character each."""
    text = value if isinstance(value, str) else "" if value is None else type(value).__name__
    text = " ".join(text[: 10 * most].split())
    return "".join(letter if is_plain(letter) else REPLACEMENT for letter in text[:most])


def is_plain(text: str) -> bool:
    """Whether `text` can be shown as it is, on one line."""
    return all(letter.isprintable() or letter in JOINERS for letter in text)
