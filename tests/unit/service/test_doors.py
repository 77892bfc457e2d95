"""The doors: 30 forged Hosts and Origins reach nothing, and every answer carries its headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_files import Post

from mimica.errors import UsageError
from mimica.service import ServiceSettings
from mimica.service.doors import Rates
from mimica.service.problems import Problem

FORGED_HOSTS = (
    "evil.example", "evil.example:80", "localhost.evil.example", "localhost:7860", "127.0.0.1.evil.example",
    "evil.example@localhost", "localhost@evil.example", "127.0.0.2", "127.1", "0.0.0.0", "2130706433", "0x7f000001",
    "[::ffff:127.0.0.1]", "localhost.", "localhost:80:80", "", " ", "local host", "::1", "169.254.169.254",
)  # fmt: skip
FORGED_ORIGINS = (
    "http://evil.example", "null", "http://localhost:7860", "http://localhost.evil.example", "https://localhost",
    "http://evil.example#http://localhost", "http://localhost@evil.example", "file://", "http://127.0.0.1:8080",
    "http://127.0.0.1", "chrome-extension://abcdefgh", "http://localhost/", "localhost", "http://localhost:80:80",
    "HTTP://EVIL.EXAMPLE",
)  # fmt: skip


def test_a_forged_host_reaches_nothing(client: TestClient) -> None:
    for host in FORGED_HOSTS:
        for method, path in (
            ("GET", "/"),
            ("GET", "/api/v1/jobs"),
            ("GET", "/api/v1/health"),
            ("POST", "/api/v1/jobs"),
        ):
            answer = client.request(method, path, headers={"Host": host})
            assert answer.status_code == 421, (host, method, path)


def test_a_forged_origin_reaches_nothing(client: TestClient, post: Post) -> None:
    for origin in FORGED_ORIGINS:
        assert post({"Origin": origin}).status_code == 403, origin
        assert client.get("/api/v1/jobs", headers={"Origin": origin}).status_code == 403, origin
    assert client.get("/api/v1/jobs").json()["jobs"] == []


def test_a_page_of_another_site_reads_nothing(client: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        check_site(client, site)


def check_site(client: TestClient, site: str) -> None:
    for mode in ("cors", "no-cors", "websocket", "navigate"):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
        assert client.get("/api/v1/jobs", headers=headers).status_code == 403
    assert (
        client.get("/page/js/main.js", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    )


def test_a_link_from_elsewhere_opens_the_page_only(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=headers).status_code == 200
    assert client.get("/api/v1/jobs", headers=headers).status_code == 403


def test_two_hosts_are_none(client: TestClient) -> None:
    headers = [("Host", "localhost"), ("Host", "evil.example")]
    assert client.get("/", headers=headers).status_code == 421


def test_a_foreign_referer_counts_where_no_origin_is_sent(client: TestClient) -> None:
    answer = client.post("/api/v1/jobs", headers={"Referer": "http://evil.example/page"})
    assert answer.status_code == 403


def test_the_own_page_and_programs_come_in(client: TestClient, post: Post) -> None:
    assert post({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}).status_code == 201
    assert post().status_code == 201


def test_forwarded_headers_are_not_believed(client: TestClient) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"}
    assert client.get("/api/v1/jobs", headers=headers).status_code == 421


def test_a_public_address_needs_its_own_origin(
    make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings, token_file: Any
) -> None:
    file, token = token_file
    client = make_client(replace(settings, public_urls=("https://mimica.example",), token_file=file))
    own = {"Host": "mimica.example", "Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/jobs", headers=own).status_code == 200
    assert client.get("/api/v1/jobs", headers={**own, "Origin": "https://mimica.example"}).status_code == 200
    for origin in ("http://mimica.example", "https://mimica.example:444", "http://localhost"):
        assert client.get("/api/v1/jobs", headers={**own, "Origin": origin}).status_code == 403


def test_every_answer_has_its_headers(client: TestClient) -> None:
    for path in ("/", "/api/v1/jobs", "/nothing", "/page/base.css"):
        check_headers(client, path)


def check_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_others_are_let_in_with_tokens_only(settings: ServiceSettings) -> None:
    for wrong in (
        {"host": "0.0.0.0"},
        {"host": "192.168.1.7"},
        {"host": "::"},
        {"public_urls": ("https://a.example",)},
    ):
        with pytest.raises(UsageError, match="--token-file"):
            replace(settings, **wrong)  # type: ignore[arg-type]


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    rates = Rates(per_s=2, burst=2, clock=lambda: now[0])
    rates.take("a")
    rates.take("a")
    with pytest.raises(Problem, match="too many"):
        rates.take("a")
    rates.take("b")
    now[0] = 0.5
    rates.take("a")
