"""A cluster on paper: many short tasks, one long training, a stream of requests, each with machines that fail.

Each simulation has a formula beside it, so that one checks the other; docs/explanation/scaling.md uses both. Times are
seconds. This module knows neither Ray nor what a task does, and draws everything from the generator it is given.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fleet:
    """nodes of `cores` each; a node fails every `mtbf_s` in the mean and is back after `repair_s`.

    dispatch_s: what the one scheduler needs to hand out a task.
    """

    nodes: int
    cores: int
    mtbf_s: float = math.inf
    repair_s: float = 600.0
    dispatch_s: float = 0.0

    @property
    def availability(self) -> float:
        """Share of the time that a node is up."""
        return 1.0 if math.isinf(self.mtbf_s) else self.mtbf_s / (self.mtbf_s + self.repair_s)


@dataclass(frozen=True, slots=True)
class Shift:
    """How a pile of tasks went. begun: how often a task was begun; above the number of tasks where some were lost."""

    makespan_s: float
    begun: int
    failures: int
    wasted_share: float


def run_tasks(durations_s: FloatArray, fleet: Fleet, rng: np.random.Generator) -> Shift:
    """Carry out every task once: taken in order by whoever is free, begun again when its node fails."""
    waiting = deque(range(len(durations_s)))
    free = [(node, 0) for node in range(fleet.nodes) for _ in range(fleet.cores)]  # (node, its life)
    life, up = [0] * fleet.nodes, [True] * fleet.nodes
    running: list[dict[int, float]] = [{} for _ in range(fleet.nodes)]
    events: list[tuple[float, int, str, int, int]] = []  # (when, tie, what, node or task, life)
    tie = begun = failures = finished = 0
    wasted_s = now = scheduler_free_s = last_s = 0.0

    def plan(when: float, what: str, node: int, extra: int) -> None:
        nonlocal tie
        tie += 1
        heapq.heappush(events, (when, tie, what, node, extra))

    if not math.isinf(fleet.mtbf_s):
        for node in range(fleet.nodes):
            plan(float(rng.exponential(fleet.mtbf_s)), "fail", node, 0)
    home: dict[int, tuple[int, int]] = {}
    while finished < len(durations_s):
        while waiting and free:
            node, born = free.pop()
            if not up[node] or born != life[node]:
                continue
            task = waiting.popleft()
            scheduler_free_s = max(now, scheduler_free_s) + fleet.dispatch_s
            begun += 1
            running[node][task] = scheduler_free_s
            home[task] = (node, born)
            plan(scheduler_free_s + float(durations_s[task]), "done", task, born)
        now, _, what, number, born = heapq.heappop(events)
        if what == "done":
            node, at = home.get(number, (-1, -1))
            if node < 0 or at != born or number not in running[node] or life[node] != born:
                continue  # its node failed meanwhile
            del running[node][number], home[number]
            finished, last_s = finished + 1, now
            free.append((node, born))
        elif what == "fail":
            failures += 1
            for task, since in running[number].items():
                wasted_s += max(0.0, now - since)
                waiting.appendleft(task)
                del home[task]
            running[number].clear()
            up[number], life[number] = False, life[number] + 1
            plan(now + fleet.repair_s, "back", number, 0)
        else:
            up[number] = True
            free += [(number, life[number])] * fleet.cores
            plan(now + float(rng.exponential(fleet.mtbf_s)), "fail", number, 0)
    useful_s = float(durations_s.sum())
    return Shift(last_s, begun, failures, wasted_s / (useful_s + wasted_s))


def expected_makespan_s(durations_s: FloatArray, fleet: Fleet) -> float:
    """The formula: work and what failures waste of it, over the cores that are up; or the scheduler, if it is slower.

    A task of D seconds is hit with probability D / mtbf and loses half of itself in the mean, so waste is
    Σ D² / (2 mtbf); the end frays by half of the longest task.
    """
    work_s = float(durations_s.sum())
    waste_s = 0.0 if math.isinf(fleet.mtbf_s) else float(np.square(durations_s).sum()) / (2 * fleet.mtbf_s)
    by_cores = (work_s + waste_s) / (fleet.nodes * fleet.cores * fleet.availability)
    return max(by_cores, len(durations_s) * fleet.dispatch_s) + float(durations_s.max()) / 2


def run_training(
    work_s: float, workers: int, mtbf_s: float, every_s: float, save_s: float, restart_s: float,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """Seconds that a synchronous run of `work_s` takes on `workers`, any of which stops all when it fails.

    mtbf_s: of one worker. every_s: work between checkpoints; save_s: what one costs. restart_s: from a failure to work.
    """
    now = done = 0.0
    rate = workers / mtbf_s
    fails_at = now + float(rng.exponential(1 / rate))
    while done < work_s:
        piece = min(every_s, work_s - done)
        end = now + piece + save_s
        if fails_at < end:  # back to the last checkpoint
            now = fails_at + restart_s
            fails_at = now + float(rng.exponential(1 / rate))
        else:
            now, done = end, done + piece
    return now


def best_interval_s(workers: int, mtbf_s: float, save_s: float) -> float:
    """Work between checkpoints that loses least (Young 1974, "A first order approximation to the optimum checkpoint
    interval"): √(2 · save · time between failures of the whole)."""
    return math.sqrt(2 * save_s * mtbf_s / workers)


def expected_training_s(
    work_s: float, workers: int, mtbf_s: float, every_s: float, save_s: float, restart_s: float
) -> float:
    """The formula (Daly 2006, equation 20): work, checkpoints, and what failures undo."""
    whole_s = mtbf_s / workers
    return whole_s * math.exp(restart_s / whole_s) * math.expm1((every_s + save_s) / whole_s) * work_s / every_s


def run_requests(rate_per_s: float, service_s: FloatArray, replicas: int, rng: np.random.Generator) -> FloatArray:
    """Seconds that each request waits for one of `replicas`, first come first served, arrivals at random."""
    arrivals = np.cumsum(rng.exponential(1 / rate_per_s, len(service_s)))
    free = [0.0] * replicas
    waits = np.empty(len(service_s))
    for index, (arrival, service) in enumerate(zip(arrivals, service_s, strict=True)):
        begin = max(arrival, heapq.heappop(free))
        waits[index] = begin - arrival
        heapq.heappush(free, begin + service)
    return waits


def expected_wait_s(rate_per_s: float, mean_s: float, replicas: int, variation: float = 1.0) -> float:
    """The formula: Erlang's C, corrected for how service times vary (Allen & Cunneen); infinite when overloaded.

    variation: standard deviation of the service time over its mean.
    """
    load = rate_per_s * mean_s
    if load >= replicas:
        return math.inf
    block = 1.0
    for number in range(1, replicas + 1):  # Erlang's B, by its recursion
        block = load * block / (number + load * block)
    waits = block / (1 - (load / replicas) * (1 - block))
    return waits * mean_s / (replicas - load) * (1 + variation**2) / 2
