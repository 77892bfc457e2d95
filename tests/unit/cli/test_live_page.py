"""The live page: pictures one after the other for who has the address, nothing for anybody else."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from mimica.cli import live_page
from mimica.cli.live_page import BOUNDARY, LivePage
from mimica.errors import UsageError

pressed: list[str] = []


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[LivePage]:
    monkeypatch.setattr(live_page, "WAIT_S", 300.0)
    pressed.clear()
    actions = {"calibrate": lambda: (pressed.append("calibrate"), True)[1], "forget": lambda: False}
    with LivePage(0, actions) as open_page:
        yield open_page


def ask(page: LivePage, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=120)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_the_page_loads_nothing_from_elsewhere(page: LivePage) -> None:
    status, headers, body = ask(page, "GET", f"/{page.secret}/")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; img-src 'self'")
    assert b"//" not in body.replace(b"<!doctype", b"")
    assert page.address == f"http://127.0.0.1:{page.port}/{page.secret}/"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/guess/", {}),
        ("/{secret}", {}),
        ("/{secret}/../etc/passwd", {}),
        ("/{secret}/", {"Host": "evil.example"}),
        ("/{secret}/stream", {"Host": "evil.example:{port}"}),
        ("/{secret}/", {"Origin": "http://evil.example"}),
        ("/{secret}/", {"Origin": "null"}),
    ],
)
def test_strangers_see_nothing(page: LivePage, path: str, headers: dict[str, str]) -> None:
    told = {name: value.format(port=page.port) for name, value in headers.items()}
    assert ask(page, "GET", path.format(secret=page.secret), **told)[0] == 404


def test_buttons(page: LivePage) -> None:
    assert ask(page, "POST", f"/{page.secret}/calibrate")[0] == 204
    assert ask(page, "POST", f"/{page.secret}/forget")[0] == 409
    assert ask(page, "POST", f"/{page.secret}/other")[0] == 404
    assert ask(page, "POST", "/guess/calibrate")[0] == 404
    assert ask(page, "POST", f"/{page.secret}/calibrate", Origin="http://evil.example")[0] == 404
    assert pressed == ["calibrate"]


def test_pictures_come_one_after_the_other(page: LivePage) -> None:
    page.show(b"first picture")
    with socket.create_connection(("127.0.0.1", page.port), timeout=120) as viewer:
        viewer.sendall(f"GET /{page.secret}/stream HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode())
        data = b""

        def receive(words: bytes) -> bytes:
            got = data
            while words not in got:
                more = viewer.recv(4096)
                assert more, got
                got += more
            return got

        data = receive(b"first picture")
        page.show(b"second picture")
        data = receive(b"second picture")
    assert f"multipart/x-mixed-replace; boundary={BOUNDARY}".encode() in data
    assert data.count(f"--{BOUNDARY}\r\n".encode()) == 2
    assert b"Cache-Control: no-store" in data


def test_a_port_that_is_taken_is_told(page: LivePage) -> None:
    with pytest.raises(UsageError, match=f"--port {page.port}: cannot be listened on"):
        LivePage(page.port, {})
