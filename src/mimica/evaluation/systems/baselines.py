"""The floor and the ceiling: a still photo, and the true result itself."""

from __future__ import annotations

from collections.abc import Iterable

from mimica.evaluation.cases import Case, Image
from mimica.evaluation.loaded_case import LoadedCase


class StaticPhoto:
    """The photo, standing still: identity and sharpness are perfect, and nothing happens."""

    name = "static"
    says = "the photo itself, standing still: what a system must beat"
    releases = True

    def fingerprint(self, case: Case) -> dict[str, str]:
        return {"static": "1"}

    def takes(self, case: Case) -> bool:
        return True

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        return [loaded.photo] * len(loaded.driver)


class RigWarp:
    """The data engine's own rendering with the true coefficients: the films that the targets are. Only in *truth*.

    Pictures equal the truth by definition; what is read from them shows how far readers can be trusted.
    """

    name = "rig-warp"
    says = "the renderer with the true motion: the best that a result could score"
    releases = True

    def fingerprint(self, case: Case) -> dict[str, str]:
        return {"rig-warp": "1"}

    def takes(self, case: Case) -> bool:
        return case.truth_file is not None

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        assert loaded.target is not None
        return loaded.target
