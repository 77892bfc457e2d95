"""The REST service on Ray Serve: replicas come and go with the jobs, a full queue says so, deaths cost no job."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs the extra `ray`")
pytest.importorskip("fastapi", reason="needs the extra `serve`")

sys.path.insert(0, str(Path(__file__).parent))  # for hashing_work.py

from fastapi.testclient import TestClient

from mimica.media import VideoWriter, load_photo, save_image
from mimica.service import ServiceSettings, create_app
from mimica.service.crew import Errand
from mimica.service.settings import Quotas

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600), pytest.mark.slow]

PORTRAIT = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"
FRAMES = 3


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    portrait = np.ascontiguousarray(load_photo(PORTRAIT).image[::2, ::2])
    save_image(folder / "photo.png", portrait)
    with VideoWriter(folder / "actor.mp4", (portrait.shape[1], portrait.shape[0]), rate=Fraction(25)) as writer:
        for index in range(FRAMES):
            writer.write(portrait, Fraction(index, 25))
    return folder


def settings(folder: Path, **words: Any) -> ServiceSettings:
    return ServiceSettings(
        data=folder, port=80, lease_s=20, device="cpu", work="hashing_work:hashing_work",
        quotas=Quotas(waiting_jobs=8, active_jobs=100), **words,
    )  # fmt: skip


@contextmanager
def opened(app: Any) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def post(client: TestClient, shelf: Path) -> Any:
    files = {
        "photo": ("photo.png", (shelf / "photo.png").read_bytes()),
        "driver": ("actor.mp4", (shelf / "actor.mp4").read_bytes()),
        "settings": (None, json.dumps({"consent": "fictional"})),
    }
    return client.post("/api/v1/jobs", files=files)


def until(true: Callable[[], Any], limit_s: float = 120.0) -> Any:
    end = time.monotonic() + limit_s
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)
    return found


def jobs(client: TestClient) -> list[dict[str, Any]]:
    return client.get("/api/v1/jobs").json()["jobs"]


def all_done(client: TestClient) -> bool:
    return {job["state"] for job in jobs(client)} == {"done"}


def test_the_rest_service_on_ray(two_nodes: Any, shelf: Path, tmp_path: Path) -> None:
    from ray import serve

    from mimica.scale.service_crew import ServeCrew
    from mimica.scale.serving import ServiceSize

    told = settings(tmp_path / "there")
    size = ServiceSize(least=1, most=2, up_s=1, down_s=3)
    with opened(create_app(told, lambda queue: ServeCrew(Errand.of(told), queue, size))) as client:
        crew = client.app.state.parts.crew  # type: ignore[attr-defined]
        until(lambda: crew.alive == 1)

        # more than may wait: some are turned away, and told when to come back
        answers = [post(client, shelf) for _ in range(14)]
        busy = [answer for answer in answers if answer.status_code == 503]
        assert busy
        assert {answer.status_code for answer in answers} == {201, 503}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in busy)
        assert busy[0].json()["type"] == "urn:mimica:problem:busy"

        until(lambda: crew.alive == 2)  # two for many jobs
        until(lambda: all_done(client))
        assert len(jobs(client)) == len(answers) - len(busy)
        until(lambda: crew.alive == 1)  # and one for none

        # a replica that is killed at work
        post(client, shelf)
        until(lambda: any(job["state"] == "running" for job in jobs(client)))
        kill_replicas()
        until(lambda: all_done(client))
        assert crew.restarts >= 1

        # a node that is killed while both work
        for _ in range(8):
            assert post(client, shelf).status_code == 201
        until(lambda: crew.alive == 2)
        two_nodes.kill_second()
        until(lambda: all_done(client))
        there = [job["report"]["frames_sha256"] for job in jobs(client)]
        films = list((tmp_path / "there" / "jobs").rglob("result-*.mp4"))
        assert len(films) == len(there)  # none twice, none half

    serve.shutdown()

    with opened(create_app(settings(tmp_path / "here", workers=1))) as client:
        post(client, shelf)
        until(lambda: all_done(client))
        (here,) = (job["report"]["frames_sha256"] for job in jobs(client))
    assert set(there) == {here}


def kill_replicas() -> None:
    """Every replica of the service below this process, without a word."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                names[int(entry.name)] = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue

    def ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and ours(parents[process]))

    replicas = [process for process, name in names.items() if name.startswith("ray::ServeReplica:") and ours(process)]
    assert replicas
    for process in replicas:
        os.kill(process, signal.SIGKILL)
