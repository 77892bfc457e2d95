"""A page on this machine that shows the live portrait: one picture after the other (MJPEG), and a button for the rest.

It listens on 127.0.0.1 only, under a path with a secret in it, and answers no other Host or Origin, so that no web page
elsewhere can look. It is given released pictures as JPEG files; it does not know how they are made.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from types import TracebackType
from typing import Final, Self

from mimica.errors import UsageError

ADDRESS: Final = "127.0.0.1"
BOUNDARY: Final = "mimica-picture"
WAIT_S: Final = 5.0
"""A viewer is let go when no picture came for so long."""

PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mimica live</title>
<style nonce="{nonce}">
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ margin: 0; min-height: 100vh; display: grid; place-content: center; justify-items: center; gap: 1rem }}
img {{ max-width: 96vw; max-height: 78vh; border-radius: .5rem }} img.mirrored {{ transform: scaleX(-1) }}
button {{ font: inherit; padding: .5rem 1rem }} p {{ margin: 0; text-align: center }}
</style>
<main>
<img id="portrait" src="stream" alt="The portrait, moving as the camera sees you">
<p><button id="rest">This is my rest</button> <button id="anew">Measure my rest anew</button>
<button id="mirror" aria-pressed="false">Mirror</button></p>
<p id="said" role="status">Look calmly at the camera, then press the first button.</p>
</main>
<script nonce="{nonce}">
const said = document.getElementById("said");
const send = async (what, words) => {{
  const answer = await fetch(what, {{method: "POST"}});
  said.textContent = answer.ok ? words : "No face has been seen yet.";
}};
document.getElementById("rest").onclick = () => send("calibrate", "All motion is measured from this pose now.");
document.getElementById("anew").onclick = () => send("forget", "Your rest is measured on the last seconds again.");
document.getElementById("mirror").onclick = event => {{
  const on = document.getElementById("portrait").classList.toggle("mirrored");
  event.target.setAttribute("aria-pressed", on);
}};
</script>
</html>
"""


class LivePage:
    """Serves the newest picture to whoever has the address; use it in a ``with`` block.

    port: 0 takes a free one. actions: what the buttons do, by name ("calibrate", "forget"); false means it could not
    be done. Raises UsageError when the port is taken.
    """

    def __init__(self, port: int, actions: dict[str, Callable[[], bool]]) -> None:
        self._changed = Condition()
        self._jpeg, self._number, self._open = b"", 0, True
        self.secret = secrets.token_urlsafe(16)
        try:
            self._server = ThreadingHTTPServer((ADDRESS, port), _handler(self, actions))
        except (OSError, OverflowError) as error:
            raise UsageError(f"--port {port}: cannot be listened on ({error}); give another") from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, name="live page", daemon=True)

    @property
    def address(self) -> str:
        """What to open in a browser of this machine."""
        return f"http://{ADDRESS}:{self.port}/{self.secret}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def show(self, jpeg: bytes) -> None:
        """The newest picture."""
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def newer_than(self, number: int) -> tuple[int, bytes] | None:
        """The next picture after `number`, with its own; None when the page closes or nothing comes."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._number > number or not self._open, WAIT_S)
            return (self._number, self._jpeg) if came and self._open else None


def _handler(page: LivePage, actions: dict[str, Callable[[], bool]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "mimica", ""
        timeout = 30

        def do_GET(self) -> None:
            wanted = self._wanted()
            if wanted == "":
                nonce = secrets.token_urlsafe(12)
                policy = f"default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'nonce-{nonce}'; "
                policy += f"style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
                self._answer(200, PAGE.format(nonce=nonce).encode(), "text/html; charset=utf-8", policy)
            elif wanted == "stream":
                self._stream()
            else:
                self._answer(404)

        def do_POST(self) -> None:
            wanted = self._wanted()
            if wanted in actions:
                self._answer(204 if actions[wanted]() else 409)
            else:
                self._answer(404)

        def _wanted(self) -> str | None:
            """The path below the secret; None for a stranger."""
            own = {f"{ADDRESS}:{page.port}", f"localhost:{page.port}"}
            origin = self.headers.get("Origin")
            if self.headers.get("Host") not in own or (origin and origin.removeprefix("http://") not in own):
                return None
            head, slash, rest = self.path.removeprefix("/").partition("/")
            right = secrets.compare_digest(head.encode(), page.secret.encode())
            return rest if slash and right else None

        def _answer(self, status: int, body: bytes = b"", kind: str = "text/plain", policy: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", policy or "default-src 'none'")
            self._private()
            self.end_headers()
            self.wfile.write(body)

        def _private(self) -> None:
            for name, value in (
                ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"),
                ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ):  # fmt: skip
                self.send_header(name, value)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            self._private()
            self.end_headers()
            number = 0
            while (newer := page.newer_than(number)) is not None:
                number, jpeg = newer
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                try:
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                except OSError:
                    return  # the viewer left

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the address holds a secret."""

    return Handler
