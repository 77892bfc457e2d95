"""The live socket: the newest picture is answered with its own time, strangers and nonsense are shown out."""

from __future__ import annotations

import base64
import json
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from mimica.service import live_routes
from mimica.service.live_routes import BUSY, GONE_WRONG, REFUSED, Inbox
from mimica.service.portraits import PortraitRecord
from mimica.service.problems import Problem

ID = "ab" * 16
ADDRESS = f"ws://localhost/api/v1/portraits/{ID}/live"


class Studio:
    """In place of the process: answers with what it was sent, backwards; one frame waits for a sign."""

    asked: list[dict[str, Any]]
    go: threading.Event

    def __init__(self, seconds: float) -> None:
        self.closed = False

    async def ask(self, question: str, **details: Any) -> dict[str, Any]:
        type(self).asked.append({"question": question, **details})
        if question == "live-begin":
            return {"size": [512, 512]}
        if question == "live-say":
            return {"done": details["word"] == "forget"}
        if question == "live-frame":
            jpeg = base64.b64decode(details["jpeg"])
            if jpeg == b"wait":
                assert await live_routes.run_in_threadpool(self.go.wait, 120)
            if jpeg == b"broken":
                raise Problem(422, "unreadable-media", "the camera's picture: is no whole JPEG")
            return {"jpeg": base64.b64encode(jpeg[::-1]).decode(), "seen": True}
        return {}

    def close(self) -> None:
        type(self).asked.append({"question": "closed"})


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> type[Studio]:
    Studio.asked, Studio.go = [], threading.Event()
    monkeypatch.setattr(live_routes, "Desk", Studio)
    return Studio


@pytest.fixture
def inboxes(monkeypatch: pytest.MonkeyPatch) -> list[Inbox]:
    """What the server's sessions have received so far, one inbox a session."""
    made: list[Inbox] = []
    monkeypatch.setattr(live_routes, "Inbox", lambda: made.append(Inbox()) or made[-1])
    return made


@pytest.fixture
def portrait(client: TestClient, tmp_path) -> str:
    """The address of a portrait that was brought."""
    folder = tmp_path / "received"
    folder.mkdir()
    settings = {"consent": "fictional", "purpose": "personal", "face": "largest"}
    record = PortraitRecord(ID, "local", "photo.png", None, settings)
    client.app.state.parts.portraits.keep(folder, record)
    return ADDRESS


def picture(time_s: float, content: bytes = b"jpeg") -> bytes:
    return struct.pack(">d", time_s) + content


def questions(studio: type[Studio]) -> list[str]:
    return [asked["question"] for asked in studio.asked]


def until(true: Callable[[], bool]) -> None:
    """Wait for what the server does in a thread of its own."""
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "the server did not get there"
        time.sleep(0.01)


def test_a_picture_is_answered_with_its_own_time(client: TestClient, studio: type[Studio], portrait: str) -> None:
    with client.websocket_connect(portrait + "?size_px=256") as socket:
        assert socket.receive_json() == {"state": "ready", "size": [512, 512]}
        socket.send_bytes(picture(1.25, b"abc"))
        assert socket.receive_bytes() == picture(1.25, b"cba")
    until(lambda: questions(studio)[-1] == "closed" and client.app.state.parts.live_sessions == 0)
    assert questions(studio) == ["live-begin", "live-frame", "live-end", "closed"]
    begun = studio.asked[0]
    assert (begun["consent"], begun["size_px"]) == ("fictional", 256)
    assert begun["path"].endswith("photo.png")
    assert client.app.state.parts.live_sessions == 0


def test_only_the_newest_of_what_waits_is_answered(
    client: TestClient, studio: type[Studio], portrait: str, inboxes: list[Inbox]
) -> None:
    with client.websocket_connect(portrait) as socket:
        socket.receive_json()
        socket.send_bytes(picture(0.0, b"wait"))
        until(lambda: "live-frame" in questions(studio))
        for index in range(1, 6):
            socket.send_bytes(picture(float(index), b"later"))
        socket.send_text(json.dumps({"say": "forget"}))
        until(lambda: bool(inboxes[0].words))  # the word was sent last: the pictures have come too
        studio.go.set()
        assert socket.receive_bytes() == picture(0.0, b"tiaw")
        assert socket.receive_json() == {"said": "forget", "done": True, "dropped": 4}
        assert socket.receive_bytes() == picture(5.0, b"retal")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (picture(0.0, b"broken"), "unreadable-media"),
        (b"short", "wrong-message"),
        (picture(float("nan"), b"x"), "wrong-message"),
        ('{"say": "erase"}', "wrong-message"),
        ("[]", "wrong-message"),
        ("not json", "wrong-message"),
    ],
)
def test_nonsense_ends_the_session(
    client: TestClient, studio: type[Studio], portrait: str, message: bytes | str, kind: str
) -> None:
    with client.websocket_connect(portrait) as socket:
        socket.receive_json()
        if isinstance(message, bytes):
            socket.send_bytes(message)
        else:
            socket.send_text(message)
        assert socket.receive_json()["problem"]["kind"] == kind
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == GONE_WRONG
    until(lambda: questions(studio)[-2:] == ["live-end", "closed"])


def refused(client: TestClient, address: str, headers: dict[str, str] | None = None) -> int:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(address, headers=headers or {}) as socket,
    ):
        socket.receive_json()
    return closed.value.code


@pytest.mark.parametrize("identity", ["cd" * 16, "..%2f..%2fetc", "x"])
def test_what_is_no_portrait_of_yours_is_not_there(client: TestClient, studio: type[Studio], identity: str) -> None:
    assert refused(client, f"ws://localhost/api/v1/portraits/{identity}/live") in (REFUSED, 1000)
    assert studio.asked == []


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}])
def test_other_sites_reach_nothing(
    client: TestClient, studio: type[Studio], portrait: str, headers: dict[str, str]
) -> None:
    assert refused(client, portrait, headers) == REFUSED
    assert studio.asked == []


def test_a_referer_without_origin_is_no_crash(client: TestClient, studio: type[Studio], portrait: str) -> None:
    with client.websocket_connect(portrait, headers={"Referer": "http://localhost/"}) as socket:
        assert socket.receive_json()["state"] == "ready"


def test_without_a_token_nobody_comes_in(
    make_client: Callable[..., TestClient], settings: Any, token_file: Any, studio: type[Studio]
) -> None:
    from dataclasses import replace

    client = make_client(replace(settings, token_file=token_file[0]))
    assert refused(client, ADDRESS) == REFUSED


def test_there_are_two_places(client: TestClient, studio: type[Studio], portrait: str) -> None:
    client.app.state.parts.live_sessions = live_routes.MOST_LIVE
    assert refused(client, portrait) == BUSY
    client.app.state.parts.live_sessions = 0
