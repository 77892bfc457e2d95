"""*truth*: rendered people perform what another rendered person performs, and the right result is known exactly.

The frozen benchmark first; with portraits and a rig also any number of groups from seeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mimica.evaluation.benchmark import Benchmark
from mimica.evaluation.cases import Case

QUICK_SUBJECTS = 2
"""Subjects of each driving video in a quick run."""


def truth_cases(benchmarks: Iterable[Benchmark], *, quick: bool = False, frames: int | None = None) -> list[Case]:
    """Every case of the benchmarks; a quick run takes two subjects of each driving video."""
    cases: list[Case] = []
    for benchmark in benchmarks:
        taken: dict[str, int] = {}
        for row in benchmark.cases:
            taken[row["driver"]] = taken.get(row["driver"], 0) + 1
            if not quick or taken[row["driver"]] <= QUICK_SUBJECTS:
                cases.append(replace(benchmark.case(row), frames=frames))
    return cases
