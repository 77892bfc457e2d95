"""The invisible mark: a 16-bit id in every frame, readable after ordinary processing.

`Marker` writes, `read_mark` reads; docs/explanation/mark.md says how, docs/bench/mark.md what it survives. The id
means nothing by itself: the ledger knows which animation it names. `engine` gives other marks behind the same two
names. This package knows no files.
"""

from __future__ import annotations

from mimica.safety.mark.codec import MARK_ID_BITS
from mimica.safety.mark.detector import read_mark
from mimica.safety.mark.embedder import Marker
from mimica.safety.mark.engines import engine
from mimica.safety.mark.reading import Geometry, MarkReading

__all__ = ["MARK_ID_BITS", "Geometry", "MarkReading", "Marker", "engine", "read_mark"]
