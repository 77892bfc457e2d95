"""Further checks at the gate, from packages that the user installs: such as one that recognises children.

Mimica ships none (RESPONSIBLE_USE.md says why). A package brings one by an entry point in the group `mimica.checks`: a
function that takes a picture, (H, W, 3) uint8 RGB, and gives the reason for a refusal in words, or None. Every one that
is installed is asked; `MIMICA_REQUIRED_CHECKS=name,name` names those without which nothing is made. A check that is
required and missing, cannot be loaded, fails or answers anything else is a refusal. This module does not know what is
checked.
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
    checks: list[GateCheck] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            loaded: object = point.load()
        except Exception as error:
            raise GateError(
                f"gate: the check {point.name!r} cannot be loaded ({_cause(error)}), so nothing is made; install what "
                "it needs, or remove its package"
            ) from error
        if not callable(loaded):
            raise GateError(f"gate: the check {point.name!r} is no function, so nothing is made; remove its package")
        checks.append(GateCheck(point.name, cast("Callable[[Image], object]", loaded)))
    missing = required_checks() - {check.name for check in checks}
    if missing:
        raise GateError(
            f"gate: {VARIABLE} asks for {', '.join(sorted(missing))}, which no installed package brings, so nothing is "
            "made; install it"
        )
    return tuple(checks)


def required_checks() -> set[str]:
    """Names that the environment asks for."""
    return {name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()}


def _cause(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
