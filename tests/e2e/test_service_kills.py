"""kill -9 of workers and of the server: every job that was accepted is finished or reported failed.

On SQLite, and on a real PostgreSQL where its programs are installed. The work is light, so that the processes and the
database are what is tested; one job goes through the real work.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

sys.path.insert(0, str(Path(__file__).parent))

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "service"))

from service_files import tiny_png
from service_process import DEMO, PATIENCE_S, ServiceProcess, free_port, short_driver

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers by /proc (Linux)"),
    pytest.mark.slow,
    pytest.mark.timeout(2400),
]
LIGHT = Path(__file__).parents[1] / "unit" / "service"
SERVE = """
import json, sys
sys.path.insert(0, {light!r})
from pathlib import Path
from mimica.service.serve import serve
from mimica.service.settings import ServiceSettings
serve(ServiceSettings(data=Path({data!r}), port={port}, workers=2, work="light_work:light_work",
                      database={database!r}), lambda url: print(json.dumps({{"url": url}}), flush=True))
"""
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1:] or [
    Path(found) for found in [shutil.which("initdb")] if found
]


class Light(ServiceProcess):
    """A service whose work is light."""

    database: str | None = None

    def begin(self) -> Light:
        data = str(self.folder / "data")
        self.start(SERVE.format(light=str(LIGHT), data=data, port=self.port, database=self.database))
        return self

    def send(self, photo: bytes, driver: bytes, **settings: Any) -> str:
        files = {
            "photo": photo, "driver": driver,
            "settings": (None, json.dumps({"consent": "fictional", "expression": 0.4, **settings})),
        }  # fmt: skip
        answer = httpx2.post(f"{self.url}/api/v1/jobs", files=files, timeout=PATIENCE_S)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def states(self, jobs: list[str]) -> list[str]:
        return [httpx2.get(f"{self.url}/api/v1/jobs/{job}", timeout=PATIENCE_S).json()["state"] for job in jobs]

    def wait(self, jobs: list[str], wanted: Callable[[list[str]], bool], seconds: float = 300.0) -> list[str]:
        until = time.monotonic() + seconds
        while not wanted(states := self.states(jobs)):
            assert time.monotonic() < until, states
            time.sleep(0.1)
        return states


def finished(states: list[str]) -> bool:
    return all(state in ("done", "failed", "cancelled") for state in states)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A picture that is read in no time, and a driver of two frames."""
    driver = short_driver(tmp_path_factory.mktemp("driver") / "driver.mp4", 2)
    return tiny_png(), driver.read_bytes()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL of our own, on a socket in a folder of our own."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL is installed (initdb, pg_ctl)")
    programs = POSTGRES[0].parent
    as_user: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="mimica-postgres-"))  # pytest's own folders are closed to other users
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("PostgreSQL does not run as root, and there is no setpriv to become somebody else")
        as_user = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
        os.chown(folder, 65534, 65534)
    data, port = folder / "data", free_port()
    initdb = [programs / "initdb", "-D", data, "-U", "mimica", "--auth=trust", "--no-sync", "-E", "UTF8"]
    options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
    made = subprocess.run([*as_user, *initdb], capture_output=True, text=True, cwd="/")
    if made.returncode:
        pytest.skip(f"PostgreSQL cannot be set up here: {made.stderr.strip()[:200]}")
    control = [*as_user, programs / "pg_ctl", "-D", data, "-w", "-t", "300"]
    with (folder / "log").open("w") as log:
        started = subprocess.run([*control, "-o", options, "start"], stdout=log, stderr=log, cwd="/")
        assert started.returncode == 0, (folder / "log").read_text()
        try:
            yield f"postgresql+psycopg://mimica@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=log, stderr=log, cwd="/")
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def light(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Light]:
    service = Light(tmp_path)
    if request.param == "postgresql":
        service.database = request.getfixturevalue("postgres")
    yield service.begin()
    service.stop()


def test_killed_workers_lose_nothing(light: Light, files: tuple[bytes, bytes]) -> None:
    jobs = [light.send(*files, expression=2.0) for _ in range(6)]
    for _ in range(2):
        light.wait(jobs, lambda states: "running" in states)
        for pid in light.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
    assert light.wait(jobs, finished) == ["done"] * 6
    text = httpx2.get(f"{light.url}/api/v1/metrics", timeout=PATIENCE_S).text
    assert float(text.split("\nmimica_worker_restarts ")[1].split()[0]) >= 2


def test_a_killed_server_loses_nothing_it_accepted(light: Light, files: tuple[bytes, bytes]) -> None:
    jobs = [light.send(*files, expression=1.5) for _ in range(4)]
    light.kill()
    light.begin()
    jobs += [light.send(*files)]
    assert light.wait(jobs, finished) == ["done"] * 5
    result = httpx2.get(f"{light.url}/api/v1/jobs/{jobs[0]}/result", timeout=PATIENCE_S)
    assert result.content == files[1]


def test_a_job_that_kills_its_worker_is_reported_and_the_next_is_made(light: Light, files: tuple[bytes, bytes]) -> None:
    deadly, other = light.send(*files, crf=3), light.send(*files)
    assert light.wait([deadly, other], finished) == ["failed", "done"]
    error = httpx2.get(f"{light.url}/api/v1/jobs/{deadly}", timeout=PATIENCE_S).json()["error"]
    assert error["type"] == "WorkerDied"
    assert "3 times" in error["message"]


def test_a_job_is_stopped_while_it_runs(light: Light, files: tuple[bytes, bytes]) -> None:
    job = light.send(*files, expression=3.0, crf=4)  # a minute
    light.wait([job], lambda states: states == ["running"])
    httpx2.post(f"{light.url}/api/v1/jobs/{job}/cancel", timeout=PATIENCE_S)
    assert light.wait([job], finished) == ["cancelled"]


def test_a_service_that_is_stopped_goes_on_where_it_was(tmp_path: Path, files: tuple[bytes, bytes]) -> None:
    light = Light(tmp_path).begin()
    job = light.send(*files, expression=0.25, crf=4)  # five seconds
    light.wait([job], lambda states: states == ["running"])
    assert light.stop() in (0, -signal.SIGTERM)  # uvicorn hands the signal on when all is done
    light.begin()
    assert light.wait([job], finished) == ["done"]
    assert httpx2.get(f"{light.url}/api/v1/jobs/{job}", timeout=PATIENCE_S).json()["attempts"] == 1
    light.stop()


def test_the_real_work_survives_a_killed_worker(
    request: pytest.FixtureRequest, tmp_path: Path, files: tuple[bytes, bytes]
) -> None:
    service = ServiceProcess(tmp_path).start()
    request.addfinalizer(service.stop)
    sent = {
        "photo": (DEMO / "portrait.jpg").read_bytes(),
        "driver": files[1],
        "settings": (None, '{"consent": "fictional"}'),
    }
    job = httpx2.post(f"{service.url}/api/v1/jobs", files=sent, timeout=PATIENCE_S).json()["id"]
    address = f"{service.url}/api/v1/jobs/{job}"
    while httpx2.get(address, timeout=PATIENCE_S).json()["state"] != "running":
        time.sleep(0.05)
    for pid in service.workers():
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 500
    while (told := httpx2.get(address, timeout=PATIENCE_S).json())["state"] in ("queued", "running"):
        assert time.monotonic() < until, told
        time.sleep(0.3)
    assert told["state"] == "done", told
    assert told["attempts"] == 2
    result = httpx2.get(f"{address}/result", timeout=PATIENCE_S).content
    answer = httpx2.post(f"{service.url}/api/v1/verify", files={"file": result}, timeout=PATIENCE_S).json()
    assert answer["marked"]
    assert answer["manifest"]["state"] in ("valid", "trusted")
    assert service.stop() == 0
