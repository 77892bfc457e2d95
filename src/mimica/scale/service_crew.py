"""The REST service's workers on Ray Serve: as many replicas as jobs wait for, on whatever nodes there are.

The service's own queue stays the truth. What travels is a ticket, a fresh name: the replica that gets it claims the job
that has waited longest under this name, and makes it. When replica or node dies, whatever the name held waits again, as
with the processes of one machine. This module does not know the queue's tables, nor HTTP.
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from mimica.scale.serving import ServiceSize, deployed

LOOK_S = 0.25
TICKETS_PER_REPLICA = 2
"""Tickets under way for each replica that there may be: one at work, one that waits for it."""

PAUSE_S = 2.0
"""How long a ticket that failed holds its place: replicas that cannot work at all are not asked in a hurry."""

STOP_S = 10.0

Errand = Callable[[str], bool]
"""Makes a waiting job in the name that it is given; False when none waits. It travels to the replicas."""


class JobQueue(Protocol):
    """What is asked of the service's queue."""

    def unfinished(self) -> int:
        """How many jobs wait or run."""
        ...

    def bury(self, worker: str) -> None:
        """Whoever bears this name is dead: its leases end now."""
        ...

    def release(self, worker: str) -> None:
        """Whoever bears this name was told to stop: what it holds waits again, and is not counted as tried."""
        ...

    def recover(self) -> int:
        """Jobs whose lease is over wait again."""
        ...


class Replica:
    """One replica: does the errands that tickets bring."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    def run(self, ticket: str) -> bool:
        return self._errand(ticket)


class ServeCrew:
    """Keeps replicas busy on the cluster that this process has joined; see ``service.crew.Crew``."""

    def __init__(self, errand: Errand, queue: JobQueue, size: ServiceSize, name: str = "mimica-service") -> None:
        """size: its `queue` is not used: jobs wait in the service's own."""
        self._errand, self._queue, self._size, self._name = errand, queue, replace(size, queue=-1), name
        self._most = TICKETS_PER_REPLICA * size.most
        self._open: dict[str, Future[None]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tickets", daemon=True)
        self._senders = ThreadPoolExecutor(self._most, thread_name_prefix="ticket")
        self._handle: DeploymentHandle | None = None
        self.restarts = 0

    @property
    def alive(self) -> int:
        """How many replicas run."""
        try:
            app = serve.status().applications[self._name]
        except (KeyError, RayError, RayServeException):
            return 0
        return sum(states.replica_states.get("RUNNING", 0) for states in app.deployments.values())

    def start(self) -> None:
        self._handle = deployed(Replica, (self._errand,), self._size, self._name)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        held = list(self._open)
        for ticket in held:
            self._queue.release(ticket)  # the replica finds its claim gone, and stops
        with suppress(RayError, RayServeException):
            serve.delete(self._name)
        # nothing of ours may ask Ray after this process has left the cluster: it would join again
        wait(self._open.values(), STOP_S)
        if self._handle is not None:
            wait([self._senders.submit(self._handle.shutdown)], STOP_S)
        self._senders.shutdown(wait=False, cancel_futures=True)
        for ticket in held:
            self._queue.release(ticket)  # one that was on its way may have claimed a job meanwhile
        self._queue.recover()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._queue.recover()
                self._open = {ticket: sent for ticket, sent in self._open.items() if not sent.done()}
                for _ in range(min(self._queue.unfinished(), self._most) - len(self._open)):
                    ticket = f"replica-{secrets.token_hex(8)}"
                    self._open[ticket] = self._senders.submit(self._send, ticket)
            except Exception as error:  # noqa: BLE001 the database may be away for a moment
                print(f"mimica serve: the queue does not answer: {type(error).__name__}", file=sys.stderr)
            self._stopping.wait(LOOK_S)

    def _send(self, ticket: str) -> None:
        assert self._handle is not None
        try:
            self._handle.run.remote(ticket).result()
        except (RayError, RayServeException):  # the replica or its node died
            if not self._stopping.is_set():
                self.restarts += 1
                self._queue.bury(ticket)
                self._stopping.wait(PAUSE_S)
