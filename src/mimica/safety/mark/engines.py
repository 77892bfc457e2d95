"""Other marks behind the same two names: `engine("mimica")` is ours, any other name is a plug-in.

"trustmark" and "videoseal" are bound in ``mimica.marks``, for users who install those and fetch their weights; Mimica
installs and downloads nothing. Any other plug-in is a Python package with an entry point in the group `mimica.marks`
that names an object (a module will do) with `Marker` and `read_mark` as `mimica.safety.mark` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.mark.detector import read_mark
from mimica.safety.mark.embedder import Marker
from mimica.safety.mark.reading import MarkReading

GROUP: Final = "mimica.marks"
BUILT_IN: Final = "mimica"
BOUND: Final = {"trustmark": "mimica.marks.trustmark", "videoseal": "mimica.marks.videoseal"}
"""Marks of others whose binding ships with Mimica; an installed package cannot take their names."""


class Writes(Protocol):
    """What marks frames: see `Marker`."""

    def mark(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]: ...


class Engine(Protocol):
    """A way to mark: `Marker(mark_id)` and `read_mark(frames)` as in `mimica.safety.mark`."""

    @property
    def Marker(self) -> Callable[[int], Writes]: ...

    @property
    def read_mark(self) -> Callable[[Iterable[NDArray[np.uint8]]], MarkReading]: ...


class _BuiltIn:
    Marker = Marker
    read_mark = staticmethod(read_mark)


def engine(name: str = BUILT_IN) -> Engine:
    """The mark of that name. Raises UsageError when no installed package brings it, or when it lacks a function."""
    if name == BUILT_IN:
        return cast(Engine, _BuiltIn())
    loaders: dict[str, Callable[[], object]] = {point.name: point.load for point in entry_points(group=GROUP)}
    for bound, module in BOUND.items():
        loaders[bound] = partial(import_module, module)
    if name not in loaders:
        known = ", ".join([BUILT_IN, *sorted(loaders)])
        raise UsageError(
            f"mark {name!r}: no installed package brings it; install one with an entry point {name!r} in the group"
            f" {GROUP!r}, or choose one of: {known}"
        )
    try:
        loaded = loaders[name]()
    except Exception as error:  # a stranger's code
        cause = " ".join(str(error).split())[:200] or type(error).__name__
        raise UsageError(f"mark {name!r}: its package cannot be loaded ({cause}); install what it needs") from error
    missing = [part for part in ("Marker", "read_mark") if not callable(getattr(loaded, part, None))]
    if missing:
        raise UsageError(f"mark {name!r}: its package has no {' and no '.join(missing)}; ask its authors for both")
    return cast(Engine, loaded)
