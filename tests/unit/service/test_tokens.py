"""Tokens: who has none stays outside, who has one sees only what is theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mimica.errors import UsageError
from mimica.service import ServiceSettings
from mimica.service.tokens import make_token, read_tokens

Make = Callable[[ServiceSettings], TestClient]


@pytest.fixture
def guarded(make_client: Make, settings: ServiceSettings, token_file: tuple[Path, str]) -> TestClient:
    return make_client(replace(settings, token_file=token_file[0]))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_a_token_nothing_is_told(guarded: TestClient) -> None:
    for path in ("jobs", "session", "metrics", "controls"):
        answer = guarded.get(f"/api/v1/{path}")
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get("/").status_code == 200
    assert guarded.get("/api/v1/health").json()["status"] == "ok"


def test_a_wrong_token_opens_nothing(guarded: TestClient) -> None:
    for wrong in ("", "x", "mimica_", "Bearer", "é", "' or 1=1 --", "\x7f"):
        check_wrong(guarded, f"Bearer {wrong}".encode("latin-1"))


def check_wrong(guarded: TestClient, header: bytes) -> None:
    assert guarded.get("/api/v1/jobs", headers={b"Authorization": header}).status_code == 401  # type: ignore[dict-item]


def test_the_hash_in_the_file_is_no_token(guarded: TestClient, token_file: tuple[Path, str]) -> None:
    digest = token_file[0].read_text().split()[1]
    assert token_file[1] not in token_file[0].read_text()
    assert guarded.get("/api/v1/jobs", headers=bearer(digest)).status_code == 401


def test_guessing_is_slowed_down(guarded: TestClient) -> None:
    answers = [guarded.get("/api/v1/jobs", headers=bearer(f"guess-{index}")).status_code for index in range(14)]
    assert answers[:10] == [401] * 10
    assert answers[-1] == 429


def test_each_token_sees_its_own_jobs_only(
    guarded: TestClient, token_file: tuple[Path, str], make_client: Make, settings: ServiceSettings,
    job_parts: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    file, ada = token_file
    eve = make_token(file, "eve")
    client = make_client(replace(settings, token_file=file))
    identity = client.post("/api/v1/jobs", files=job_parts(), headers=bearer(ada)).json()["id"]
    for method, path in (
        ("GET", ""),
        ("GET", "/photo"),
        ("GET", "/result"),
        ("POST", "/cancel"),
        ("DELETE", ""),
        ("GET", "/events"),
    ):
        assert client.request(method, f"/api/v1/jobs/{identity}{path}", headers=bearer(eve)).status_code == 404
    assert client.get("/api/v1/jobs", headers=bearer(eve)).json()["jobs"] == []
    assert client.get(f"/api/v1/jobs/{identity}", headers=bearer(ada)).json()["state"] == "queued"


def test_the_page_swaps_its_token_for_a_cookie(guarded: TestClient, token_file: tuple[Path, str]) -> None:
    own = {"Origin": "http://localhost"}
    assert guarded.post("/api/v1/session", json={"token": "wrong"}, headers=own).status_code == 401
    answer = guarded.post("/api/v1/session", json={"token": token_file[1]}, headers=own)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert token_file[1] not in cookie
    assert guarded.get("/api/v1/session").json()["owner"] == "ada"
    assert guarded.delete("/api/v1/session").status_code == 204
    guarded.cookies.set("mimica_session", cookie.split("=", 1)[1].split(";")[0])
    assert guarded.get("/api/v1/session").status_code == 401


def test_a_token_file_is_private_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    make_token(file, "ada")
    if os.name != "nt":
        assert file.stat().st_mode & 0o777 == 0o600
        file.chmod(0o644)
        with pytest.raises(UsageError, match="chmod 600"):
            read_tokens(file)
        file.chmod(0o600)
    with pytest.raises(UsageError, match="has a token of this name"):
        make_token(file, "ada")
    with pytest.raises(UsageError, match="letters"):
        make_token(file, "../ada")
    file.write_text("ada secret\n")
    with pytest.raises(UsageError, match="line 1"):
        read_tokens(file)
    file.write_text("\n")
    with pytest.raises(UsageError, match="no token"):
        read_tokens(file)
