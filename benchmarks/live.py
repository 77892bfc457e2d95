"""Live: pictures a second and latency, from a recorded camera-like source of 640 × 480.

`python benchmarks/live.py` plays the shipped driver at 30 frames a second as a camera would, whoever is late missing
frames, and lets it move the shipped portrait through the whole loop: finder, encoder, drawing, gate, label, mark, JPEG.
Latency is from the moment a frame is there to the moment its JPEG is. Prints one row a size of the portrait.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import cv2
import numpy as np

DEMO = Path(__file__).parents[1] / "src" / "mimica" / "demo"
CAMERA_PX, CAMERA_FPS = (640, 480), 30


def recorded(seconds: float, *, hurry: bool = False) -> Iterator:
    """The shipped driver in the middle of a grey room, as a camera films it; frames that nobody waits for are lost.

    hurry: as fast as they are wanted, none lost.
    """
    from mimica.media import open_video
    from mimica.media.camera import CameraFrame

    with open_video(DEMO / "driver.mp4") as video:
        faces = [np.asarray(cv2.resize(frame.image, (480, 480))) for frame in video]
    room = np.full((CAMERA_PX[1], CAMERA_PX[0], 3), 96, np.uint8)
    started = time.monotonic()
    for index in range(int(seconds * CAMERA_FPS)):
        due = started + index / CAMERA_FPS
        now = time.monotonic()
        if now > due + 1 / CAMERA_FPS and not hurry:
            continue
        time.sleep(0.0 if hurry else max(0.0, due - now))
        picture = room.copy()
        picture[:, 80:560] = faces[index % len(faces)]
        yield CameraFrame(picture, index / CAMERA_FPS, due)


def measure(side_px: int, seconds: float, *, threads: bool) -> dict[str, float | int | bool]:
    """One row: the portrait at `side_px`² for so many seconds; with threads as `mimica live`, or one step at a time."""
    from mimica import Animator
    from mimica.animation.live import LiveSession
    from mimica.animation.live_loop import run_live
    from mimica.media import load_photo
    from mimica.safety.portrait_admission import admit_portrait

    shipped = load_photo(DEMO / "portrait.jpg").image
    photo = np.asarray(cv2.resize(shipped, (side_px, side_px), interpolation=cv2.INTER_AREA))
    animator = Animator.load("cpu")
    portrait = animator.prepare(photo)
    terms = admit_portrait(None, photo, consent="fictional")
    latencies: list[float] = []
    shown_s: list[float] = []
    with LiveSession(portrait, animator.networks, terms) as session:

        def show(frame) -> None:
            session.jpeg(frame)
            now = time.monotonic()
            latencies.append(now - now_of[frame.time_s])
            shown_s.append(now)

        now_of: dict[float, float] = {}

        def camera() -> Iterator:
            for frame in recorded(seconds):
                now_of[frame.time_s] = frame.captured_s
                yield frame

        busy = time.process_time()
        started = time.monotonic()
        if threads:
            run_live(session, camera(), show, Event())
        else:
            for frame in camera():
                show(session.animate(frame.image, frame.time_s, frame.captured_s))
        wall = time.monotonic() - started
        busy = time.process_time() - busy
    settled = latencies[5:] or latencies
    return {
        "side_px": side_px, "threads": threads, "pictures": len(latencies),
        "fps": round((len(shown_s) - 1) / (shown_s[-1] - shown_s[0]), 1),
        "median_ms": round(1e3 * float(np.median(settled))), "p95_ms": round(1e3 * float(np.percentile(settled, 95))),
        "worst_ms": round(1e3 * max(settled)), "processor_ms": round(1e3 * busy / max(len(latencies), 1)),
        "seconds": round(wall, 1),
    }  # fmt: skip


def steps(side_px: int, pictures: int = 60) -> dict[str, float]:
    """Processor's milliseconds of each step of a picture, medians; what other programs do does not lengthen them."""
    from mimica import Animator
    from mimica.animation.live import LiveSession
    from mimica.media import load_photo
    from mimica.safety.portrait_admission import admit_portrait

    shipped = load_photo(DEMO / "portrait.jpg").image
    photo = np.asarray(cv2.resize(shipped, (side_px, side_px), interpolation=cv2.INTER_AREA))
    animator = Animator.load("cpu")
    spent: dict[str, list[float]] = {"read": [], "draw, label, mark": [], "JPEG": []}
    terms = admit_portrait(None, photo, consent="fictional")
    with LiveSession(animator.prepare(photo), animator.networks, terms) as session:
        for frame in recorded(pictures / CAMERA_FPS, hurry=True):
            moments = [time.process_time()]
            motion = session.read(frame.image, frame.time_s)
            moments.append(time.process_time())
            shown = session.draw(motion)
            moments.append(time.process_time())
            session.jpeg(shown)
            moments.append(time.process_time())
            for name, begun, done in zip(spent, moments[:-1], moments[1:], strict=True):
                spent[name].append(1e3 * (done - begun))
    return {name: round(float(np.median(values)), 1) for name, values in spent.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sides", type=int, nargs="+", default=[256, 384, 512])
    arguments.add_argument("--seconds", type=float, default=12)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--steps", action="store_true", help="the processor's time of each step instead")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MIMICA_HOME"] = home  # the jobs of a benchmark are nobody's record
        if asked.steps:
            print(json.dumps({side: steps(side) for side in asked.sides}))
            return
        rows = [measure(side, asked.seconds, threads=threads) for side in asked.sides for threads in (False, True)]
    if asked.json:
        print(json.dumps(rows))
        return
    print("| portrait | steps | pictures a second | latency, median | 95 % below | worst | processor a picture |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        how = "at once" if row["threads"] else "in a row"
        print(
            f"| {row['side_px']}² | {how} | {row['fps']} | {row['median_ms']} ms | {row['p95_ms']} ms | "
            f"{row['worst_ms']} ms | {row['processor_ms']} ms |"
        )


if __name__ == "__main__":
    main()
