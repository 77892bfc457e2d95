"""Freed blocks go back to the system: seen in a process of its own, since the setting is for the whole process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CODE = """
import sys
import numpy as np
from mimica.runtime.memory import return_freed_memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "set":
    assert return_freed_memory()
np.ones(30_000_000, np.uint8)  # freed at once: glibc now keeps blocks up to this size
before = resident()
blocks = [np.ones(6_000_000, np.uint8) for _ in range(30)]
kept = blocks[-1]
del blocks
print((resident() - before) // 1_000_000)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_freed_pictures_are_not_kept() -> None:
    kept = {
        how: int(subprocess.run([sys.executable, "-c", CODE, how], stdout=subprocess.PIPE, check=True).stdout)
        for how in ("set", "as it is")
    }
    assert kept["set"] < 20
    assert kept["as it is"] > 100
