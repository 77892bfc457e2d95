"""How fast an animation is from end to end, where the time goes, how soon it starts, and how much memory it takes.

    python benchmarks/speed.py [stages|start|whole] [--frames N] [--json]

stages: cheapest call of each stage, in ms of processor time, on the shipped portrait at 512 px and enlarged to 1080 px,
        one thread, beside a matrix product (0.13 GMAC) by which machines can be compared.
start:  seconds of a fresh interpreter until the first frame is drawn, the reading of the driver left out.
whole:  `animate` of both portraits with 1, 2, … threads: frames a second, processor time a frame, peak memory.
benchmarks/length.py has memory over a long film.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # read when NumPy is imported, hence the order

import cv2  # noqa: E402
import numpy as np  # noqa: E402

import mimica  # noqa: E402
from mimica.media.image import load_photo  # noqa: E402

DEMO = Path(mimica.__file__).parent / "demo"
SIZES = (512, 1080)
RUN = """
import json, resource, sys, time
from fractions import Fraction
from mimica.animation import animate
from mimica.animation.timeline import Timeline
photo, driver, out, seconds = sys.argv[1:]
timeline = Timeline(end=Fraction(seconds))
begun = time.monotonic()
report = animate(photo, driver, out, consent="fictional", timeline=timeline)
print(json.dumps({"frames": report.frames, "seconds": time.monotonic() - begun, "cpu": time.process_time(),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))
"""


def portrait(side: int, folder: Path) -> Path:
    """The shipped portrait, `side` pixels a side."""
    if side == SIZES[0]:
        return DEMO / "portrait.jpg"
    larger = cv2.resize(load_photo(DEMO / "portrait.jpg").image, (side, side), interpolation=cv2.INTER_CUBIC)
    path = folder / f"{side}.png"
    cv2.imwrite(str(path), larger[..., ::-1])
    return path


def fastest(call: Callable[[int], Any], count: int) -> float:
    """Milliseconds of processor time of the cheapest of `count` calls, each with its number.

    Not of the clock: on a busy machine hardly a call ends without others having had the core meanwhile.
    """
    times: list[float] = []
    for number in range(count):
        begun = time.process_time()
        call(number)
        times.append(time.process_time() - begun)
    return min(times) * 1e3


def stages(frames: int) -> dict[str, Any]:
    """Milliseconds a frame by stage and size; the reference beside them."""
    os.environ["MIMICA_THREADS"] = "1"
    cv2.setNumThreads(1)
    from mimica.animation.animator import Animator
    from mimica.animation.networks import ENCODER_PX
    from mimica.animation.take import Role
    from mimica.core.geometry import CropFrame
    from mimica.faces.alignment import extract
    from mimica.faces.tracking import FaceTracker
    from mimica.media import open_video
    from mimica.safety.label import labelled
    from mimica.safety.mark import Marker

    matrices = np.random.default_rng(0).standard_normal((2, 512, 512), np.float32)
    result: dict[str, Any] = {"reference": fastest(lambda _: matrices[0] @ matrices[1], 40)}
    animator, marker = Animator.load("cpu"), Marker(7)
    driver = animator.read_driver(DEMO / "driver.mp4")
    with open_video(DEMO / "driver.mp4") as video:
        shown = iter(video)
        next(shown)
        result["decode"] = fastest(lambda _: next(shown), frames)
        pictures = list(islice(shown, frames))
    tracker = FaceTracker(animator.networks.finder)
    result["track"] = fastest(lambda i: tracker.update(pictures[i].image, float(pictures[i].time)), len(pictures))
    side = float(min(pictures[0].image.shape[:2]))
    crop = CropFrame(side / 2, side / 2, 0.6 * side)
    result["encode motion"] = fastest(
        lambda i: animator.networks.encode(extract(pictures[i].image, crop, ENCODER_PX)), len(pictures)
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            prepared = animator.prepare(portrait(size, Path(folder)))
            role = Role(prepared, driver)
            step = max(1, len(driver) // frames)
            drawn: list[Any] = []
            result[f"render {size}"] = fastest(
                lambda i, role=role, drawn=drawn, step=step: drawn.append(
                    role.portrait.renderer.render(role.motion(i * step))
                ),
                frames,
            )
            result[f"label {size}"] = fastest(lambda i, drawn=drawn: labelled(drawn[i]), frames)
            result[f"mark {size}"] = fastest(lambda i, drawn=drawn: marker.mark(drawn[i]), frames)
            shown = [role.portrait.renderer.render(role.motion(index)) for index in range(min(2 * frames, len(driver)))]
            result[f"encode video {size}"] = encode_video(shown, size, Path(folder))
    for size in SIZES:
        parts = [result[name] for name in result if name.endswith(str(size)) and not name.startswith("label")]
        reading = sum(result[name] for name in ("decode", "track", "encode motion"))
        result[f"a frame on one core {size}"] = sum(parts) + reading
    return result


def encode_video(drawn: list[Any], size: int, folder: Path) -> float:
    """Milliseconds of processor time a frame, of frames that follow each other; a single call's time says nothing, for
    x264 works in threads of its own."""
    from mimica.media import VideoWriter
    from mimica.media.chunks import Chunked

    begun = time.process_time()
    with VideoWriter(folder / "out.mp4", (size, size), rate=Fraction(25), threads=4, chunks=Chunked()) as writer:
        for index, frame in enumerate(drawn):
            writer.write(frame, Fraction(index, 25))
    return (time.process_time() - begun) / len(drawn) * 1e3


def start(_: int) -> dict[str, float]:
    """Seconds since the interpreter began, at each step towards the first frame; the fastest of three."""
    code = (
        "import time,os,json\nzero=float(os.environ['BEGUN'])\nmarks={}\n"
        "def mark(name): marks[name]=time.monotonic()-zero\n"
        "from mimica.animation.animator import Animator\nimport numpy as np\nmark('import')\n"
        "from mimica.animation.motion_field import HeadMotion\n"
        "animator=Animator.load('cpu')\nmark('networks')\n"
        f"portrait=animator.prepare({str(DEMO / 'portrait.jpg')!r})\nmark('portrait')\n"
        "gaze=np.zeros((2,2),np.float32)\n"
        "portrait.renderer.render(HeadMotion(np.full(49,.2,np.float32),np.zeros(3,np.float32),np.eye(3),"
        "np.array([.5,0,0]),gaze))\n"
        "mark('first frame')\nmarks['processor']=time.process_time()\nprint(json.dumps(marks))"
    )
    runs: list[dict[str, float]] = []
    for _ in range(3):
        environment = {**os.environ, "BEGUN": str(time.monotonic())}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(runs, key=lambda run: run["first frame"])


def animated(side: int, frames: int, threads: int, folder: Path) -> dict[str, Any]:
    """One `animate` in a process of its own."""
    environment = {**os.environ, "MIMICA_THREADS": str(threads), "MIMICA_HOME": str(folder / "home")}
    seconds = str(Fraction(frames, 25))
    arguments = [str(portrait(side, folder)), str(DEMO / "driver.mp4"), str(folder / "out.mp4"), seconds]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout.splitlines()[-1])
    result["fps"] = result["frames"] / result["seconds"]
    result["processor_ms"] = result.pop("cpu") / result["frames"] * 1e3
    return result


def whole(frames: int) -> dict[str, Any]:
    """Both sizes, one thread and as many as there are cores."""
    counts = sorted({1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1})
    with tempfile.TemporaryDirectory() as folder:
        return {
            f"{side} px, {threads} threads": animated(side, frames, threads, Path(folder))
            for side in SIZES
            for threads in counts
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("stages", "start", "whole"), nargs="?", default="stages")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any] = {"stages": stages, "start": start, "whole": whole}[options.what](options.frames)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {part:.5g}" for key, part in value.items() if not isinstance(part, list))
        print(f"{name:28s} {value if isinstance(value, str | list) else f'{value:9.2f}'}")


if __name__ == "__main__":
    main()
