"""What the invisible mark survives, what it costs and what it looks like, beside marks that need no download.

    python benchmarks/mark.py [CLIP.mp4 ...] [--frames 16] [--others]

Give clips that carry no mark yet (default: the demo's driving video). Prints Markdown: pictures' quality and time for
each clip, then one row an attack: in how many clips the id was read right, and the least confidence. `--others` adds
`blind-watermark` and `invisible-watermark` (dwtDct, dwtDctSvd) where they are installed, with the same 16 bits a
frame; their bits are averaged over the frames, and their frames scaled back to the known size first, which no finder of
a foreign clip can do.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from mark_attacks import ATTACKS, Frames, even

from mimica.media import open_video
from mimica.safety.mark import Marker, MarkReading, read_mark

DEMO = Path(__file__).parents[1] / "src" / "mimica" / "demo"
MARK_ID = 0xA5C3
BITS = np.array([MARK_ID >> place & 1 for place in range(15, -1, -1)])


@dataclass(frozen=True, slots=True)
class Rival:
    """Another mark: `write` marks a frame with BITS, `read` gives (16,) soft bits 0..1 of a frame of the old size."""

    name: str
    write: Callable[[np.ndarray], np.ndarray]
    read: Callable[[np.ndarray], np.ndarray]

    def reads(self, frames: Frames, size: tuple[int, int]) -> bool:
        """Whether the bits, averaged over frames scaled back to `size` (width, height), are all right."""
        soft = np.mean([self.read(cv2.resize(frame, size)) for frame in frames[::4]], axis=0)
        return bool(((soft > 0.5) == BITS).all())


def rivals() -> list[Rival]:
    """The marks that are installed."""
    found: list[Rival] = []
    try:
        import blind_watermark
    except ImportError:
        pass
    else:
        blind_watermark.bw_notes.close()

        def write(frame: np.ndarray) -> np.ndarray:
            mark = blind_watermark.WaterMark(password_img=1, password_wm=1)
            mark.read_img(img=frame)
            mark.read_wm(BITS.astype(bool), mode="bit")
            return np.clip(np.rint(mark.embed()), 0, 255).astype(np.uint8)

        def read(frame: np.ndarray) -> np.ndarray:
            mark = blind_watermark.WaterMark(password_img=1, password_wm=1)
            return np.asarray(mark.extract(embed_img=frame, wm_shape=16, mode="bit"), float)

        found.append(Rival("blind-watermark", write, read))
    try:
        from imwatermark import WatermarkDecoder, WatermarkEncoder
    except ImportError:
        return found
    for method in ("dwtDct", "dwtDctSvd"):

        def encode(frame: np.ndarray, method: str = method) -> np.ndarray:
            encoder = WatermarkEncoder()
            encoder.set_watermark("bits", BITS.tolist())
            return np.asarray(encoder.encode(frame, method))

        def decode(frame: np.ndarray, method: str = method) -> np.ndarray:
            return np.asarray(WatermarkDecoder("bits", 16).decode(frame, method), float)

        found.append(Rival(method, encode, decode))
    return found


def frames_of(path: Path, count: int) -> Frames:
    """The first frames of a clip; exits when it already carries a mark."""
    frames: Frames = []
    with open_video(path) as video:
        for frame in video:
            frames.append(frame.image)
            if len(frames) == count:
                break
    if read_mark(frames).found:
        sys.exit(f"benchmarks: {path} already carries a mark; give clips without one")
    return even(frames)


def psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(float(np.mean((one.astype(float) - other) ** 2)), 1e-9)))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity of the luma (Wang et al. 2004: Gaussian window of σ 1.5)."""
    x, y = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64) for image in (one, other))

    def mean(image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image, (11, 11), 1.5)

    mx, my = mean(x), mean(y)
    vx, vy, covariance = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


def quality(clips: dict[str, Frames], marked: dict[str, Frames]) -> None:
    """Print PSNR, SSIM and milliseconds of processor time a frame, for each clip."""
    print("| clip | size | PSNR, mean (least) | SSIM | ms a frame |\n|---|---|---|---|---|")
    for name, frames in clips.items():
        start = time.process_time()
        for frame in frames:
            Marker(MARK_ID).mark(frame)
        ms = (time.process_time() - start) / len(frames) * 1e3
        levels = [psnr_db(*pair) for pair in zip(frames, marked[name], strict=True)]
        likeness = np.mean([ssim(*pair) for pair in zip(frames, marked[name], strict=True)])
        size = f"{frames[0].shape[1]} × {frames[0].shape[0]}"
        print(f"| {name} | {size} | {np.mean(levels):.1f} ({min(levels):.1f}) dB | {likeness:.4f} | {ms:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Attack the invisible mark.")
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", default=[DEMO / "driver.mp4"])
    parser.add_argument("--frames", type=int, default=16, help="of each clip (default: %(default)s)")
    parser.add_argument("--others", action="store_true", help="attack other installed marks too")
    parser.add_argument("--only", default="", help="only attacks whose name contains this")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    clips = {path.name: frames_of(path, options.frames) for path in options.clips}
    ours = {name: [Marker(MARK_ID).mark(frame) for frame in frames] for name, frames in clips.items()}
    quality(clips, ours)
    others = rivals() if options.others else []
    theirs = {
        rival.name: {name: [rival.write(f) for f in frames] for name, frames in clips.items()} for rival in others
    }
    for rival in others:
        levels = [psnr_db(f, g) for name in clips for f, g in zip(clips[name], theirs[rival.name][name], strict=True)]
        print(f"{rival.name}: {np.mean(levels):.1f} dB")
    print("\n| attack | Mimica | least confidence | " + "".join(f"{rival.name} | " for rival in others))
    print("|---|---|---|" + "---|" * len(others))
    for attack, damage in ATTACKS.items():
        if options.only not in attack:
            continue
        readings = [read_mark(damage(frames)) for frames in ours.values()]
        cells = [f"{right(readings)}/{len(readings)}", f"{min(reading.confidence for reading in readings):.2f}"]
        for rival in others:
            read = [
                rival.reads(damage(frames), (frames[0].shape[1], frames[0].shape[0]))
                for frames in theirs[rival.name].values()
            ]
            cells.append(f"{sum(read)}/{len(read)}")
        print(f"| {attack} | " + " | ".join(cells) + " |", flush=True)


def right(readings: list[MarkReading]) -> str:
    """How many ids were read right; names wrong ones, which must not happen."""
    wrong = sum(reading.found and reading.mark_id != MARK_ID for reading in readings)
    count = sum(reading.mark_id == MARK_ID for reading in readings)
    return f"{count} (WRONG: {wrong})" if wrong else str(count)


if __name__ == "__main__":
    main()
