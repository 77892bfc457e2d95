"""The frozen benchmark: rendered cross-identity groups with exact truth, shipped inside the package.

Twelve cases: three scripts (`scripts`), each performed by one rendered person and to be performed by four others, 256
px, 25 frames a second. All are held-out portraits of people who do not exist. The instance is known by the hash of its
list of hashes; a changed file is refused, so numbers of one version can be compared. This module does not render.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from mimica.errors import UsageError
from mimica.evaluation.cases import Case, sha256_of

FROZEN_FOLDER = Path(__file__).parent / "benchmark"
FROZEN_VERSION = "1"
FROZEN_SHA256 = "da1b3ad68f56e6507f72ec176383d59c776257b6c55515e3a4379b08f3571835"
"""Of the frozen instance's list of hashes, see `Benchmark.sha256`."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A folder of rendered cases: rows of `benchmark.json`, and the sha256 of its list of hashes."""

    folder: Path
    cases: tuple[dict[str, str], ...]
    sha256: str

    @property
    def version(self) -> str:
        """ "1" for the instance shipped with this version, else "generated"."""
        return FROZEN_VERSION if self.sha256 == FROZEN_SHA256 else "generated"

    def case(self, row: dict[str, str], suite: str = "truth") -> Case:
        """One row as a case of the *truth* suite."""
        return Case(
            suite=suite, name=row["name"], photo_file=self.folder / row["photo"], driver=self.folder / row["driver"],
            consent="fictional", target=self.folder / row["target"], truth_file=self.folder / row["truth"],
        )  # fmt: skip

    def photos(self) -> list[Path]:
        return [self.folder / name for name in dict.fromkeys(row["photo"] for row in self.cases)]

    def drivers(self) -> list[Path]:
        return [self.folder / name for name in dict.fromkeys(row["driver"] for row in self.cases)]


def load_benchmark(folder: Path = FROZEN_FOLDER) -> Benchmark:
    """Read and check every file of a benchmark.

    Raises:
        UsageError: it is not one, or a file is missing or differs from its hash.
    """
    try:
        content = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))
        files: dict[str, str] = content["files"]
        cases = tuple(content["cases"])
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"benchmark {folder}: not readable ({error}); install mimica again or render it anew"
        ) from error
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != expected:
            raise UsageError(
                f"benchmark {folder}: {name} is missing or changed, so its numbers could not be compared; "
                f"install mimica again or render it anew"
            )
    listed = "\n".join(f"{digest}  {name}" for name, digest in sorted(files.items()))
    digest = hashlib.sha256(listed.encode()).hexdigest()
    if folder == FROZEN_FOLDER and digest != FROZEN_SHA256:
        raise UsageError(f"benchmark {folder}: is not version {FROZEN_VERSION}; install mimica again")
    return Benchmark(folder, cases, digest)
