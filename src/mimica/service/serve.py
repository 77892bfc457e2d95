"""Serving: the app on an address, by uvicorn, until it is told to stop.

This module does not know the command line.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from mimica.errors import Interrupted, UsageError
from mimica.service.app import create_app
from mimica.service.crew import Crew
from mimica.service.queue import Queue
from mimica.service.settings import ServiceSettings, bracketed


def listen(settings: ServiceSettings) -> socket.socket:
    """A socket on the address. Raises UsageError when that is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((settings.host, settings.port))
        door.listen(512)  # who knocks before the app is ready waits
    except OSError as error:
        door.close()
        raise UsageError(
            f"cannot listen on {settings.host} port {settings.port} ({error.strerror}); choose another --port"
        ) from error
    return door


def serve(settings: ServiceSettings, ready: Callable[[str], None], crew: Callable[[Queue], Crew] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. ready: is told the page's address before the first request.

    crew: see `create_app`.

    Raises:
        UsageError, OutputError: see `create_app` and `listen`.
    """
    with listen(settings) as door:
        app = create_app(settings, crew)
        name = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0") else bracketed(settings.host)
        # X-Forwarded headers are not believed: --public-url says how the service is reached
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, proxy_headers=False, server_header=False,
            timeout_graceful_shutdown=3, timeout_keep_alive=15, h11_max_incomplete_event_size=32 << 10,
            ws="websockets-sansio", ws_max_size=2 << 20, ws_per_message_deflate=False,
        )  # fmt: skip
        ready(settings.public_urls[0] if settings.public_urls else f"http://{name}:{settings.port}")
        with suppress(Interrupted, KeyboardInterrupt):  # uvicorn tells again what it stopped for; that is no failure
            uvicorn.Server(config).run(sockets=[door])
