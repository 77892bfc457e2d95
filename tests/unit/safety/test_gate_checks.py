"""Checks that a user installs: all are asked, and whatever is wrong with one, the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mimica.errors import GateError
from mimica.safety import gate_checks
from mimica.safety.gate import Gate
from mimica.safety.gate_checks import VARIABLE, load_checks

PICTURE = np.full((64, 64, 3), 90, np.uint8)
Install = Callable[..., None]


class Innocent:
    def classify(self, _: np.ndarray) -> Any:
        return SimpleNamespace(nsfw=0.0)


def point(name: str, function: Any) -> SimpleNamespace:
    return SimpleNamespace(name=name, load=function if name == "unloadable" else lambda: function)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    def make(*points: SimpleNamespace) -> None:
        def installed(group: str) -> Sequence[SimpleNamespace]:
            assert group == "mimica.checks"
            return points

        monkeypatch.setattr(gate_checks, "entry_points", installed)

    make()
    return make


def too_young(image: np.ndarray) -> str | None:
    return "looks like a child" if image.mean() < 100 else None


def test_nothing_is_installed_and_nothing_required(install: Install) -> None:
    assert load_checks() == ()
    Gate(Innocent(), load_checks()).check_photo(PICTURE)


def test_an_installed_check_is_asked_for_photo_and_frames(install: Install) -> None:
    install(point("age", too_young))
    gate = Gate(Innocent(), load_checks())
    gate.check_frames([PICTURE + 100])
    with pytest.raises(GateError, match=r"photo a\.jpg: refused by the check 'age' \(looks like a child\)"):
        gate.check_photo(PICTURE, "photo a.jpg")
    with pytest.raises(GateError, match="the animation: refused"):
        gate.check_frames([PICTURE + 100, PICTURE])


def test_a_required_check_that_is_missing_refuses_everything(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "age, style")
    install(point("style", lambda image: None))
    with pytest.raises(GateError, match="MIMICA_REQUIRED_CHECKS asks for age, which no installed package brings"):
        Gate.load()
    install(point("style", lambda image: None), point("age", too_young))
    assert [check.name for check in load_checks()] == ["age", "style"]


def fails(*_: object) -> Any:
    raise RuntimeError("no\nmodel")


@pytest.mark.parametrize(
    ("name", "function", "told"),
    [
        ("age", fails, r"the check 'age' failed \(no model\)"),
        ("age", lambda image: True, "answered bool"),
        ("age", lambda image: 0, "answered int"),
        ("age", lambda image: "", "no reason given"),
        ("age", "no function", "is no function"),
        ("unloadable", fails, r"cannot be loaded \(no model\)"),
    ],
)
def test_a_check_that_is_broken_refuses(install: Install, name: str, function: Any, told: str) -> None:
    install(point(name, function))
    with pytest.raises(GateError, match=told) as caught:
        Gate(Innocent(), load_checks()).check_photo(PICTURE)
    assert "\n" not in str(caught.value)


def test_a_check_cannot_change_the_picture(install: Install) -> None:
    def paints(image: np.ndarray) -> None:
        image[:] = 0

    install(point("age", paints))
    picture = PICTURE.copy()
    Gate(Innocent(), load_checks()).check_photo(picture)
    assert (picture == PICTURE).all()
