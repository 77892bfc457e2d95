from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimica.animation.cast import assigned, choose_faces, face_in_box, parse_box, parse_faces, told
from mimica.core.records import Face
from mimica.errors import FaceChoiceError, NoFaceError, UsageError


def face(left: float, size: float) -> Face:
    box = np.array([left, 10, left + 0.8 * size, 10 + size], np.float32)
    return Face(box, 0.9, np.zeros((5, 2), np.float32))


FACES = [face(300, 100), face(0, 120), face(600, 60), face(800, 20)]


def numbers(choice: object, also: tuple[int, ...] = ()) -> list[int]:
    parts, _ = choose_faces(FACES, choice, "photo p.jpg", also)  # pyright: ignore[reportArgumentType]
    assert all(part.face is FACES[part.number - 1] for part in parts)
    return [part.number for part in parts]


def test_words_and_numbers() -> None:
    assert numbers("largest") == [2]
    assert numbers("left") == [2]
    assert numbers("right") == [4]
    assert numbers(3) == [3]
    assert numbers((3, 1)) == [1, 3]
    assert numbers("largest", also=(1,)) == [1, 2]


def test_all_leaves_out_what_is_too_small_and_says_so() -> None:
    parts, notes = choose_faces(FACES, "all", "photo p.jpg")
    assert [part.number for part in parts] == [1, 2, 3]
    assert notes == ("1 of 4 faces left as they are: less than 48 pixels high",)
    with pytest.raises(NoFaceError, match="48 pixels"):
        choose_faces(FACES[3:], "all", "photo p.jpg")


def test_nobody_and_wrong_numbers() -> None:
    with pytest.raises(NoFaceError, match=r"photo p\.jpg: no face was found"):
        choose_faces([], "all", "photo p.jpg")
    with pytest.raises(FaceChoiceError, match="no face number 5, only 4"):
        choose_faces(FACES, (1, 5), "photo p.jpg")


@pytest.mark.parametrize(
    ("text", "choice"), [("all", "all"), ("left", "left"), ("2", 2), ("1,3", (1, 3)), ("3, 3", 3), ("12", 12)]
)
def test_choices_from_the_command_line(text: str, choice: object) -> None:
    assert parse_faces(text) == choice
    assert parse_faces(told(parse_faces(text))) == choice


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "²", "", "1,", "first", "1;2"])
def test_what_is_no_choice(text: str) -> None:
    with pytest.raises(UsageError, match="--face"):
        parse_faces(text)


def test_drivers_by_face() -> None:
    assert assigned(["2=a=b.mp4", "1=c.mp4"], "--driver") == {2: Path("a=b.mp4"), 1: Path("c.mp4")}
    for wrong in (["a.mp4"], ["0=a.mp4"], ["2="], ["2=a", "2=b"]):
        with pytest.raises(UsageError, match="--driver"):
            assigned(wrong, "--driver")


def test_a_box_that_a_person_drew_is_a_face() -> None:
    drawn = face_in_box(parse_box("200,80,300,400"), 800, 600)
    assert drawn.box_xyxy.tolist() == [200, 80, 500, 480]
    right_eye, left_eye, nose, right_corner, left_corner = drawn.points
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < right_corner[1]
    assert right_corner[0] < left_corner[0]
    for outside in ((-300.0, 0.0, 100.0, 100.0), (780.0, 590.0, 90.0, 90.0)):
        with pytest.raises(UsageError, match="outside the photo, which is 800x600"):
            face_in_box(outside, 800, 600)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,0,4", "1,2,3,-4", "a,b,c,d", "1,2,3,nan", "1,2,3,1e9"])
def test_what_is_no_box(text: str) -> None:
    with pytest.raises(UsageError, match="--box"):
        parse_box(text)
