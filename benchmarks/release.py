"""What provenance costs: the share of an animation's time that consent, gate, label, mark, manifest and ledger take.

    python benchmarks/release.py [--frames N] [--json]

One animation of the shipped portrait by the shipped actor is timed from end to end, and within it every call of each
layer, so that layer and whole are measured in the same seconds on the same machine. Loading the networks is counted in
the whole, as a user waits for it too.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mimica
from mimica.animation import production
from mimica.media import VideoWriter, open_video
from mimica.safety import job
from mimica.safety.gate import Gate
from mimica.safety.label import Label
from mimica.safety.ledger import Ledger
from mimica.safety.mark import Marker

ADMISSION = "admission: hashes, consent, key, gate on the photo"
DEMO = Path(mimica.__file__).parent / "demo"


class Stopwatch:
    """Seconds spent in named calls; a call within a timed call counts for the outer one only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running = False

    def watch(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, timed under `name`."""

        @wraps(call)
        def timed(*arguments: Any, **options: Any) -> Any:
            if self._running:
                return call(*arguments, **options)
            self._running, start = True, time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                self._running = False
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

        return timed


def clip(path: Path, frames: int) -> int:
    """The first `frames` frames of the shipped actor; gives how many there were."""
    written = 0
    with open_video(DEMO / "driver.mp4") as actor:
        size = (actor.info.width, actor.info.height)
        with VideoWriter(path, size, time_base=actor.info.time_base, rate=actor.info.rate) as writer:
            for frame in islice(actor, frames):
                writer.write(frame.image, frame.time, frame.duration)
                written += 1
    return written


def measure(frames: int) -> dict[str, Any]:
    """Animate and time. Gives seconds of the whole and of each layer, and the frames made."""
    watch = Stopwatch()
    layers: list[tuple[str, Any, str]] = [
        (ADMISSION, production, "admit"),
        ("gate on sampled frames", Gate, "check_frames"),
        ("label", Label, "draw"),
        ("invisible mark", Marker, "mark"),
        ("ledger: row started", Ledger, "start"),
        ("manifest: sign, sync, read back, row finished", job.ReleaseJob, "seal"),
    ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(patch.dict(os.environ, {"MIMICA_HOME": str(folder / "home")}))
        made = clip(folder / "driver.mp4", frames)
        for text, owner, name in layers:
            stack.enter_context(patch.object(owner, name, watch.watch(text, getattr(owner, name))))
        start = time.perf_counter()
        mimica.animate(DEMO / "portrait.jpg", folder / "driver.mp4", folder / "out.mp4", consent="fictional")
        whole = time.perf_counter() - start
    return {"frames": made, "whole_s": whole, "layers_s": watch.seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time provenance within an animation.")
    parser.add_argument("--frames", type=int, default=100, help="frames of the shipped actor (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measure(options.frames)
    if options.json:
        print(json.dumps(found))
        return
    whole, frames = found["whole_s"], found["frames"]
    print(f"{'layer':<52}{'s':>8}{'ms a frame':>12}{'share':>9}")
    rows = [*found["layers_s"].items(), ("all layers", sum(found["layers_s"].values())), ("the animation", whole)]
    for name, seconds in rows:
        print(f"{name:<52}{seconds:>8.2f}{1000 * seconds / frames:>12.2f}{seconds / whole:>9.1%}")


if __name__ == "__main__":
    main()
