"""A service in this process, without workers, and the smallest files that it accepts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from mimica.service import ServiceSettings, create_app

sys.path.insert(0, str(Path(__file__).parent))  # for service_files.py and light_work.py

from service_files import Post, tiny_png


@pytest.fixture(scope="session")
def tiny_driver(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two grey frames of 64 by 64 pixels, as MP4."""
    from fractions import Fraction

    import numpy as np

    from mimica.media import VideoWriter

    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    with VideoWriter(path, (64, 64), rate=Fraction(10)) as writer:
        for index in range(2):
            writer.write(np.full((64, 64, 3), 100 + index, np.uint8), Fraction(index, 10))
    return path.read_bytes()


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(data=tmp_path / "data", port=80, workers=0)


@pytest.fixture
def make_client() -> Iterator[Callable[[ServiceSettings], TestClient]]:
    opened: list[TestClient] = []

    def make(settings: ServiceSettings) -> TestClient:
        client = TestClient(create_app(settings), base_url="http://localhost")
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: Callable[[ServiceSettings], TestClient], settings: ServiceSettings) -> TestClient:
    return make_client(settings)


@pytest.fixture
def job_parts(tiny_driver: bytes) -> Callable[..., dict[str, Any]]:
    """The parts of a job's form; settings as keywords."""

    def parts(photo: bytes | None = None, driver: bytes | None = None, **settings: Any) -> dict[str, Any]:
        return {
            "photo": ("me.png", tiny_png() if photo is None else photo, "image/png"),
            "driver": ("wave.mp4", tiny_driver if driver is None else driver, "video/mp4"),
            "settings": (None, json.dumps({"consent": "fictional", **settings}), "application/json"),
        }

    return parts


@pytest.fixture
def post(client: TestClient, job_parts: Callable[..., dict[str, Any]]) -> Post:
    """POST a job; settings as keywords."""

    def send(headers: dict[str, str] | None = None, **settings: Any) -> Response:
        return client.post("/api/v1/jobs", files=job_parts(**settings), headers=headers)

    return send


@pytest.fixture
def token_file(tmp_path: Path) -> tuple[Path, str]:
    """A token file with one token, and that token; its owner is "ada"."""
    from mimica.service.tokens import make_token

    return tmp_path / "tokens", make_token(tmp_path / "tokens", "ada")
