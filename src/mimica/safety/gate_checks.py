"""Further checks at the gate, from packages that the user installs: such as one that recognises children.

"age" is bound in ``apparent_age`` and asked as soon as its package is there. Any other package brings a check by an
entry point in the group `mimica.checks`: a function that takes a picture, (H, W, 3) uint8 RGB, and gives the reason for
a refusal in words, or None. Every one that is installed is asked; `MIMICA_REQUIRED_CHECKS=name,name` names those
without which nothing is made. A check that is required and missing, cannot be loaded, fails or answers anything else is
a refusal. This module does not know what is checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from mimica.errors import GateError
from mimica.safety import apparent_age

GROUP: Final = "mimica.checks"
VARIABLE: Final = "MIMICA_REQUIRED_CHECKS"

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One installed check, by the name of its entry point."""

    name: str
    ask: Callable[[Image], object]

    def require(self, image: Image, label: str) -> None:
        """Let a picture pass or raise GateError. label: names it in the message."""
        try:
            reason = self.ask(image.copy())  # a stranger's code gets pixels of its own
        except Exception as error:
            raise GateError(f"{label}: the check {self.name!r} failed ({_cause(error)}), so nothing is made") from error
        if reason is None:
            return
        if not isinstance(reason, str):
            raise GateError(
                f"{label}: the check {self.name!r} answered {type(reason).__name__}, neither a reason nor None, so "
                "nothing is made; ask its authors"
            )
        words = " ".join(reason.split())[:200] or "no reason given"
        raise GateError(f"{label}: refused by the check {self.name!r} ({words}); use another photo")


def load_checks() -> tuple[GateCheck, ...]:
    """All installed checks, by name.

    Raises GateError when one that is required is not installed, or one that is installed cannot be loaded.
    """
    checks = [_loaded(apparent_age.NAME, apparent_age.ApparentAge)] if apparent_age.is_available() else []
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    checks += [_loaded(point.name, point.load) for point in points]
    missing = required_checks() - {check.name for check in checks}
    if missing:
        how = apparent_age.REMEDY if missing == {apparent_age.NAME} else "install it"
        raise GateError(
            f"gate: {VARIABLE} asks for {', '.join(sorted(missing))}, which no installed package brings, so nothing is "
            f"made; {how}"
        )
    return tuple(checks)


def _loaded(name: str, load: Callable[[], object]) -> GateCheck:
    try:
        loaded = load()
    except Exception as error:
        raise GateError(
            f"gate: the check {name!r} cannot be loaded ({_cause(error)}), so nothing is made; install what it needs, "
            "or remove its package"
        ) from error
    if not callable(loaded):
        raise GateError(f"gate: the check {name!r} is no function, so nothing is made; remove its package")
    return GateCheck(name, cast("Callable[[Image], object]", loaded))


def required_checks() -> set[str]:
    """Names that the environment asks for."""
    return {name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()}


def _cause(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
