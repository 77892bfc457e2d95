"""How fast each stage is, as a multiple of a matrix product timed in between on the same machine.

    python benchmarks/run.py [--json] [--seconds S] [STAGE ...]

Milliseconds differ from machine to machine and from hour to hour; the ratio to a reference that runs right before and
right after moves much less, so two runs can be compared. Of several calls the fastest counts: it is the least
disturbed. The reference is NumPy's float32 product of two 512 × 512 matrices (0.13 GMAC) on one core; the stages get
MIMICA_THREADS threads, else every usable core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"  # read when NumPy is imported, hence the order

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from mimica.media import VideoWriter, open_video  # noqa: E402
from mimica.runtime.providers import thread_count  # noqa: E402
from mimica.runtime.weights import load_network, read_registry  # noqa: E402

THREADS = thread_count() or os.cpu_count() or 1
REFERENCE_SIDE = 512
FRAME_PX = 512
CLIP_FRAMES = 24

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """One stage: milliseconds of its fastest call, their ratio to the fastest reference in between, calls timed."""

    stage: str
    ms: float
    ratio: float
    calls: int


def reference() -> Call:
    left, right = np.random.default_rng(0).standard_normal((2, REFERENCE_SIDE, REFERENCE_SIDE), np.float32)
    target = np.empty_like(left)
    return lambda: np.matmul(left, right, out=target)


def moving_picture(count: int) -> list[np.ndarray]:
    """`count` frames (512, 512, 3) uint8 of a textured picture that drifts: something for an encoder to do."""
    noise = np.random.default_rng(1).integers(0, 256, (FRAME_PX, FRAME_PX, 3), np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 6)
    return [np.roll(picture, 2 * index, axis=1) for index in range(count)]


def stages(stack: ExitStack) -> Iterator[tuple[str, Callable[[], Call]]]:
    """Name and maker of every stage; a maker does what is not to be timed."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    frames = moving_picture(CLIP_FRAMES)
    clip = folder / "clip.mp4"

    def write(path: Path) -> None:
        with VideoWriter(path, (FRAME_PX, FRAME_PX), rate=Fraction(25)) as writer:
            for index, image in enumerate(frames):
                writer.write(image, Fraction(index, 25))

    def read() -> int:
        with open_video(clip) as video:
            return sum(1 for _ in video)

    def make_read() -> Call:
        write(clip)
        return read

    def make_warp() -> Call:
        rows, columns = np.indices((FRAME_PX, FRAME_PX), np.float32)
        image, x, y = frames[0], columns + 3 * np.sin(rows / 40), rows + 3 * np.cos(columns / 40)
        return lambda: cv2.remap(image, x, y, cv2.INTER_LINEAR)

    yield f"media: read {CLIP_FRAMES} frames of {FRAME_PX}²", make_read
    yield f"media: write {CLIP_FRAMES} frames of {FRAME_PX}²", lambda: lambda: write(folder / "written.mp4")
    yield f"render: warp a picture of {FRAME_PX}²", make_warp
    for name in read_registry():
        yield f"network: {name}", lambda name=name: network_call(name)
        yield f"network: open {name}", lambda name=name: lambda: load_network(name, "cpu")


def network_call(name: str) -> Call:
    """One run of a shipped network on the CPU, axes of any length taken as 1."""
    network = load_network(name, "cpu")
    random = np.random.default_rng(2)
    feeds = {
        spec.name: (random.random([length or 1 for length in spec.shape]) * 255).astype(spec.dtype)
        for spec in network.inputs
    }
    return lambda: network.run(feeds)


def time_stage(stage: str, call: Call, baseline: Call, seconds: float) -> Timing:
    """Alternate baseline, stage, baseline, … for `seconds`, at least three times after one unmeasured call each."""
    call()
    baseline()
    times: list[float] = []
    references = [elapsed_s(baseline)]
    while len(times) < 3 or sum(times) < seconds:
        times.append(elapsed_s(call))
        references.append(elapsed_s(baseline))
    fastest = min(times)
    return Timing(stage, round(fastest * 1e3, 3), round(fastest / min(references), 3), len(times))


def elapsed_s(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Time each stage against a matrix product.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="only stages whose name contains one of these")
    parser.add_argument("--seconds", type=float, default=1.0, help="time for each stage (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    cv2.setNumThreads(THREADS)
    baseline = reference()
    timings: list[Timing] = []
    with ExitStack() as stack:
        for name, make in stages(stack):
            if not options.stages or any(word in name for word in options.stages):
                timings.append(time_stage(name, make(), baseline, options.seconds))
    if not timings:
        sys.exit(f"benchmarks: no stage is called {' or '.join(options.stages)}")
    baseline_ms = min(elapsed_s(baseline) for _ in range(50)) * 1e3
    if options.json:
        print(json.dumps({"threads": THREADS, "reference_ms": baseline_ms, "stages": [asdict(t) for t in timings]}))
        return
    print(f"stages on {THREADS} threads")
    print(f"{'stage':<44}{'ms':>10}{'× reference':>14}{'calls':>8}")
    print(f"{'reference: matrix product on one core':<44}{baseline_ms:>10.2f}{1:>14.2f}{50:>8}")
    for timing in timings:
        print(f"{timing.stage:<44}{timing.ms:>10.2f}{timing.ratio:>14.2f}{timing.calls:>8}")


if __name__ == "__main__":
    main()
