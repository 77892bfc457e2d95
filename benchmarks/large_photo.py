"""What a photo of 50 megapixels costs: `python benchmarks/large_photo.py [--frames 8] [--json]`.

The shipped portrait is enlarged until its head fills most of the picture, which is the dearest case. Each film is made
in a process of its own: seconds by the clock and of the processor, and the most memory it held, until the photo was
read, until the first frame, and at the end. H.264 ends at 35.7 megapixels, so larger outputs are refused; what of 50 is
not, and the largest whole photo that is not, are measured in their place.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import mimica
from mimica.media import load_photo

DEMO = Path(mimica.__file__).parent / "demo"
CASES = (
    ((8660, 5773), "crop", 0.5),
    ((8660, 5773), "crop", 1.0),
    ((8660, 5773), "photo", 1.0),
    ((7296, 4864), "photo", 1.0),
)
"""(width, height), framing, height of the portrait in heights of the picture."""
RUN = """
import json, resource, sys, time
from fractions import Fraction
from pathlib import Path
from mimica.animation import animate
from mimica.animation.timeline import Timeline
from mimica.errors import MimicaError

def held():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

told = {}
def mark(name):
    told.setdefault(name, [time.monotonic() - begun, time.process_time(), held()])
def progress(now):
    mark("photo read" if now.stage != "animating" else "first frame")
photo, out, framing, frames = sys.argv[1:]
driver = Path(sys.modules["mimica"].__file__).parent / "demo" / "driver.mp4"
begun = time.monotonic()
try:
    animate(photo, driver, out, consent="fictional", framing=framing, progress=progress,
        timeline=Timeline(end=Fraction(int(frames), 25)))
    mark("film")
except MimicaError as error:
    mark("refused")
    told["why"] = str(error)
print(json.dumps(told))
"""


def picture(size: tuple[int, int], share: float, path: Path) -> Path:
    """The shipped portrait, `share` as high as the picture, before a blurred copy of itself; size: width, height."""
    portrait = load_photo(DEMO / "portrait.jpg").image
    width, height = size
    behind = cv2.GaussianBlur(cv2.resize(portrait, (width // 16, height // 16)), (0, 0), 20)
    whole = cv2.resize(behind, size, interpolation=cv2.INTER_LINEAR)
    side = round(share * height)
    left = (width - side) // 2
    whole[height - side :, left : left + side] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), np.ascontiguousarray(whole[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 92])
    return path


def measure(size: tuple[int, int], framing: str, share: float, frames: int, folder: Path) -> dict[str, Any]:
    """One film, or its refusal."""
    photo = picture(size, share, folder / "photo.jpg")
    environment = {**os.environ, "MIMICA_HOME": str(folder / "home")}
    command = [sys.executable, "-c", RUN, str(photo), str(folder / "out.mp4"), framing, str(frames)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {
        "megapixels": size[0] * size[1] / 1e6,
        "framing": framing,
        "share": share,
        **json.loads(done.stdout.splitlines()[-1]),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for size, framing, share in CASES:
            found = measure(size, framing, share, options.frames, Path(folder))
            if options.json:
                print(json.dumps(found), flush=True)
                continue
            print(f"{found['megapixels']:.1f} megapixels, --framing {framing}: {found.get('why', '')}")
            for name, values in found.items():
                if isinstance(values, list):
                    clock, processor, held = values
                    print(f"  {name:12s} {clock:7.1f} s  {processor:7.1f} s of processor  {held:6d} MB", flush=True)


if __name__ == "__main__":
    main()
