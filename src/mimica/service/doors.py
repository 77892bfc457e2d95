"""Who may knock: Host and Origin of every request, the rate, and what every answer says to the browser.

A page of another site, a rebound DNS name or a forged Origin reaches nothing, reads included. Programs that send no
Origin are let through; on anything but loopback they need a token (`tokens`). This module does not know any route.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mimica.service.problems import Problem

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; require-trusted-types-for 'script'"
)
HEADERS: Final = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer; an answer may be stricter itself."""


class Doors:
    """ASGI middleware: refuses what comes from elsewhere, and adds `HEADERS`."""

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        """origins: "scheme://host[:port]" under which the service is reached; their hosts are the Hosts believed."""
        self._app, self._origins = app, origins
        self._hosts = {urlsplit(origin).netloc for origin in origins}
        self._hosts |= {f"{host}:{port}" for origin in origins for host, port in _default_port(origin)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            problem = self._refusal(scope)
            if problem is not None:
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        problem = self._refusal(scope)
        await (problem.response() if problem else self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if host not in self._hosts:
            return Problem(421, "wrong-host", "this service does not answer to that Host; see --public-url")
        for origin in headers.getlist("origin"):
            if not self._is_own(origin, host):
                return _foreign()
        referer = headers.get("referer")
        if referer and not headers.get("origin") and scope.get("method", "GET") not in ("GET", "HEAD"):
            parts = urlsplit(referer)
            if not self._is_own(f"{parts.scheme}://{parts.netloc}", host):
                return _foreign()
        opens_page = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET"
        site = headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not (opens_page and not scope["path"].startswith("/api/")):
            return _foreign()
        return None

    def _is_own(self, origin: str, host: str) -> bool:
        if origin.lower() not in self._origins:
            return False
        own = urlsplit(origin.lower())
        return host == own.netloc or host in {f"{name}:{port}" for name, port in _default_port(origin.lower())}


def _default_port(origin: str) -> list[tuple[str, int]]:
    """(host, port) of an origin that does not name its port."""
    parts = urlsplit(origin)
    return [] if parts.port else [(parts.netloc, 443 if parts.scheme == "https" else 80)]


def _foreign() -> Problem:
    return Problem(403, "wrong-origin", "the request comes from another site; open the page of this service itself")


class Rates:
    """A bucket of requests for each caller, filled steadily; the callers seen longest ago are forgotten."""

    MOST_CALLERS: Final = 10_000

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, tokens: float = 1.0) -> None:
        """Count a request. Raises Problem 429 when the bucket is empty."""
        now = self._clock()
        left, seen = self._buckets.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - seen) * self._per_s)
        allowed = left >= tokens
        self._buckets[caller] = (left - tokens if allowed else left, now)
        if len(self._buckets) > self.MOST_CALLERS:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = max(1, round((tokens - left) / self._per_s))
            raise Problem(429, "too-fast", f"too many requests; wait {wait} s", headers={"Retry-After": str(wait)})
