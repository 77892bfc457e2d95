from __future__ import annotations

import numpy as np
import pytest

from mimica.faces.cuts import FLASH_S, CutDetector


def scene(seed: int, brightness: float = 1.0, shift: int = 0) -> np.ndarray:
    """A picture of soft blots, (270, 480, 3); another seed is another place."""
    random = np.random.default_rng(seed)
    small = random.uniform(0, 200, (6, 10, 3))
    picture = np.roll(np.kron(small, np.ones((45, 48, 1))), shift, axis=1)
    return np.clip(picture * brightness, 0, 255).astype(np.uint8)


def seen(pictures: list[np.ndarray], rate: float = 25) -> list[str]:
    detector = CutDetector()
    return [detector.update(picture, index / rate) for index, picture in enumerate(pictures)]


def test_another_place_is_a_cut() -> None:
    assert seen([scene(0)] * 3 + [scene(1)] * 3) == ["same"] * 3 + ["cut"] + ["same"] * 2


def test_a_lamp_is_other_light() -> None:
    assert seen([scene(0, 0.4)] * 3 + [scene(0, 1.2)] * 3) == ["same"] * 3 + ["light"] + ["same"] * 2


def test_a_shaken_camera_is_none() -> None:
    assert set(seen([scene(0, shift=6 * (index % 4)) for index in range(12)])) <= {"same", "stir"}


@pytest.mark.parametrize("frames", [1, 3, 5])
def test_a_flash_is_taken_back(frames: int) -> None:
    white = np.full_like(scene(0), 255)
    assert seen([scene(0)] * 3 + [white] * frames + [scene(0)] * 3) == (
        ["same"] * 3 + ["cut"] + ["same"] * (frames - 1) + ["back"] + ["same"] * 2
    )


def test_a_short_shot_is_no_flash() -> None:
    count = int(FLASH_S * 25) + 2
    assert seen([scene(0)] * 2 + [scene(1)] * count + [scene(0)] * 2).count("cut") == 2


def test_two_cameras_in_one_room_are_a_cut() -> None:
    """The same colours at other places."""
    assert seen([scene(0)] * 3 + [scene(0, shift=240)] * 3).count("cut") == 1
