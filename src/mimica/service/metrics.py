"""Numbers for Prometheus: requests and how long they took, jobs by state, workers.

Each service has a registry of its own, so that two in one process do not mix. This module does not know routes.
"""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mimica_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "mimica_request_seconds", "Seconds to the first byte of an answer.", ("route",), buckets=BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self.jobs = Gauge("mimica_jobs", "Jobs that are kept, by state.", ("state",), registry=self.registry)
        self.accepted = Counter("mimica_jobs_accepted", "Jobs accepted.", registry=self.registry)
        self.workers = Gauge("mimica_workers", "Workers that run.", registry=self.registry)
        self.restarts = Gauge("mimica_worker_restarts", "Workers that died and were replaced.", registry=self.registry)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)


class Measured:
    """ASGI middleware that counts every answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")  # the pattern, never what a client wrote
                method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE") else "other"
                self._metrics.requests.labels(method, route, str(message["status"])).inc()
                self._metrics.seconds.labels(route).observe(time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, counted)
