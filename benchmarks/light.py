"""How light the installation is: seconds to import mimica and its command line, and megabytes on disk.

Prints one row a measurement: `python benchmarks/light.py`. The sizes are those of the packages that
`pip install mimica` brings, as their own lists of files give them, in this environment.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

RUNS = 9
STATEMENTS = ("pass", "import mimica", "import mimica.cli.main")


def seconds(statement: str) -> float:
    """Median wall clock of a fresh interpreter that runs `statement`, the first, cold run left out."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def needed(name: str) -> set[str]:
    """Names of the installed packages that `name` needs, itself included, extras apart."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        try:
            requirements = distribution(current).requires or []
        except PackageNotFoundError:
            continue  # not needed on this platform
        found.add(current)
        plain = [line for line in requirements if "extra ==" not in line]
        waiting += [re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in plain]
    return found


def megabytes(name: str) -> float:
    """Size of a package's files on disk; of mimica, its source folder (it may be installed in place)."""
    if name == "mimica":
        folder = Path(__file__).parents[1] / "src" / "mimica"
        files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    else:
        files = [Path(str(entry.locate())) for entry in distribution(name).files or []]
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def main() -> None:
    base = seconds(STATEMENTS[0])
    print(f"interpreter alone         {base:.3f} s")
    for statement in STATEMENTS[1:]:
        print(f"{statement:<25} {seconds(statement) - base:.3f} s more")
    sizes = {name: megabytes(name) for name in needed("mimica")}
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:<25} {size:8.1f} MB")
    print(f"{'together':<25} {sum(sizes.values()):8.1f} MB")


if __name__ == "__main__":
    main()
