"""How memory stands while a long film is made: an hour of 1920 × 1080 by default.

    python benchmarks/length.py [--minutes 60] [--fps 5] [--json FILE] [--plot FILE.svg] [--keep FILM.mp4]

The scene is the shipped portrait set into a picture of 1920 × 1080, the performance the shipped driver, over and over.
The film is made in a process of its own; its resident memory and that of its children (the sentry) is told at every
twentieth. Then the film is verified, and its length read back.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import mimica
from mimica.media import load_photo, open_video
from mimica.safety.verify import verify

DEMO = Path(mimica.__file__).parent / "demo"
WIDTH, HEIGHT, PORTRAIT = 1920, 1080, 720
SEAM_PX = 60
POINTS = 20
RUN = """
import json, os, resource, sys, time
from fractions import Fraction
from pathlib import Path
from mimica.animation import animate
from mimica.animation.timeline import Timeline
from mimica.runtime.memory import return_freed_memory
return_freed_memory()  # as the command line does

def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20

def children():
    found = 0.0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                found += resident(int(child))
            except OSError:
                pass
    return found

def progress(now):
    if now.total and now.stage == "animating" and (now.done == 1 or now.done % max(1, now.total // 20) == 0):
        point = {"frame": now.done, "clock_s": time.monotonic() - begun, "cpu_s": time.process_time(),
            "resident_mb": resident("self"), "children_mb": children()}
        print(json.dumps(point), flush=True)

photo, out, seconds, fps = sys.argv[1:]
begun = time.monotonic()
timeline = Timeline(duration=Fraction(seconds), fps=Fraction(fps), loop=0)
driver = Path(sys.modules["mimica"].__file__).parent / "demo" / "driver.mp4"
report = animate(photo, driver, out, consent="fictional", timeline=timeline, progress=progress)
print(json.dumps({"frames": report.frames, "clock_s": time.monotonic() - begun, "cpu_s": time.process_time(),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    "after_mb": resident("self")}), flush=True)
"""


def scene(path: Path) -> None:
    """Write the shipped portrait, enlarged, before a blurred copy of itself that fills 1920 × 1080."""
    portrait = load_photo(DEMO / "portrait.jpg").image
    fill = cv2.resize(portrait, (WIDTH, WIDTH), interpolation=cv2.INTER_CUBIC)[:HEIGHT]
    picture = cv2.GaussianBlur(fill, (0, 0), 60).astype(np.float32)
    person = cv2.resize(portrait, (PORTRAIT, PORTRAIT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    edge = np.clip(np.minimum(np.arange(PORTRAIT), np.arange(PORTRAIT)[::-1]) / SEAM_PX, 0, 1)
    top = np.clip(np.arange(PORTRAIT) / SEAM_PX, 0, 1)
    share = np.minimum(edge[None, :], top[:, None])[..., None]
    left = (WIDTH - PORTRAIT) // 2
    place = picture[HEIGHT - PORTRAIT :, left : left + PORTRAIT]
    place += (person - place) * share
    cv2.imwrite(str(path), picture[..., ::-1].clip(0, 255).astype(np.uint8))


def measure(minutes: Fraction, fps: Fraction, film: Path, folder: Path) -> dict[str, Any]:
    """Make the film; returns the points of the curve, the totals, and what the finished film says of itself."""
    photo = folder / "scene.png"
    scene(photo)
    environment = {**os.environ, "MIMICA_HOME": str(folder / "home")}
    command = [sys.executable, "-c", RUN, str(photo), str(film), str(minutes * 60), str(fps)]
    points: list[dict[str, Any]] = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            points.append(json.loads(line))
            print(line.rstrip(), file=sys.stderr, flush=True)
    if process.returncode:
        raise SystemExit(process.returncode)
    totals = points.pop()
    begun = time.process_time()
    with open_video(film) as video:
        length = video.info.duration_s
    os.environ["MIMICA_HOME"] = environment["MIMICA_HOME"]
    told = verify(film)
    return {
        "minutes": float(minutes), "fps": float(fps), "points": points, **totals,
        "film_s": None if length is None else float(length), "film_bytes": film.stat().st_size,
        "verified": told.as_dict(), "verify_cpu_s": time.process_time() - begun,
    }  # fmt: skip


def plot(result: dict[str, Any], path: Path) -> None:
    """The curve as a picture."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 2.8), layout="constrained")
    share = [point["frame"] / result["fps"] / 60 for point in result["points"]]
    axes.plot(share, [point["resident_mb"] for point in result["points"]], marker="o", markersize=3)
    axes.set_xlabel("minutes of film written")
    axes.set_ylabel("resident memory, MB")
    axes.set_ylim(0, 1.25 * max(point["resident_mb"] for point in result["points"]))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print a table, and keep what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=Fraction, default=Fraction(60))
    parser.add_argument("--fps", type=Fraction, default=Fraction(5))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--keep", type=Path, help="leave the film here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = options.keep or Path(folder) / "film.mp4"
        result = measure(options.minutes, options.fps, film, Path(folder))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    if options.plot:
        plot(result, options.plot)
    print("minute  resident MB  children MB")
    for point in result["points"]:
        print(f"{point['frame'] / result['fps'] / 60:6.1f}  {point['resident_mb']:11.0f}  {point['children_mb']:11.0f}")
    print(json.dumps({key: value for key, value in result.items() if key != "points"}))


if __name__ == "__main__":
    main()
