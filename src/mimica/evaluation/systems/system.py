"""What every system under test is to the runner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mimica.evaluation.cases import Case, Image
from mimica.evaluation.loaded_case import LoadedCase


class System(Protocol):
    """Makes a film of a case."""

    @property
    def name(self) -> str:
        """Short, usable as a file name."""
        ...

    @property
    def says(self) -> str:
        """In one sentence, for the report."""
        ...

    @property
    def releases(self) -> bool:
        """Whether its films are made here and therefore leave by `safety.release`; not for films from elsewhere."""
        ...

    def fingerprint(self, case: Case) -> dict[str, str]:
        """What its output depends on besides the case: names and hashes. A change makes the runner do it again."""
        ...

    def takes(self, case: Case) -> bool:
        """Whether it can be asked."""
        ...

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        """T frames (H, W, 3) uint8 RGB, one for each frame of the driver, best of the photo's size.

        Raises MimicaError when it cannot.
        """
        ...
