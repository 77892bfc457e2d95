"""The REST service on Ray Serve: replicas that come and go, a queue that is full, a replica and a node that are killed.

    python benchmarks/serving.py -o OUT [--jobs N] [--json FILE]

Two nodes of one core each on this machine (`ray.cluster_utils`). The service itself is asked through its app, without a
socket; each job animates the demo's portrait by five frames at 256 px through `animate`, the way out. Told: when the
second replica was there and when it was gone, how many jobs were turned away, jobs a minute on one replica and on two,
and how long after a kill everything was done. Lost and doubled are counted over all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MIMICA_THREADS"):
    os.environ[variable] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 Ray lowers its workers by 15 otherwise
os.environ["MIMICA_HOME"] = tempfile.mkdtemp(prefix="mimica-benchmark-")

from batch import children, inputs  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402

from mimica.service import ServiceSettings, create_app  # noqa: E402
from mimica.service.crew import Errand  # noqa: E402
from mimica.service.settings import Quotas  # noqa: E402

NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
QUICK = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}
UP_S, DOWN_S, WAITING = 2.0, 5.0, 30


class Service:
    """A service under measurement."""

    def __init__(self, client: TestClient, folder: Path) -> None:
        self.client, self.crew = client, client.app.state.parts.crew  # type: ignore[attr-defined]
        self._sent = {
            "photo": ("photo.png", (folder / "photo.png").read_bytes()),
            "driver": ("actor.mp4", (folder / "short.mp4").read_bytes()),
            "settings": (None, json.dumps({"consent": "fictional"})),
        }
        self.accepted = self.busy = 0

    def post(self, count: int) -> None:
        for _ in range(count):
            answer = self.client.post("/api/v1/jobs", files=self._sent)
            assert answer.status_code in (201, 503), answer.text
            self.accepted += answer.status_code == 201
            self.busy += answer.status_code == 503

    def states(self) -> Counter[str]:
        return Counter({k: v for k, v in self.client.app.state.parts.jobs.counts().items() if v})  # type: ignore[attr-defined]

    def until(self, true: Callable[[], bool]) -> float:
        """Seconds until it is so."""
        started = time.monotonic()
        while not true():
            assert time.monotonic() - started < 300
            time.sleep(0.05)
        return round(time.monotonic() - started, 1)

    def finished(self) -> bool:
        return self.states()["done"] == self.accepted

    def pace(self, seconds: float) -> float:
        """Jobs a minute for a while."""
        before, started = self.states()["done"], time.monotonic()
        time.sleep(seconds)
        return round((self.states()["done"] - before) / (time.monotonic() - started) * 60, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out.mkdir(parents=True)
    inputs(asked.out)

    import ray
    from ray.cluster_utils import Cluster

    from mimica.scale.service_crew import ServeCrew
    from mimica.scale.serving import ServiceSize

    cluster = Cluster(
        initialize_head=True, head_node_args={**NODE, "include_dashboard": False, "_system_config": QUICK}
    )
    second = cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    settings = ServiceSettings(
        data=asked.out / "data", port=80, device="cpu", lease_s=20,
        quotas=Quotas(waiting_jobs=WAITING, active_jobs=10**6, requests_s=10**6, burst=10**6),
    )  # fmt: skip
    size = ServiceSize(least=1, most=2, up_s=UP_S, down_s=DOWN_S)
    told: dict[str, Any] = {"jobs": asked.jobs, "may_wait": WAITING, "up_s": UP_S, "down_s": DOWN_S}
    app = create_app(settings, lambda queue: ServeCrew(Errand.of(settings), queue, size))
    try:
        with TestClient(app, base_url="http://localhost") as client:
            service = Service(client, asked.out)
            told["first_replica_s"] = service.until(lambda: service.crew.alive == 1)
            service.post(1)
            told["first_job_s"] = service.until(service.finished)
            service.post(asked.jobs)
            told["turned_away"] = service.busy
            told["second_replica_s"] = service.until(lambda: service.crew.alive == 2)
            told["jobs_a_minute_on_two"] = service.pace(8)
            told["load"] = round(os.getloadavg()[0], 1)
            service.until(service.finished)
            told["back_to_one_s"] = service.until(lambda: service.crew.alive == 1)
            service.post(3)
            service.until(lambda: service.states()["done"] == service.accepted - 2)
            alone = time.monotonic()
            told["two_jobs_on_one_s"] = service.until(service.finished)
            told["jobs_a_minute_on_one"] = round(2 / (time.monotonic() - alone) * 60, 1)

            service.post(4)
            service.until(lambda: service.states()["running"] > 0)
            replicas = [pid for pid, name in children(os.getpid()).items() if name.startswith("ray::ServeReplica:")]
            for pid in replicas:
                os.kill(pid, signal.SIGKILL)
            told |= {"replicas_killed": len(replicas), "done_after_kill_s": service.until(service.finished)}

            service.post(WAITING - 2)
            service.until(lambda: service.crew.alive == 2)
            service.until(lambda: service.states()["running"] > 1)
            waiting = service.accepted - service.states()["done"]
            cluster.remove_node(second, allow_graceful=False)
            told |= {"unfinished_at_node_kill": waiting, "done_after_node_kill_s": service.until(service.finished)}

            films = Counter(path.parent.name for path in (asked.out / "data" / "jobs").rglob("result-*.mp4"))
            told |= {
                "accepted": service.accepted, "states": dict(service.states()),
                "lost": service.accepted - len(films), "doubled": sum(count > 1 for count in films.values()),
                "tickets_lost": service.crew.restarts,
            }  # fmt: skip
    finally:
        ray.shutdown()
        cluster.shutdown()
    print(json.dumps(told, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
