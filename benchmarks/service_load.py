"""Load: clients that create jobs, ask how they are and fetch results, while server and workers are killed at random.

    python benchmarks/service_load.py --clients 50 --minutes 10 --work light --kills 12
    python benchmarks/service_load.py --clients 50 --minutes 3 --work real

Prints the numbers that docs/bench/service.md quotes: lost jobs, percentiles of status calls as the clients see them.
Without arguments it is a short run of the light work. "light": the worker copies a file in ten steps of 20 ms, so that
many jobs pass; everything else is the shipped service. "real": `mimica animate` with a driver of two frames.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "src" / "mimica" / "demo"
SERVE = """
import json, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from mimica.service.serve import serve
from mimica.service.settings import Quotas, ServiceSettings
quotas = Quotas(active_jobs=100_000, stored_bytes=1 << 40, requests_s=1e6, burst=1_000_000)
serve(ServiceSettings(data=Path({data!r}), port={port}, workers={workers}, work={work!r}, lease_s=20, quotas=quotas),
      lambda url: print(json.dumps({{"url": url}}), flush=True))
"""
WORK = {"light": "service_load:light_work", "real": "mimica.service.work:animation_work"}


def light_work(_device: str) -> Any:
    """Ten steps of 20 ms, then the driver's bytes as the result."""
    from mimica.animation.report import Progress

    def work(order: Any, tell: Any, show: Any) -> dict[str, Any]:
        for step in range(10):
            tell(Progress(step, 10, 50.0, "animating"))
            time.sleep(0.02)
        order.out.write_bytes(order.driver.read_bytes())
        return {"frames": 10}

    return work


@dataclass
class Service:
    """A service in processes of its own, which can be killed and started again on the same folder."""

    folder: Path
    work: str
    workers: int
    port: int
    process: subprocess.Popen[str] | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def start(self) -> None:
        code = SERVE.format(
            here=str(ROOT / "benchmarks"), data=str(self.folder / "data"), port=self.port, workers=self.workers,
            work=WORK[self.work],
        )  # fmt: skip
        environment = {**os.environ, "MIMICA_HOME": str(self.folder / "home")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, encoding="utf-8", env=environment
        )
        self.starts += 1
        assert self.process.stdout is not None
        assert self.process.stdout.readline()

    def kill_server(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill_worker(self) -> bool:
        assert self.process is not None
        found: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text().split()]
        workers = [pid for pid in found if b"service.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        if workers:
            os.kill(random.choice(workers), signal.SIGKILL)
        return bool(workers)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)


@dataclass
class Tally:
    """What the clients saw."""

    accepted: dict[str, str] = field(default_factory=dict)  # id → last state seen
    status_ms: list[float] = field(default_factory=list)
    create_ms: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    kills: Counter[str] = field(default_factory=Counter)


async def client(
    number: int, service: Service, files: dict[str, Any], tally: Tally, until: float, poll_s: float
) -> None:
    """Create, ask until it is finished, fetch, again."""
    async with httpx2.AsyncClient(timeout=60) as http:
        await asyncio.sleep(poll_s * random.random())
        while time.monotonic() < until:
            identity = await create(http, service, files, tally, f"{number}-{random.getrandbits(64)}")
            while identity is not None and time.monotonic() < until:
                await asyncio.sleep(poll_s)
                started = time.perf_counter()
                try:
                    answer = await http.get(f"{service.url}/jobs/{identity}")
                except httpx2.TransportError:
                    tally.broken += 1
                    continue
                tally.status_ms.append(1000 * (time.perf_counter() - started))
                if answer.status_code != 200:
                    tally.refused[answer.status_code] += 1
                    break
                tally.accepted[identity] = answer.json()["state"]
                if tally.accepted[identity] in ("done", "failed", "cancelled"):
                    with suppress(httpx2.TransportError):
                        await http.get(f"{service.url}/jobs/{identity}/result")
                    break


async def create(
    http: httpx2.AsyncClient, service: Service, files: dict[str, Any], tally: Tally, key: str
) -> str | None:
    """One job; when the line breaks, the same again: the key makes sure it is one."""
    for _ in range(20):
        started = time.perf_counter()
        try:
            answer = await http.post(f"{service.url}/jobs", files=files, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            tally.broken += 1
            await asyncio.sleep(0.5)
            continue
        tally.create_ms.append(1000 * (time.perf_counter() - started))
        if answer.status_code not in (200, 201):
            tally.refused[answer.status_code] += 1
            return None
        identity = answer.json()["id"]
        tally.accepted[identity] = "queued"
        return identity
    return None


async def killer(service: Service, tally: Tally, kills: int, seconds: float) -> None:
    """Kill a worker or the server at random moments, and start the server again."""
    moments = sorted(random.uniform(0.05, 0.9) * seconds for _ in range(kills))
    began = time.monotonic()
    for index, moment in enumerate(moments):
        await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
        if index % 2:
            service.kill_server()
            tally.kills["server"] += 1
            await asyncio.to_thread(service.start)
        elif service.kill_worker():
            tally.kills["worker"] += 1


async def drain(service: Service, tally: Tally, seconds: float) -> Counter[str]:
    """Wait until every accepted job is finished; what became of each."""
    until = time.monotonic() + seconds
    async with httpx2.AsyncClient(timeout=60) as http:
        open_jobs = {each for each, state in tally.accepted.items() if state in ("queued", "running")}
        while open_jobs and time.monotonic() < until:
            for identity in list(open_jobs):
                try:
                    answer = await http.get(f"{service.url}/jobs/{identity}")
                except httpx2.TransportError:
                    break  # the service is just coming back
                state = answer.json().get("state", f"lost ({answer.status_code})")
                tally.accepted[identity] = state
                if state not in ("queued", "running"):
                    open_jobs.discard(identity)
            await asyncio.sleep(1)
    return Counter(tally.accepted.values())


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def two_frames(path: Path) -> Path:
    from mimica.media import VideoWriter, open_video

    with open_video(DEMO / "driver.mp4") as clip:
        frames = list(islice(clip, 2))
        size, rate = (clip.info.width, clip.info.height), clip.info.rate
    with VideoWriter(path, size, rate=rate) as writer:
        for frame in frames:
            writer.write(frame.image, frame.time)
    return path


async def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    service = Service(folder, options.work, options.workers, options.port)
    driver = two_frames(folder / "driver.mp4").read_bytes()
    settings = json.dumps({"consent": "fictional"})
    files = {"photo": (DEMO / "portrait.jpg").read_bytes(), "driver": driver, "settings": (None, settings)}
    tally, seconds = Tally(), options.minutes * 60
    service.start()
    until = time.monotonic() + seconds
    await asyncio.gather(
        *(client(number, service, files, tally, until, options.poll) for number in range(options.clients)),
        killer(service, tally, options.kills, seconds),
    )
    ended = await drain(service, tally, options.drain)
    service.stop()
    lost = sum(number for state, number in ended.items() if state not in ("done", "failed", "cancelled"))
    return {
        "clients": options.clients, "minutes": options.minutes, "work": options.work, "workers": options.workers,
        "kills": dict(tally.kills), "accepted": len(tally.accepted), "ended": dict(ended), "lost": lost,
        "status_calls": len(tally.status_ms), "status_p50_ms": round(percentile(tally.status_ms, 0.5), 1),
        "status_p95_ms": round(percentile(tally.status_ms, 0.95), 1),
        "status_p99_ms": round(percentile(tally.status_ms, 0.99), 1),
        "create_p50_ms": round(percentile(tally.create_ms, 0.5), 1),
        "create_p99_ms": round(percentile(tally.create_ms, 0.99), 1), "broken_connections": tally.broken,
        "refused": dict(tally.refused), "load_average": os.getloadavg()[1], "cores": os.cpu_count(),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=0.2)
    parser.add_argument("--work", choices=sorted(WORK), default="light")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--poll", type=float, default=1.0, help="seconds between two questions of a client")
    parser.add_argument("--drain", type=float, default=600.0, help="seconds that accepted jobs may take afterwards")
    parser.add_argument("--port", type=int, default=7899)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        print(json.dumps(asyncio.run(run(options, Path(folder))), indent=1))


if __name__ == "__main__":
    main()
