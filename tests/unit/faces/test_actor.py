"""The actor stays the actor: who enters, passes by or is left alone is not taken; who comes back is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mimica.core.geometry import CropFrame
from mimica.core.records import Face
from mimica.errors import UsageError
from mimica.faces.actor import choose_actor, learnt, likeness, looks
from mimica.faces.actor_choice import parse_actor
from mimica.faces.tracking import FaceTracker

RED, BLUE = ((200, 60, 50), (220, 180, 150), (120, 20, 30)), ((40, 60, 180), (150, 110, 90), (20, 90, 140))
"""Hair, face, clothes."""
HEIGHT = 160.0


def face_at(x: float, y: float = 240.0) -> Face:
    box = np.array([x - 64, y - 80, x + 64, y + 80], np.float32)
    shares = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.08], [-0.15, 0.25], [0.15, 0.25]], np.float32)
    return Face(box, 0.9, (np.array([x, y]) + HEIGHT * shares).astype(np.float32))


def picture(*people: tuple[float, tuple], light: float = 1.0) -> np.ndarray:
    """(540, 960, 3): each person a figure of three colours at x, the later before the earlier."""
    across, down = np.linspace(0, 200, 960)[None, :, None], np.linspace(0, 55, 540)[:, None, None]
    image = np.broadcast_to(across + down, (540, 960, 3)).astype(np.uint8).copy()
    for x, (hair, skin, clothes) in people:
        left, right = int(x - 95), int(x + 95)
        image[80:175, max(left, 0) : right] = hair
        image[175:330, max(left, 0) : right] = skin
        image[330:540, max(left, 0) : right] = clothes
    return np.clip(image * light, 0, 255).astype(np.uint8)


Scene = Callable[[float], tuple[np.ndarray, list[float]]]


class Finder:
    def __init__(self) -> None:
        self.places: list[float] = []

    def find(self, image: np.ndarray, *, thorough: bool = True, known: Face | None = None) -> list[Face]:
        return [face_at(x) for x in self.places]

    def find_around(self, image: np.ndarray, crop: CropFrame) -> list[Face]:
        return [face_at(x) for x in self.places if abs(x - crop.center_x_px) < 1.1 * crop.side_px]


def followed(scene: Scene, seconds: float, actor: str = "largest") -> list[float | None]:
    """Where the actor is seen, ten times a second."""
    finder = Finder()
    tracker = FaceTracker(finder, actor=parse_actor(actor))  # pyright: ignore[reportArgumentType]
    found: list[float | None] = []
    for index in range(int(seconds * 10)):
        image, finder.places = scene(index / 10)
        tracked = tracker.update(image, index / 10)
        found.append(None if tracked is None or tracked.face is None else float(tracked.face.center_px[0]))
    return found


def two(first: float, second: float) -> tuple[np.ndarray, list[float]]:
    return picture((first, RED), (second, BLUE)), [first, second]


def test_words_and_numbers() -> None:
    assert [parse_actor(text) for text in ("largest", "left", "right", "3")] == ["largest", "left", "right", 3]
    for text in ("", "me", "0", "-1", "1.5", "Left"):
        with pytest.raises(UsageError, match="--actor"):
            parse_actor(text)


def test_the_same_person_is_alike_and_another_is_not() -> None:
    red, darker = looks(picture((300, RED)), face_at(300)), looks(picture((600, RED), light=0.95), face_at(600))
    blue = looks(picture((300, BLUE)), face_at(300))
    assert likeness(red, red) == pytest.approx(1, abs=1e-5)
    assert likeness(red, darker) > 0.6
    assert likeness(red, blue) < 0.3
    assert likeness(learnt(red, blue), red) > likeness(learnt(red, blue), blue)


def test_zones_outside_the_picture_do_not_count() -> None:
    high = looks(picture((300, RED)), face_at(300, 40))
    assert np.isnan(high[0]).all()
    assert likeness(high, high) == pytest.approx(1, abs=1e-5)
    assert choose_actor([], "left", (540, 960)) is None


@pytest.mark.parametrize(("actor", "place"), [("left", 250.0), ("right", 700.0), ("1", 700.0), ("2", 250.0)])
def test_whom_the_user_means(actor: str, place: float) -> None:
    scene = lambda _: (picture((250, RED), (700, BLUE)), [700.0, 250.0])  # noqa: E731
    assert set(followed(scene, 1, actor)) == {place}


def test_a_speck_at_the_edge_is_nobodys_left() -> None:
    """A wheel of a parked car at the edge of the shipped driver is taken for a face of a sixth of the man's height."""
    man = face_at(480)
    speck, child = (Face(man.box_xyxy * share, 0.8, man.points * share) for share in (0.16, 0.3))
    for actor in ("left", "right"):
        assert choose_actor([man, speck], actor, (540, 960)) is man
    assert choose_actor([man, child], "left", (540, 960)) is child
    assert choose_actor([man, speck], 2, (540, 960)) is speck


def test_a_number_that_is_not_there_is_nobody() -> None:
    assert set(followed(lambda _: two(250, 700), 1, "3")) == {None}


def test_who_is_left_alone_is_not_taken() -> None:
    def scene(time_s: float):
        return two(250, 700) if time_s < 1 or time_s > 4 else (picture((700, BLUE)), [700.0])

    found = followed(scene, 6, "left")
    assert set(found[:10]) == set(found[-18:]) == {250.0}
    assert set(found[11:40]) == {None}


def test_who_enters_where_the_actor_left_is_not_taken() -> None:
    def scene(time_s: float):
        if time_s < 1:
            return picture((400, RED)), [400.0]
        return (picture(), []) if time_s < 2 else (picture((400, BLUE)), [400.0])

    assert set(followed(scene, 6)[10:]) == {None}


def test_the_actor_may_come_back_elsewhere() -> None:
    def scene(time_s: float):
        if time_s < 1:
            return picture((200, RED)), [200.0]
        return (picture(), []) if time_s < 3 else (picture((760, RED)), [760.0])

    assert followed(scene, 5)[-5:] == [760.0] * 5


def test_who_passes_before_the_actor_does_not_take_the_tracker_along() -> None:
    def scene(time_s: float):
        passer = 60 + 200 * time_s
        hidden = abs(passer - 480) < 130
        return picture((480, RED), (passer, BLUE)), [passer] if hidden else [480.0, passer]

    found = followed(scene, 4, "right")
    assert set(found[-5:]) == {480.0}
    assert all(place is None or abs(place - 480) < 1 for place in found)


def test_other_light_is_the_same_actor_after_a_while() -> None:
    found = followed(lambda time_s: (picture((480, RED), light=1 if time_s < 1 else 0.35), [480.0]), 6)
    assert set(found) == {480.0}  # a lamp is seen as such
    fading = followed(lambda time_s: (picture((480, RED), light=max(1 - time_s / 2, 0.35)), [480.0]), 5)
    assert set(fading[-5:]) == {480.0}


def test_after_a_cut_the_actor_is_followed_to_the_other_side() -> None:
    def scene(time_s: float):
        if time_s < 1:
            return two(250, 700)
        image = picture((250, BLUE), (700, RED))
        image[:, 400:550] = 255
        image[:80] = image[:80, ::-1]  # another place
        return image, [250.0, 700.0]

    found = followed(scene, 3, "left")
    assert set(found[:10]) == {250.0}
    assert set(found[-10:]) == {700.0}


def test_whom_somebody_steps_before_is_found_elsewhere_at_once() -> None:
    def scene(time_s: float):
        return two(250, 700) if time_s < 1 else (picture((700, RED), (250, BLUE)), [250.0, 700.0])

    found = followed(scene, 2.5, "left")
    assert found[-10:] == [700.0] * 10
