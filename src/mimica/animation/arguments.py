"""What can be refused of a program's arguments before anything is loaded: words, numbers and kinds.

The command line checks what a person writes; this checks the same for who calls `animate`, `edit` or
`Animator.frames`, so that nothing misspelt is ignored or put on record. This module does not know paths: that is
``request``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, Final, get_args

from mimica.animation.cast import WORDS as FACE_WORDS
from mimica.animation.keep import AudioFrom, Keep
from mimica.animation.parts import PARTS
from mimica.animation.retarget import Mode
from mimica.animation.take import Framing
from mimica.animation.timeline import Timeline
from mimica.errors import UsageError
from mimica.faces.actor_choice import WORDS as ACTOR_WORDS

MOST_SCALE: Final = 3.0
"""Largest scale of expression, pose and gaze, as on the command line."""
LARGEST_CRF: Final = 51


def check_word(name: str, value: object, words: Iterable[str]) -> None:
    """Raises UsageError when the argument `name` is none of `words`."""
    known = tuple(words)
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{name} {value!r}: is unknown; give one of {', '.join(known)}")


def check_number(name: str, value: object, least: float, most: float, *, whole: bool = False) -> None:
    """Raises UsageError when the argument `name` is no number from `least` to `most`, or not a `whole` one."""
    kind = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= float(value) <= most:
        number = "whole number" if whole else "number"
        raise UsageError(f"{name} {value!r}: is out of range; give a {number} from {least:g} to {most:g}")


def check_face(face: object) -> None:
    """Raises UsageError when it is no choice of faces: a word, a number, or several; see `cast.FaceChoice`."""
    numbers: tuple[Any, ...] = face if isinstance(face, tuple) else (face,)
    if isinstance(face, str) and face in FACE_WORDS:
        return
    if not numbers or not all(_is_whole(number) for number in numbers):
        raise UsageError(
            f"face {face!r}: is no choice; give {', '.join(FACE_WORDS)}, a number from 1 or several such as (1, 3)"
        )


def check_performance(
    framing: object, motion: object, expression: object, pose: object, gaze: object, face: object
) -> None:
    """What `animate` and `Animator.frames` share. Raises UsageError, which names the argument."""
    check_word("framing", framing, get_args(Framing))
    check_word("motion", motion, get_args(Mode))
    for name, scale in (("expression", expression), ("pose", pose), ("gaze", gaze)):
        check_number(name, scale, 0, MOST_SCALE)
    check_face(face)


def check_film(
    *, crf: object, keep: object, audio_from: object, timeline: object, actor: object, parts: object, box: object
) -> None:
    """What only `animate` has. Raises UsageError, which names the argument."""
    check_number("crf", crf, 0, LARGEST_CRF, whole=True)
    if keep is not None:
        check_word("keep", keep, get_args(Keep))
    check_word("audio_from", audio_from, get_args(AudioFrom))
    if not isinstance(timeline, Timeline):
        raise UsageError(f"timeline {timeline!r}: is none; give one such as mimica.Timeline(loop=2)")
    if not _is_whole(actor) and actor not in ACTOR_WORDS:
        raise UsageError(f"actor {actor!r}: is no choice; give {', '.join(ACTOR_WORDS)}, or a number from 1")
    if not isinstance(parts, tuple | list) or not parts or not all(part in PARTS for part in parts):
        raise UsageError(f"parts {parts!r}: are none of a motion's; give some of {', '.join(PARTS)} as a tuple")
    if box is not None and not _is_box(box):
        raise UsageError(f"box {box!r}: is none; give left, top, width, height in pixels, such as (210, 80, 300, 360)")


def check_edit(*, edits: object, neutral: object, strength: object, most_strength: float, face: object) -> None:
    """What `edit` has; whether an edit's name is known and its amount in range is told later. Raises UsageError."""
    if not isinstance(edits, Mapping):
        raise UsageError(f"edits {edits!r}: are none; give names with amounts, such as {{'smile': 0.6}}")
    for name, amount in edits.items():
        if isinstance(amount, bool) or not isinstance(amount, Real) or not math.isfinite(amount):
            raise UsageError(f"edit {name}={amount!r}: is no amount; give a number such as 0.6")
    check_number("neutral", neutral, 0, 1)
    check_number("strength", strength, 0, most_strength)
    check_face(face)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_box(box: object) -> bool:
    if not isinstance(box, Collection) or isinstance(box, str) or len(box) != 4:
        return False
    return all(isinstance(part, Real) and math.isfinite(part) for part in box) and min(list(box)[2:]) > 0
