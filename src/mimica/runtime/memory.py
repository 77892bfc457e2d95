"""Memory: freed pictures go back to the system at once, where its allocator would keep them.

glibc raises the size from which a block is returned as soon as one was freed, and opens an arena a thread, so a film's
frames stay as holes that nothing fills: 774 MB at 1920 × 1080 against 623 with this (docs/bench/speed.md).
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of `mallopt`, from malloc.h."""
OWN_BLOCK_BYTES: Final = 4_000_000
"""Blocks from this size are asked of the system and given back whole."""
KEPT_FREE_BYTES: Final = 64_000_000
ARENAS: Final = 2


def return_freed_memory() -> bool:
    """Set the allocator of the whole process so, which programs may do and libraries may not; whether it worked."""
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False  # another C library than glibc
    wishes = ((_ARENA_MAX, ARENAS), (_MMAP_THRESHOLD, OWN_BLOCK_BYTES), (_TRIM_THRESHOLD, KEPT_FREE_BYTES))
    return all(bool(mallopt(name, value)) for name, value in wishes)
