"""A hundred short jobs on Ray while workers are killed: none lost, none doubled; and what a job costs.

    python benchmarks/batch.py -o OUT [--jobs N] [--workers N] [--kills N] [--json FILE]

Each job animates the demo's portrait by five frames at 256 px through `animate`, the way out: gate, mark, manifest and
ledger included. After every so many results a worker at work is killed with SIGKILL. Then one job of 100 frames and the
short ones give the cost of a job and of a frame, here and now.
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
from fractions import Fraction
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MIMICA_THREADS"):
    os.environ[variable] = "1"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 Ray lowers its workers by 15 otherwise
os.environ["MIMICA_HOME"] = tempfile.mkdtemp(prefix="mimica-benchmark-")

import numpy as np  # noqa: E402

from mimica.animation.batch import JobResult, make_job, run_batch  # noqa: E402
from mimica.animation.batch_journal import JOURNAL  # noqa: E402
from mimica.animation.batch_table import Job  # noqa: E402
from mimica.media import VideoWriter, load_photo, open_video, save_image  # noqa: E402

DEMO = Path(__file__).parents[1] / "src" / "mimica" / "demo"


def inputs(folder: Path) -> None:
    """photo.png, 256 px; short.mp4, five frames; long.mp4, a hundred."""
    photo = np.ascontiguousarray(load_photo(DEMO / "portrait.jpg").image[::2, ::2])
    save_image(folder / "photo.png", photo)
    with open_video(DEMO / "driver.mp4") as film:
        frames = [frame.image for frame, _ in zip(film, range(100), strict=False)]
    for name, count in (("short", 5), ("long", 100)):
        with VideoWriter(folder / f"{name}.mp4", (frames[0].shape[1], frames[0].shape[0]), rate=Fraction(25)) as writer:
            for index, image in enumerate(frames[:count]):
                writer.write(image, Fraction(index, 25))


def children(parent: int) -> dict[int, str]:
    """Every process below `parent`: its command line by its number."""
    found: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                found[int(entry.name)] = (int(stat[1]), (entry / "cmdline").read_bytes().decode(errors="replace"))
            except (OSError, ValueError):
                continue
    below, more = {parent}, True
    while more:
        fresh = {pid for pid, (above, _) in found.items() if above in below} - below
        below, more = below | fresh, bool(fresh)
    return {pid: found[pid][1] for pid in below if pid in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    shutil.rmtree(asked.out, ignore_errors=True)
    made = asked.out / "made"
    made.mkdir(parents=True)
    inputs(asked.out)
    photo, short = asked.out / "photo.png", asked.out / "short.mp4"
    jobs = [
        Job(row, photo, short, made / f"{row:03d}.mp4", {"consent": "fictional", "expression": round(row / 100, 2)})
        for row in range(1, asked.jobs + 1)
    ]

    from mimica.scale.batch import RayCrew
    from mimica.scale.cluster import connect

    connect(None, asked.workers)
    done, killed = 0, 0

    def tell(result: JobResult) -> None:
        nonlocal done, killed
        done += 1
        if killed < asked.kills and done >= (killed + 1) * asked.jobs // (asked.kills + 1):
            for pid, command in children(os.getpid()).items():
                if command.startswith("ray::make_job"):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
                    break

    started = time.monotonic()
    results = run_batch(jobs, made, crew=RayCrew(asked.workers, device="cpu"), tell=tell)
    wall_s = time.monotonic() - started
    rows = Counter(Path(json.loads(line)["out"]).name for line in (made / JOURNAL).read_text().splitlines())
    frames = Counter(result.frames for result in results)
    told = {
        "jobs": len(jobs), "workers": asked.workers, "killed": killed, "wall_s": round(wall_s, 1),
        "load": round(os.getloadavg()[0], 1), "status": dict(Counter(result.status for result in results)),
        "results_each_once": done == len(jobs), "films": len(list(made.glob("*.mp4"))), "frames": dict(frames),
        "lost": len(jobs) - len(rows), "doubled": sum(count > 1 for count in rows.values()),
        "half_written": len([path for path in made.glob("[!.]*") if path.suffix not in (".mp4", ".jsonl")]),
        "hidden_leftovers": len(list(made.glob(".*.part"))),
    }  # fmt: skip
    costs = {}
    for name in ("warm", "short", "long"):
        job = Job(1, photo, asked.out / f"{'long' if name == 'long' else 'short'}.mp4", asked.out / f"out-{name}.mp4",
                  {"consent": "fictional"})  # fmt: skip
        cpu = time.process_time()
        assert make_job(job, "cpu", True)[0].status == "done"
        costs[name] = time.process_time() - cpu
    frame_s = (costs["long"] - costs["short"]) / 95
    told |= {"cpu_s_per_frame": round(frame_s, 4), "cpu_s_per_job": round(costs["short"] - 5 * frame_s, 3)}
    print(json.dumps(told, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
