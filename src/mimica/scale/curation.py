"""Curation on Ray Data: each item of a stage is a row, each row a task; a task whose node dies runs elsewhere.

The stage itself travels to the workers and knows nothing of it. Results come in any order. Sources and corpus lie on a
file system that all nodes share.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import ray
import ray.data

from mimica.curation.engine import ItemT, ResultT, Stage

CORES_PER_ITEM = 1
"""Networks and encoder run on one thread, so that bytes do not depend on the machine."""

MOST_BLOCKS, BLOCKS_PER_CORE = 5_000, 8
"""Into how many blocks many items are divided, at least and for each core of the cluster. A block is what the scheduler
hands out, what is lost with a node and done again; so it is one item while that is possible."""


def blocks(items: int, cores: int) -> int:
    """How many blocks so many items make."""
    return min(items, max(MOST_BLOCKS, BLOCKS_PER_CORE * cores))


class RayEngine:
    """The engine on the cluster that this process has joined (``cluster.connect``)."""

    name = "ray"

    def __init__(self, workers: int = 0) -> None:
        """workers: items at a time; 0 is as many as the cluster has cores."""
        self._workers = workers

    def map(self, stage: Stage[ItemT, ResultT], items: Sequence[ItemT]) -> Iterator[ResultT]:
        """The stage's result for every item, each once, as they come."""
        if not items:
            return
        _set_up()
        done: set[int] = set()
        cores = int(ray.cluster_resources().get("CPU", 1))
        rows = [{"number": number, "item": item} for number, item in enumerate(items)]
        data = ray.data.from_items(rows, override_num_blocks=blocks(len(rows), cores)).map(
            _Carried(stage), num_cpus=CORES_PER_ITEM, compute=ray.data.TaskPoolStrategy(self._workers or None)
        )
        for row in data.iter_rows():
            if row["number"] not in done:  # at most once each, whatever was done twice
                done.add(row["number"])
                yield row["result"]


class _Carried:
    """A stage as Ray Data wants it: row → row."""

    def __init__(self, stage: Stage[Any, Any]) -> None:
        self._stage = stage

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"number": row["number"], "result": self._stage(row["item"])}


def _set_up() -> None:
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # progress is the pipeline's to tell
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.verbose_stats_logs = False
    context.execution_options.preserve_order = False
