from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mimica.animation.portrait_mesh import build_mesh
from mimica.animation.prepare import Portrait
from mimica.animation.take import overlaid
from mimica.core.framing import crop_around

PHOTO = np.full((20, 30, 3), 100, np.uint8)


def test_what_one_left_alone_is_the_others_exactly() -> None:
    first, second = PHOTO.copy(), PHOTO.copy()
    first[:, :10], second[:, 20:] = 40, 103
    both = overlaid(PHOTO, first, second)
    assert (both[:, :10] == 40).all()
    assert (both[:, 10:20] == 100).all()
    assert (both[:, 20:] == 103).all()


def test_where_both_changed_the_later_one_wins_if_it_changed_enough() -> None:
    first, second = PHOTO.copy(), PHOTO.copy()
    first[:, :20], second[:10, 10:], second[10:, 10:] = 40, 200, 101
    both = overlaid(PHOTO, first, second)
    assert (both[:10, 10:20] == 200).all()
    assert (both[10:, 10:20] < 45).all()  # one grey level is no reason to show through
    assert (both[10:, 20:] == 101).all()


def test_nobody_drags_a_neighbour_along(make_portrait: Callable[..., Any]) -> None:
    toy = make_portrait(301, 283, (150.0, 140.0), 6.0)
    rival = crop_around(280.0, 140.0, 6.0)
    reading = replace(toy.reading, rivals=(rival,))
    corners = np.array([[150.0, 140.0], [280.0, 140.0], [215.0, 140.0]])
    owned = reading.owned(corners)
    assert owned[0] == 1
    assert owned[1] == 0
    assert owned[2] == pytest.approx(0, abs=1e-3)
    assert (toy.reading.owned(corners) == 1).all()
    mesh = build_mesh(reading, lambda canonical: np.zeros((len(canonical), 49, 3), np.float32))
    beyond = mesh.base.source_px[:, 0] > 225
    assert (mesh.base.head_weight[beyond] == 0).all()
    assert mesh.base.head_weight.max() > 0.99


def test_a_take_of_two_names_each_note_once() -> None:
    from mimica.animation.take import PhotoTake

    driver = SimpleNamespace(times=(0, 1), durations=(None, None), notes=("dark", "dark"))
    portraits = SimpleNamespace(notes=("turned",)), SimpleNamespace(notes=())
    roles = tuple(SimpleNamespace(driver=driver, portrait=portrait) for portrait in portraits)
    take = PhotoTake(roles)  # pyright: ignore[reportArgumentType]
    assert take.notes == ("turned", "dark")
    assert take.times == (0, 1)


@pytest.mark.parametrize(("yaw_deg", "told"), [(12.0, False), (-41.0, True)])
def test_a_head_that_is_turned_already_is_told(yaw_deg: float, told: bool) -> None:
    reading = SimpleNamespace(angles_deg=np.array([yaw_deg, 0, 0]))
    portrait = Portrait(PHOTO, reading, None, None)  # pyright: ignore[reportArgumentType]
    assert [note for note in portrait.notes if "turned aside by 41°" in note] == list(portrait.notes)
    assert bool(portrait.notes) is told
