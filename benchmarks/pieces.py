"""What encoding in pieces costs: size, quality at the joints, processor time, for several lengths of a piece.

    python benchmarks/pieces.py VIDEO [--crf 16] [--lengths 0 240 120 60]

0 is one encoder for the whole. Prints a line for each length.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.media import chunks, open_video, video_writer
from mimica.media.chunks import Chunked
from mimica.media.video_writer import VideoWriter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--crf", type=int, default=16)
    parser.add_argument("--lengths", type=int, nargs="+", default=[0, 240, 120, 60])
    options = parser.parse_args()
    with open_video(options.video) as video:
        frames = [frame.image for frame in video]
    whole: int | None = None
    for length in options.lengths:
        with tempfile.TemporaryDirectory() as folder:
            size, psnr_db, cpu_s = encoded(Path(folder) / "out.mp4", frames, length, options.crf)
        whole = whole or size
        starts = range(length, len(psnr_db), length) if length else ()
        joints = np.concatenate([psnr_db[:0], *(psnr_db[start - 2 : start + 3] for start in starts)])
        at_joints = f", at joints {joints.mean():.2f} dB" if len(joints) else ""
        print(
            f"pieces of {length:4d}: {size:9d} bytes ({size / whole - 1:+.1%}), PSNR {psnr_db.mean():.2f} dB"
            f"{at_joints}, {cpu_s / len(frames) * 1e3:.1f} ms a frame",
            flush=True,
        )


def encoded(
    path: Path, frames: list[NDArray[np.uint8]], length: int, crf: int
) -> tuple[int, NDArray[np.float64], float]:
    """Bytes, PSNR of each frame, and seconds of processor time."""
    setattr(chunks, "CHUNK_FRAMES", length)  # noqa: B010 (constants of the product, changed to measure them)
    setattr(video_writer, "CHUNK_FRAMES", length or 1)  # noqa: B010
    begun = time.process_time()
    height, width = frames[0].shape[:2]
    with VideoWriter(
        path, (width, height), rate=Fraction(25), crf=crf, threads=4, chunks=Chunked() if length else None
    ) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame, Fraction(index, 25))
    cpu_s = time.process_time() - begun
    with open_video(path) as video:
        errors = [
            np.square(frame.image.astype(np.float32) - before).mean()
            for frame, before in zip(video, frames, strict=True)
        ]
    return path.stat().st_size, 10 * np.log10(255**2 / np.array(errors, np.float64)), cpu_s


if __name__ == "__main__":
    main()
