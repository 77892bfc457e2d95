"""Reading packs: several `.npz` files with the same arrays become one set of arrays, without holding any row twice.

This module does not know what the arrays mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mimica.errors import InputError


def stack_packs(paths: Sequence[Path], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays `names` of every pack, stacked in the order of `paths` along the first axis.

    Raises:
        InputError: a pack is damaged, lacks an array, or has rows of another shape.
    """
    counts = [len(_read(path, names[-1])) for path in paths]
    stops = np.cumsum(counts)
    whole: dict[str, NDArray[Any]] = {}
    for name in names:
        for path, count, stop in zip(paths, counts, stops, strict=True):
            part = _read(path, name)
            if name not in whole:
                whole[name] = np.empty((int(stops[-1]), *part.shape[1:]), part.dtype)
            if part.shape != (count, *whole[name].shape[1:]):
                raise InputError(
                    f"{path}: its {name} has shape {part.shape}, not {(count, *whole[name].shape[1:])}; "
                    "keep packs made with other settings in folders of their own"
                )
            whole[name][stop - count : stop] = part
    return whole


def _read(path: Path, name: str) -> NDArray[Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as pack:
            return pack[name]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: not a whole pack ({error}); delete it and let mimica synthesize go on") from error
