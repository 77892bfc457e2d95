"""Hostile uploads: 50 names that climb, bodies that lie about their size, their kind or their end. None is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_files import tiny_png

from mimica.service import ServiceSettings
from mimica.service.settings import Quotas

NAMES = (
    "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\boot.ini", "\\\\server\\share\\x",
    "....//....//x", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%252f..%252fx", "..%c0%af..%c0%afx",
    "..\x00.jpg", "a\x00b.jpg", "~root/.ssh/id_rsa", "file:///etc/passwd", "http://169.254.169.254/latest",
    "php://filter", "|id", ";id;", "$(id)", "`id`", ".", "..", "/", "\\", "", " ", ".htaccess", "con", "nul.jpg",
    "aux.png", "photo.jpg/../../x", "x/../../../y", "./././../x", "..//..//x", "..;/x", "..\u2215..\u2215x",
    "\u202egpj.exe", "a" * 300, "a/" * 60 + "x", "\r\nX: y", "<script>.png", '"quoted".png', "'; drop table jobs; --",
    "%00.png", "..%5c..%5cx", "%u002e%u002e/x", "\ufeff../x", "../../../../../../../../../../evil",
    "jobs/../service.sqlite", "..\x00/..\x00/x",
)  # fmt: skip


def files_of(settings: ServiceSettings) -> set[str]:
    return {path.name for path in settings.data.rglob("*") if path.is_file() and "sqlite" not in path.name}


def test_there_are_fifty_names() -> None:
    assert len(set(NAMES)) == 50


@pytest.mark.parametrize("group", range(5))
def test_a_climbing_name_is_never_used(
    client: TestClient, settings: ServiceSettings, tiny_driver: bytes, group: int
) -> None:
    for name in NAMES[group::5]:
        send_named(client, settings, tiny_driver, name)


def send_named(client: TestClient, settings: ServiceSettings, tiny_driver: bytes, name: str) -> None:
    quoted = name.replace("\r", "").replace("\n", "").replace('"', "%22").encode("utf-8")
    edge = b"edge-of-a-part"

    def part(field: bytes, content: bytes, extra: bytes = b"") -> bytes:
        return (
            b"--"
            + edge
            + b'\r\nContent-Disposition: form-data; name="'
            + field
            + b'"'
            + extra
            + b"\r\n\r\n"
            + content
            + b"\r\n"
        )

    body = (
        part(b"photo", tiny_png(), b'; filename="' + quoted + b'"')
        + part(b"driver", tiny_driver, b"; filename*=UTF-8''" + quoted)
        + part(b"settings", b'{"consent": "fictional"}') + b"--" + edge + b"--\r\n"
    )  # fmt: skip
    before = set(settings.data.parent.iterdir())
    answer = client.post(
        "/api/v1/jobs", content=body, headers={"Content-Type": "multipart/form-data; boundary=edge-of-a-part"}
    )
    assert answer.status_code in (201, 400)
    assert files_of(settings) <= {"photo.png", "driver.mp4"}
    assert set(settings.data.parent.iterdir()) == before
    for path in (f"/api/v1/jobs/{name}", f"/api/v1/jobs/{name}/result", f"/page/{name}", f"/{name}"):
        try:
            got = client.get(path)
        except Exception:  # noqa: BLE001 the client itself refuses to send some of them
            continue
        assert got.status_code in (200, 400, 404, 405, 422)
        assert got.status_code != 200 or got.headers["content-type"].startswith(("text/html", "application/json"))
        assert b"root:" not in got.content


def test_a_name_in_the_place_of_a_field_is_refused(client: TestClient, settings: ServiceSettings) -> None:
    for name in NAMES:
        answer = client.post("/api/v1/jobs", files=[(name, ("x.png", tiny_png()))])
        assert answer.status_code in (400, 422)
    assert not files_of(settings)


NO_PHOTOS = (
    b"GIF", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"MZ" * 50, b"#!/bin/sh\nid\n", b"<html>",
    b"PK\3\4" * 20, b"\x7fELF" + b"\0" * 80, b"%!PS-Adobe", b"{}", b"\0" * 100,
)  # fmt: skip


def test_what_is_no_photo_is_refused_whatever_it_is_called(
    client: TestClient, job_parts: Callable[..., dict[str, Any]], settings: ServiceSettings
) -> None:
    for content in NO_PHOTOS:
        answer = client.post("/api/v1/jobs", files=job_parts(photo=content))
        assert answer.status_code == 415, content
        assert answer.json()["exit_code"] == 3
    assert not files_of(settings)


def test_a_head_without_a_body_is_refused(
    client: TestClient, job_parts: Callable[..., dict[str, Any]], settings: ServiceSettings, tiny_driver: bytes
) -> None:
    for photo, driver in (
        (tiny_png()[:40] + b"\0" * 60, None),
        (None, tiny_driver[:100]),
        (None, b"\0\0\0\x18ftypisom" + b"\xff" * 500),
    ):
        answer = client.post("/api/v1/jobs", files=job_parts(photo=photo, driver=driver))
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["exit_code"] == 3
        assert str(settings.data) not in problem["detail"]
    assert not files_of(settings)


def test_an_empty_file_is_refused(client: TestClient, job_parts: Callable[..., dict[str, Any]]) -> None:
    assert client.post("/api/v1/jobs", files=job_parts(photo=b"")).status_code == 422


@pytest.fixture
def small(make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings) -> TestClient:
    quotas = Quotas(photo_bytes=2_000, driver_bytes=10_000)
    return make_client(replace(settings, quotas=quotas))


def test_a_part_that_is_too_large_is_refused_while_it_comes(
    small: TestClient, job_parts: Callable[..., dict[str, Any]], settings: ServiceSettings
) -> None:
    for part in ("photo", "driver"):
        answer = small.post("/api/v1/jobs", files=job_parts(**{part: tiny_png() + b"x" * 20_000}))
        assert answer.status_code in (413, 415)
    sent = {**job_parts(), "settings": (None, json.dumps({"consent": "self", "x": "y" * 70_000}))}
    assert small.post("/api/v1/jobs", files=sent).status_code == 413
    assert not files_of(settings)


def whole(job_parts: Callable[..., dict[str, Any]], client: TestClient) -> tuple[bytes, dict[str, str]]:
    request = client.build_request("POST", "/api/v1/jobs", files=job_parts())
    return request.read(), {"Content-Type": request.headers["content-type"]}


def test_a_chunked_body_without_a_length_is_counted(
    small: TestClient, job_parts: Callable[..., dict[str, Any]], settings: ServiceSettings
) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--edge\r\nContent-Disposition: form-data; name="driver"\r\n\r\n\0\0\0\x18ftypisom'
        for _ in range(1000):
            yield b"x" * 1000

    answer = small.post(
        "/api/v1/jobs", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )
    assert answer.status_code == 413
    assert not files_of(settings)


def test_a_body_that_ends_early_is_not_accepted(
    client: TestClient, job_parts: Callable[..., dict[str, Any]], settings: ServiceSettings
) -> None:
    body, headers = whole(job_parts, client)
    for cut in (0.0, 0.2, 0.5, 0.9, 0.99):
        answer = client.post("/api/v1/jobs", content=body[: int(len(body) * cut)], headers=headers)
        assert answer.status_code in (400, 422), cut
    assert not files_of(settings)


def test_a_length_that_claims_too_much_is_refused_at_once(small: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=edge", "Content-Length": str(10**12)}
    assert small.post("/api/v1/jobs", content=b"", headers=headers).status_code == 413


KINDS = (
    "", "application/json", "multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=x",
    "multipart/mixed; boundary=x", "multipart/form-data; boundary=" + "x" * 300,
)  # fmt: skip


def test_another_kind_of_body_is_refused(client: TestClient) -> None:
    for kind in KINDS:
        assert client.post("/api/v1/jobs", content=b"--x--", headers={"Content-Type": kind}).status_code == 415, kind


def test_parts_twice_unknown_or_too_many_are_refused(client: TestClient, settings: ServiceSettings) -> None:
    png = ("x.png", tiny_png())
    for parts in ([("photo", png), ("photo", png)], [("extra", png)], [(f"p{index}", png) for index in range(50)]):
        assert client.post("/api/v1/jobs", files=parts).status_code in (400, 422)
    assert not files_of(settings)


def test_addresses_are_not_fetched(client: TestClient, job_parts: Callable[..., dict[str, Any]]) -> None:
    address = "http://169.254.169.254/"
    sent = [job_parts(**{field: address}) for field in ("photo_url", "url", "out")]
    sent += [job_parts(**{field: address.encode()}) for field in ("photo", "driver")]
    assert {client.post("/api/v1/jobs", files=parts).status_code for parts in sent} <= {415, 422}


def test_large_json_is_refused(client: TestClient, tmp_path: Path) -> None:
    identity = "0" * 32
    answer = client.post("/api/v1/session", content=b'{"token": "' + b"x" * 100_000 + b'"}')
    assert answer.status_code == 413
    assert client.post(f"/api/v1/portraits/{identity}/edits", content=b"{}").status_code == 404
