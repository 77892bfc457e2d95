"""Time stamps: asking an RFC 3161 server, whose owner is a stranger, without waiting for ever or reading without end.

The native library that signs asks the server itself and believes in it: it reads whatever comes for 30 seconds (2.4 GB
were measured from a server that never stopped). So it is given an address on this machine, behind which `StampRelay`
asks the real server under limits and remembers what went wrong. This module does not know what is stamped: it sees a
hash, as the server does.
"""

from __future__ import annotations

import secrets
import socket
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import IO, Final, Self
from urllib.parse import urlsplit

from mimica.errors import OutputError

MAX_ANSWER_BYTES: Final = 1 << 16
"""A time stamp with its certificates has some 6,000 bytes."""
MAX_QUERY_BYTES: Final = 1 << 14
PATIENCE_S: Final = 20.0
REACH_S: Final = 5.0
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def require_reachable(url: str) -> None:
    """Connect to a time stamp server and hang up again: a video should not be computed for one that is not there.

    Raises OutputError. Where a proxy stands between, nothing can be told, and nothing is asked.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if _behind_proxy(parts.scheme, host):
        return
    try:
        socket.create_connection((host, port), REACH_S).close()
    except OSError as error:
        raise OutputError(
            f"time stamp server {url}: cannot be reached ({error.strerror or error}), so nothing was computed; "
            "try again later, or leave out --timestamp"
        ) from error


class StampRelay:
    """Stands before a time stamp server while a file is signed; use it in a ``with`` block.

    url: what to give to the library; the server's own address where the environment sends even this machine's
    addresses to a proxy. problem: why there was no time stamp, empty when all went well or nothing was asked.
    """

    def __init__(self, server_url: str) -> None:
        self.problem = ""
        self.url = server_url
        self._server_url = server_url
        self._path = f"/{secrets.token_hex(8)}"
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        if _behind_proxy("http", "127.0.0.1"):
            return self
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{self._path}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def ask(self, query: bytes) -> bytes:
        """The server's answer to a time stamp query; empty with a `problem` when there is none worth passing on."""
        request = urllib.request.Request(self._server_url, query, {"Content-Type": _QUERY}, method="POST")
        opener = urllib.request.build_opener(_NoRedirect)
        deadline = time.monotonic() + PATIENCE_S
        try:
            with opener.open(request, timeout=PATIENCE_S / 2) as response:
                answer = _read(response, deadline)
        except urllib.error.HTTPError as error:
            self.problem = f"it answered {error.code}"
            error.close()
        except (OSError, ValueError) as error:  # ValueError: no HTTP at all
            self.problem = f"it did not answer ({getattr(error, 'reason', error) or type(error).__name__})"
        except Exception as error:  # noqa: BLE001 http.client raises a family of its own on what is no HTTP
            self.problem = f"its answer is no HTTP ({type(error).__name__})"
        else:
            if len(answer) <= MAX_ANSWER_BYTES:
                return answer
            self.problem = f"it sent more than {MAX_ANSWER_BYTES} bytes"
        return b""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE_S

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                wanted = self.path == relay._path and length.isdecimal() and int(length) <= MAX_QUERY_BYTES
                answer = relay.ask(self.rfile.read(int(length))) if wanted else b""
                with suppress(OSError):
                    self.send_response(200 if answer else 502)
                    self.send_header("Content-Type", _REPLY)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: whoever signs tells what went wrong."""

        return Handler


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The person named one server, and no other is asked."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _read(response: IO[bytes], deadline: float) -> bytes:
    """The body, one byte more than allowed at most. Raises TimeoutError when it drips for longer than the deadline."""
    read_some = getattr(response, "read1", response.read)
    answer = b""
    while len(answer) <= MAX_ANSWER_BYTES:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not whole after {PATIENCE_S:g} s")
        part: bytes = read_some(MAX_ANSWER_BYTES + 1 - len(answer))
        if not part:
            break
        answer += part
    return answer


def _behind_proxy(scheme: str, host: str) -> bool:
    proxies = urllib.request.getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(host)
