"""Jobs through the interface: accepted, looked at, cancelled, erased; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_files import Post, tiny_png

from mimica.service import ServiceSettings, create_app
from mimica.service.schemas import JobSettings
from mimica.service.settings import Quotas


def stored(settings: ServiceSettings) -> list[Path]:
    return [path for path in settings.data.rglob("*") if path.is_file() and "sqlite" not in path.name]


def test_a_job_is_accepted_and_its_files_have_the_servers_names(post: Post, settings: ServiceSettings) -> None:
    answer = post(pose=0.5)
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert job["state"] == "queued"
    assert job["settings"]["pose"] == 0.5
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    folder = settings.data / "jobs" / job["id"]
    assert sorted(path.name for path in folder.iterdir()) == ["driver.mp4", "photo.png"]
    assert (folder / "photo.png").read_bytes() == tiny_png()


@pytest.mark.parametrize("consent", [None, "", "yes"])
def test_without_a_basis_of_consent_nothing_is_kept(post: Post, settings: ServiceSettings, consent: str | None) -> None:
    answer = post(consent=consent)
    assert answer.status_code == 422
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["exit_code"] == 2
    assert "consent" in problem["detail"]
    assert not stored(settings)


def test_a_receipt_is_asked_for_where_the_basis_needs_one(post: Post) -> None:
    answer = post(consent="receipt")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:mimica:problem:consent"
    assert "signed agreement" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"pose": 7}, "pose"), ({"pose": "much"}, "pose"), ({"out": "/etc/passwd"}, "out"), ({"crf": 1.5}, "crf"),
        ({"face": 0}, "face"), ({"purpose": "revenge"}, "purpose"),
    ],
)  # fmt: skip
def test_settings_are_checked_and_the_wrong_one_is_named(post: Post, wrong: dict[str, Any], named: str) -> None:
    answer = post(**wrong)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


def test_an_unknown_setting_is_told_with_the_known_ones(post: Post) -> None:
    detail = post(end=0.4).json()["detail"]
    assert detail.startswith("settings, end: there is no such name; known are consent, purpose, label,")
    assert post(crf=99).json()["detail"] == "settings, crf: must be less than or equal to 51"


def test_the_how_to_names_every_setting() -> None:
    page = (Path(__file__).parents[3] / "docs" / "howto" / "serve.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith("| `POST /jobs` |"))
    assert not [name for name in JobSettings.model_fields if f"`{name}`" not in row]


def test_settings_that_are_no_json_are_refused(client: TestClient, job_parts: Callable[..., dict[str, Any]]) -> None:
    for text in ("", "{", "[]", "null", "NaN", '"self"', "[" * 60_000):
        parts = {**job_parts(), "settings": (None, text)}
        assert client.post("/api/v1/jobs", files=parts).status_code == 422


def test_the_list_is_newest_first_and_goes_on(client: TestClient, post: Post) -> None:
    made = [post().json()["id"] for _ in range(5)]
    first = client.get("/api/v1/jobs?limit=3").json()
    assert [job["id"] for job in first["jobs"]] == made[:1:-1]
    rest = client.get(first["next"]).json()
    assert [job["id"] for job in rest["jobs"]] == made[1::-1]
    assert rest["next"] is None


def test_the_same_key_gives_the_same_job(client: TestClient, post: Post, settings: ServiceSettings) -> None:
    first = post({"Idempotency-Key": "abc"})
    again = post({"Idempotency-Key": "abc"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(client.get("/api/v1/jobs").json()["jobs"]) == 1
    assert len(stored(settings)) == 2


def test_a_key_cannot_be_used_for_something_else(post: Post) -> None:
    post({"Idempotency-Key": "abc"})
    answer = post({"Idempotency-Key": "abc"}, pose=0.1)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def test_a_waiting_job_is_cancelled_at_once(client: TestClient, post: Post) -> None:
    identity = post().json()["id"]
    assert client.post(f"/api/v1/jobs/{identity}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/v1/jobs/{identity}/cancel").json()["state"] == "cancelled"


def test_erasing_leaves_nothing(client: TestClient, post: Post, settings: ServiceSettings) -> None:
    identity = post().json()["id"]
    assert client.delete(f"/api/v1/jobs/{identity}").status_code == 204
    assert client.get(f"/api/v1/jobs/{identity}").status_code == 404
    assert client.delete(f"/api/v1/jobs/{identity}").status_code == 404
    assert not stored(settings)


def test_there_is_no_result_before_its_time(client: TestClient, post: Post) -> None:
    identity = post().json()["id"]
    answer = client.get(f"/api/v1/jobs/{identity}/result")
    assert answer.status_code == 409
    assert "queued" in answer.json()["detail"]


def test_what_was_uploaded_comes_back_and_can_run_nothing(client: TestClient, post: Post) -> None:
    identity = post().json()["id"]
    answer = client.get(f"/api/v1/jobs/{identity}/photo")
    assert answer.content == tiny_png()
    assert answer.headers["content-type"] == "image/png"
    assert "sandbox" in answer.headers["content-security-policy"]
    part = client.get(f"/api/v1/jobs/{identity}/driver", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_watching_a_finished_job_tells_it_and_ends(client: TestClient, post: Post) -> None:
    identity = post().json()["id"]
    client.post(f"/api/v1/jobs/{identity}/cancel")
    answer = client.get(f"/api/v1/jobs/{identity}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [json.loads(line)["state"] for line in data] == ["cancelled"]


def test_a_full_service_says_when_to_come_back(
    make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings,
    job_parts: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    client = make_client(replace(settings, quotas=Quotas(waiting_jobs=2)))
    answers = [client.post("/api/v1/jobs", files=job_parts()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 503]
    assert int(answers[2].headers["retry-after"]) > 0
    assert answers[2].json()["type"] == "urn:mimica:problem:busy"
    client.post(f"/api/v1/jobs/{answers[0].json()['id']}/cancel")
    assert client.post("/api/v1/jobs", files=job_parts()).status_code == 201


def test_there_is_room_for_so_many_jobs(
    make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings,
    job_parts: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    client = make_client(replace(settings, quotas=Quotas(active_jobs=2)))
    answers = [client.post("/api/v1/jobs", files=job_parts()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2].headers["retry-after"]) > 0
    client.delete(f"/api/v1/jobs/{answers[0].json()['id']}")
    assert client.post("/api/v1/jobs", files=job_parts()).status_code == 201


def test_stored_bytes_are_limited(
    make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings,
    job_parts: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    client = make_client(replace(settings, quotas=Quotas(stored_bytes=100)))
    assert client.post("/api/v1/jobs", files=job_parts()).status_code == 413
    assert not stored(settings)


def test_too_many_requests_are_slowed_down(
    make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings
) -> None:
    client = make_client(replace(settings, quotas=Quotas(requests_s=1e-3, burst=3)))
    assert [client.get("/api/v1/jobs").status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_metrics_count_jobs_and_requests(client: TestClient, post: Post) -> None:
    post()
    text = client.get("/api/v1/metrics").text
    assert 'mimica_jobs{state="queued"} 1.0' in text
    assert "mimica_jobs_accepted_total 1.0" in text


def test_what_was_kept_is_there_after_a_restart(
    settings: ServiceSettings, job_parts: Callable[..., dict[str, Any]]
) -> None:
    with TestClient(create_app(settings), base_url="http://localhost") as first:
        identity = first.post("/api/v1/jobs", files=job_parts()).json()["id"]
    with TestClient(create_app(settings), base_url="http://localhost") as second:
        assert second.get(f"/api/v1/jobs/{identity}").json()["state"] == "queued"


def test_openapi_describes_every_route(client: TestClient) -> None:
    schema = client.get("/api/v1/openapi.json").json()
    assert set(schema["paths"]) >= {
        "/api/v1/jobs", "/api/v1/jobs/{job_id}", "/api/v1/jobs/{job_id}/events", "/api/v1/jobs/{job_id}/cancel",
        "/api/v1/jobs/{job_id}/result", "/api/v1/verify", "/api/v1/faces", "/api/v1/health", "/api/v1/metrics",
    }  # fmt: skip
    assert "multipart/form-data" in schema["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]
    assert "HTTPValidationError" not in json.dumps(schema)
