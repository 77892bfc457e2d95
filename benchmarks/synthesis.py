"""How fast training data is made: images a second of every kind that `mimica synthesize` renders.

    python benchmarks/synthesis.py DATA [--seconds S] [--json]

DATA is a folder that `mimica synthesize` prepared (it holds prepared/rig.npz, correspondence.npz and fitted/); give
--portraits where the fitted portraits lie elsewhere. Whole turns are timed as the command does them: loading and
building each portrait, posing, rendering, encoding; only the compression of tar and npz is left out. One process on
one core; `--workers N` of the command multiplies by up to N. The load average tells how busy the machine was.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # read when NumPy is imported, hence the order

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from mimica.synthesis.atlas import HeadAtlas  # noqa: E402
from mimica.synthesis.correspondence import Correspondence  # noqa: E402
from mimica.synthesis.dataset import DatasetConfig, render_group, select_portraits  # noqa: E402
from mimica.synthesis.fitted import FittedPortrait  # noqa: E402
from mimica.synthesis.portrait import build_portrait  # noqa: E402
from mimica.synthesis.rig import Rig  # noqa: E402
from mimica.training import motion_rendering, rig_rendering  # noqa: E402

PAIRS = DatasetConfig(count=1)
TURN = 8

Turn = Callable[[], int]


def kinds(atlas: HeadAtlas, people: Iterator[Path]) -> dict[str, Turn]:
    """A turn of each kind, which tells how many images it made."""
    rng = np.random.default_rng(0)

    def pairs() -> int:
        performers = [build_portrait(atlas, FittedPortrait.load(next(people))) for _ in range(PAIRS.people)]
        return sum(len(render_group(performers, PAIRS, group)) for group in range(PAIRS.motions))

    def motion() -> int:
        portrait = build_portrait(atlas, FittedPortrait.load(next(people)))
        return sum(1 for _ in motion_rendering.rendered_rows(portrait, rng, TURN))

    def rig() -> int:
        portrait = build_portrait(atlas, FittedPortrait.load(next(people)))
        return sum(1 for _ in rig_rendering.rendered_rows(portrait, rng, TURN))

    def build() -> int:
        build_portrait(atlas, FittedPortrait.load(next(people)))
        return 1

    return {"pairs, 256 px": pairs, "motion, 192 px": motion, "rig, 512 px": rig, "portraits built": build}


def rate(turn: Turn, seconds: float) -> tuple[float, float]:
    """Images a second of the wall's clock and of the processor's, after one unmeasured turn."""
    turn()
    wall, busy = time.perf_counter(), time.process_time()
    made = turn()
    while time.perf_counter() - wall < seconds:
        made += turn()
    return made / (time.perf_counter() - wall), made / (time.process_time() - busy)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the data engine.")
    parser.add_argument("data", type=Path, help="a folder that mimica synthesize prepared")
    parser.add_argument("--portraits", type=Path, help="fitted portraits (default: DATA/prepared/fitted)")
    parser.add_argument("--seconds", type=float, default=10.0, help="time for each kind (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    prepared = options.data / "prepared"
    rig = Rig.from_npz(prepared / "rig.npz", identity=False)
    atlas = HeadAtlas(rig, Correspondence.load(prepared / "correspondence.npz"))
    people = cycle(select_portraits(options.portraits or prepared / "fitted", PAIRS))
    rates = {name: rate(turn, options.seconds) for name, turn in kinds(atlas, people).items()}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    if options.json:
        print(json.dumps({"cores": os.cpu_count(), "load": load, "per_second": rates}))
        return
    print(f"one process, {os.cpu_count()} cores, load average {load:.1f}")
    print(f"{'':<20}{'a second':>10}{'a CPU second':>14}")
    for name, (wall, busy) in rates.items():
        print(f"{name:<20}{wall:>10.1f}{busy:>14.1f}")


if __name__ == "__main__":
    main()
