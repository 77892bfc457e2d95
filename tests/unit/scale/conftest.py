"""Two nodes on this machine, each with one core, for as long as one file of tests needs them."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mimica.scale  # noqa: F401 before Ray: it says that Ray joins no cluster by itself

RAY = "needs the extra `ray`"


QUICK = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}
"""A node that is silent for five seconds counts as dead; Ray waits longer by default."""


@dataclass
class TwoNodes:
    """A cluster whose second node can be killed."""

    cluster: Any
    second: Any

    def kill_second(self) -> None:
        """Every process of the node, without a word."""
        self.cluster.remove_node(self.second, allow_graceful=False)

    def start_second(self) -> None:
        self.second = self.cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
        self.cluster.wait_for_nodes()


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[TwoNodes]:
    ray = pytest.importorskip("ray", reason=RAY)
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)  # for hashing_work.py
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # else 15: starved on a busy machine
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")
        cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "object_store_memory": 80_000_000,
                "include_dashboard": False,
                "_system_config": QUICK,
            },
        )
        nodes = TwoNodes(cluster, None)
        nodes.start_second()
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        try:
            yield nodes
        finally:
            ray.shutdown()
            cluster.shutdown()
            os.environ.pop("RAY_ADDRESS", None)
            nodes.cluster = nodes.second = cluster = None
            with warnings.catch_warnings():  # processes of a node that was killed were never waited for
                warnings.simplefilter("ignore")
                gc.collect()
