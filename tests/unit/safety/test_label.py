"""The visible label: there, large enough, legible on everything, and shown when it must be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.label import LEAST_PX, Label, labelled, letter_px
from mimica.safety.label_words import VARIABLE, WORDS

SIZES = [(128, 128), (96, 320), (512, 512), (720, 1280), (2160, 3840)]
BACKGROUNDS = ["black", "white", "grey", "noise", "stripes"]


def background(kind: str, height: int, width: int) -> NDArray[np.uint8]:
    if kind == "noise":
        return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    if kind == "stripes":
        lines = (np.indices((height, width)).sum(axis=0) // 4 % 2 * 255).astype(np.uint8)
        return np.repeat(lines[..., None], 3, axis=2)
    return np.full((height, width, 3), {"black": 0, "white": 255, "grey": 128}[kind], np.uint8)


def box(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what changed."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1


@pytest.mark.parametrize("size", SIZES[:-1])
@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_it_lies_at_the_top_right_and_stays_inside(size: tuple[int, int], kind: str) -> None:
    before = background(kind, *size)
    top, bottom, left, right = box(before, labelled(before))
    assert top >= 0
    assert bottom < size[0] / 4
    assert left > 0.6 * size[1]
    assert right <= size[1]


@pytest.mark.parametrize("size", SIZES)
def test_the_letters_are_five_per_cent_of_the_short_side_or_more(size: tuple[int, int]) -> None:
    before = background("black", *size)
    top, bottom, left, right = box(before, labelled(before))
    inside = labelled(before)[top:bottom, left:right].min(axis=2)
    rim = max(2, (bottom - top) // 6)
    white_rows = np.flatnonzero((inside[rim:-rim, rim:-rim] > 128).any(axis=1))
    height = int(white_rows.max() - white_rows.min()) + 1
    assert height >= 0.05 * min(size)
    assert height >= LEAST_PX - 1


@pytest.mark.parametrize("size", SIZES[:-1])
@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_letters_and_plate_differ_on_every_background(size: tuple[int, int], kind: str) -> None:
    before = background(kind, *size)
    after = labelled(before)
    top, bottom, left, right = box(background("black", *size), labelled(background("black", *size)))
    rim = max(2, (bottom - top) // 6)
    letters_here = labelled(background("black", *size))[top:bottom, left:right].min(axis=2)[rim:-rim, rim:-rim]
    patch = after[top:bottom, left:right].mean(axis=2)[rim:-rim, rim:-rim]
    light, dark = patch[letters_here > 240], patch[letters_here < 30]
    assert light.min() > 235
    assert np.percentile(dark, 99) < 90
    assert contrast(255.0, float(np.percentile(dark, 99))) > 4.5  # WCAG 2.2 for text


def contrast(first: float, second: float) -> float:
    """WCAG 2.2 contrast ratio of two grey levels."""

    def luminance(level: float) -> float:
        share = level / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@given(st.integers(16, 700), st.integers(16, 700))
def test_any_size_can_be_labelled(height: int, width: int) -> None:
    before = background("grey", height, width)
    assert labelled(before).shape == before.shape
    assert (labelled(before) != before).any()
    assert letter_px(width, height) >= 0.05 * min(width, height)


def shown(label: Label, images: list[NDArray[np.uint8]], rate: int = 5) -> list[bool]:
    return [bool((label.draw(image, Fraction(index, rate)) != image).any()) for index, image in enumerate(images)]


def test_it_is_shown_for_three_seconds_and_then_goes() -> None:
    clip = [background("grey", 64, 64)] * 25
    assert shown(Label(), clip) == [True] * 15 + [False] * 10


def test_it_comes_back_after_a_cut() -> None:
    clip = [background("grey", 64, 64)] * 20 + [background("white", 64, 64)] * 20
    assert shown(Label(), clip) == [True] * 15 + [False] * 5 + [True] * 15 + [False] * 5


def test_a_moving_head_is_no_cut() -> None:
    noise = background("noise", 64, 64)
    clip = [np.roll(noise, index, axis=1) for index in range(25)]
    assert shown(Label(), clip)[15:] == [False] * 10


def test_always_is_always() -> None:
    assert all(shown(Label("always"), [background("grey", 64, 64)] * 40))


@pytest.mark.parametrize("policy", ["never", "", "none", "off"])
def test_it_cannot_be_left_out(policy: str) -> None:
    with pytest.raises(UsageError, match="cannot be left out"):
        Label(policy)


def test_the_frame_itself_is_not_touched() -> None:
    image = background("grey", 64, 64)
    Label().draw(image, Fraction(0))
    assert (image == 128).all()


def test_the_words_that_say_generated_are_wider_and_as_high(monkeypatch: pytest.MonkeyPatch) -> None:
    before = background("black", 512, 512)
    top, bottom, left, right = box(before, labelled(before))
    monkeypatch.setenv(VARIABLE, "zh")
    changed = labelled(before)
    assert box(before, changed)[:2] == (top, bottom)
    assert box(before, changed)[3] == right
    assert right - box(before, changed)[2] == pytest.approx(2.1 * (right - left), rel=0.05)
    plate = changed[top:bottom, box(before, changed)[2] : right].min(axis=2)
    rim = (bottom - top) // 6
    white = np.flatnonzero((plate[rim:-rim, right - left : -rim] > 128).any(axis=1))  # the two characters alone
    assert white.max() - white.min() + 1 >= 0.05 * 512


def test_no_wording_leaves_the_letters_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "none", "off", "0", "-"):
        monkeypatch.setenv(VARIABLE, name)
        if name:
            with pytest.raises(UsageError, match="is no wording"):
                Label()
        else:
            assert (labelled(background("black", 96, 96)) > 0).any()
    assert all(len(words.fills) == 2 for words in WORDS.values())
