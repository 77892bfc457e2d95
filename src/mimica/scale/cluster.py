"""Which cluster: one that is there, or one that is started in this machine. It does not know what for."""

from __future__ import annotations

import os

import ray

from mimica.errors import UsageError

OBJECT_STORE_BYTES = 200_000_000
"""A local cluster's shared memory: what travels is numbers and names, films stay on disk."""


def connect(address: str | None = None, workers: int = 0) -> int:
    """Join the cluster at `address`, or start one here; gives the number of its cores. Joining again does nothing.

    workers: cores of a cluster that is started here; 0 takes all. Raises UsageError when nobody answers at `address`.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told who trains on what
    if not ray.is_initialized():
        try:
            if address is None:
                os.environ.setdefault("RAY_worker_niceness", "0")  # else 15: starved by what else runs here
                ray.init(
                    address="local", num_cpus=workers or None, include_dashboard=False, log_to_driver=False,
                    logging_level="ERROR", object_store_memory=OBJECT_STORE_BYTES,
                )  # fmt: skip
            else:
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, ValueError) as error:
            raise UsageError(
                f"--address {address}: no Ray cluster can be joined ({' '.join(str(error).split())}); "
                "start one with ray start --head, or leave the option out"
            ) from error
    return max(1, int(ray.cluster_resources().get("CPU", 1)))
