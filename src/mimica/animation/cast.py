"""Cast: which faces of a picture perform, and whose performance each gives.

Faces are numbered from 1 as the finder orders them, which is how ``mimica faces`` lists them. This module does not
know how faces are found or moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from mimica.errors import FaceChoiceError, NoFaceError, UsageError

if TYPE_CHECKING:
    from mimica.core.records import Face

FaceWord = Literal["all", "largest", "left", "right"]
FaceChoice = int | FaceWord | tuple[int, ...]
"""One number, several, or a word: every face, the largest, the one furthest left or right in the picture."""

Box = tuple[float, float, float, float]
"""Left, top, width and height of a face in pixels: from the brows to the chin, from cheek to cheek."""

WORDS: Final[tuple[FaceWord, ...]] = get_args(FaceWord)
MIN_FACE_PX: Final = 48
"""Smaller faces have too few pixels to move."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A face that performs, and its number."""

    number: int
    face: Face


def parse_faces(text: str) -> FaceChoice:
    """A choice of faces: "all", "largest", "left", "right", "2" or "1,3". Raises UsageError on anything else."""
    for word in WORDS:
        if text == word:
            return word
    numbers = [part.strip() for part in text.split(",")]
    if all(part.isascii() and part.isdigit() and int(part) >= 1 for part in numbers):
        chosen = tuple(dict.fromkeys(map(int, numbers)))
        return chosen[0] if len(chosen) == 1 else chosen
    raise UsageError(
        f"--face {text!r}: give {', '.join(WORDS)}, a number from 1 or several such as 1,3, as `mimica faces PHOTO` "
        "lists them"
    )


def told(choice: FaceChoice) -> str:
    """The choice as it is written on the command line."""
    return ",".join(map(str, choice)) if isinstance(choice, tuple) else str(choice)


def choose_faces(
    faces: list[Face], choice: FaceChoice, label: str, also: Iterable[int] = ()
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """The faces a user means, in the order of their numbers, and what a person should know about the choice.

    faces: as the finder gives them. also: numbers that perform whatever the choice. "all" leaves out faces under
    `MIN_FACE_PX` and says so.

    Raises:
        NoFaceError: there is none, or none large enough.
        FaceChoiceError: there is no such number.
    """
    if not faces:
        raise NoFaceError(f"{label}: no face was found; use a photo where the face is larger, upright and uncovered")
    notes: list[str] = []
    numbers = range(1, len(faces) + 1)
    if choice == "all":
        chosen = {number for number in numbers if faces[number - 1].height_px >= MIN_FACE_PX}
        small = len(faces) - len(chosen)
        if not chosen:
            raise NoFaceError(f"{label}: no face has {MIN_FACE_PX} pixels of height; use a larger photo")
        if small:
            notes.append(f"{small} of {len(faces)} faces left as they are: less than {MIN_FACE_PX} pixels high")
    elif choice == "largest":
        chosen = {max(numbers, key=lambda number: faces[number - 1].area_px)}
    elif choice in ("left", "right"):
        side = 1 if choice == "right" else -1
        chosen = {max(numbers, key=lambda number: side * float(faces[number - 1].center_px[0]))}
    else:
        chosen = set(choice) if isinstance(choice, tuple) else {choice}
    chosen |= set(also)
    for number in sorted(chosen):
        if not 1 <= number <= len(faces):
            raise FaceChoiceError(
                f"{label}: there is no face number {number}, only {len(faces)}; list them: mimica faces"
            )
    return tuple(Part(number, faces[number - 1]) for number in sorted(chosen)), tuple(notes)


def assigned(values: Iterable[str], option: str) -> dict[int, Path]:
    """Files for numbered faces from texts such as "2=other.mp4". Raises UsageError on anything else, or one twice."""
    found: dict[int, Path] = {}
    for text in values:
        number, equals, file = text.partition("=")
        if not (equals and file and number.isascii() and number.isdigit() and int(number) >= 1):
            raise UsageError(f"{option} {text!r}: give the number of a face and a file, such as {option} 2=FILE")
        if int(number) in found:
            raise UsageError(f"{option}: face {int(number)} is given twice; give each face one file")
        found[int(number)] = Path(file)
    return found


def parse_box(text: str) -> Box:
    """A box in words, "x,y,width,height" in pixels. Raises UsageError on anything else."""
    try:
        left, top, width, height = (float(part) for part in text.split(","))
        if not (width > 0 and height > 0 and max(map(abs, (left, top, width, height))) < 1e6):
            raise ValueError
    except ValueError:
        raise UsageError(f"--box {text!r}: give x,y,width,height in pixels, such as 210,80,300,360") from None
    return left, top, width, height


_POINTS_IN_BOX: Final = ((0.30, 0.27), (0.70, 0.27), (0.50, 0.53), (0.34, 0.75), (0.66, 0.75))
"""Eyes, nose tip and corners of the mouth of a frontal face, in its box."""


def face_in_box(box: Box, width_px: int, height_px: int) -> Face:
    """The face that a person drew a box around, in a picture of this size. Raises UsageError when it is not in it."""
    import numpy as np

    from mimica.core.records import Face

    left, top, width, height = box
    if not (0 <= left + width / 2 <= width_px and 0 <= top + height / 2 <= height_px):
        raise UsageError(
            f"--box {left:g},{top:g},{width:g},{height:g}: its middle lies outside the photo, which is "
            f"{width_px}x{height_px} pixels; give x,y,width,height from its top left corner"
        )
    points = np.array([left, top]) + np.array(_POINTS_IN_BOX) * np.array([width, height])
    edges = np.array([left, top, left + width, top + height], np.float32)
    return Face(edges, 1.0, points.astype(np.float32))
