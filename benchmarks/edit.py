"""How long one change of a slider takes: drawing the edit, then gate, label, mark and JPEG of the preview.

`python benchmarks/edit.py` prints one row a size of the photo, in milliseconds: median and 95th percentile of the wall
clock, and the processor's time, which other programs do not lengthen. The photo is the shipped one, scaled.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

SHIPPED = Path(__file__).parents[1] / "src" / "mimica" / "demo" / "portrait.jpg"
SLIDERS = (
    {"smile": 0.4}, {"smile": 0.8}, {"smile": 0.8, "yaw": 10}, {"yaw": 25, "pitch": -8}, {"blink-left": 1},
    {"gaze-x": 0.5}, {"jaw-open": 0.6}, {"jaw-open": 0.9, "tongue": 0.8}, {"surprise": 1}, {"roll": 12, "anger": 0.7},
)  # fmt: skip


def measure(side_px: int, rounds: int, warm_up: int = 3) -> dict[str, float]:
    """Milliseconds of one change at a photo of `side_px`²."""
    from mimica import Animator
    from mimica.animation.edit import PortraitEdit, edit_still
    from mimica.media import load_photo
    from mimica.safety.portrait_admission import admit_portrait
    from mimica.safety.stream import StreamRelease

    photo = np.asarray(cv2.resize(load_photo(SHIPPED).image, (side_px, side_px), interpolation=cv2.INTER_CUBIC))
    portrait = Animator.load("cpu").prepare(photo)
    edits = [PortraitEdit.of(edit) for edit in SLIDERS]
    wall, draw, processor = [], [], []
    with StreamRelease(admit_portrait(None, photo, consent="fictional")) as previews:
        for index in range(warm_up + rounds * len(edits)):
            start, busy = time.perf_counter(), time.process_time()
            picture = edit_still(portrait, edits[index % len(edits)])
            drawn = time.perf_counter()
            previews.jpeg(picture)
            if index >= warm_up:
                wall.append(time.perf_counter() - start)
                draw.append(drawn - start)
                processor.append(time.process_time() - busy)
    return {
        "side_px": side_px,
        "median_ms": round(1e3 * float(np.median(wall)), 1),
        "p95_ms": round(1e3 * float(np.percentile(wall, 95)), 1),
        "draw_ms": round(1e3 * float(np.median(draw)), 1),
        "processor_ms": round(1e3 * float(np.median(processor)), 1),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sides", type=int, nargs="+", default=[512, 1024])
    arguments.add_argument("--rounds", type=int, default=4)
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MIMICA_HOME"] = home  # the jobs of a benchmark are nobody's record
        rows = [measure(side, asked.rounds) for side in asked.sides]
    if asked.json:
        print(json.dumps(rows))
        return
    print("| photo | one change, median | 95 % below | of it drawing | processor |\n|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['side_px']:.0f}² | {row['median_ms']} ms | {row['p95_ms']} ms | {row['draw_ms']} ms | "
            f"{row['processor_ms']} ms |"
        )


if __name__ == "__main__":
    main()
