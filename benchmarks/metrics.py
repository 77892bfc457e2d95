"""What a metric costs: milliseconds a frame on the demo's driver (384 px), one thread; readers, then metrics.

python benchmarks/metrics.py [--landmarks face_landmarker.task] [--perceptual squeezenet.onnx] [--frames N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MIMICA_THREADS", "1")

import cv2
import numpy as np

import mimica
from mimica.evaluation.encoder_reader import EncoderReader
from mimica.evaluation.face_trace import FaceReader
from mimica.evaluation.identity import IdentityModel
from mimica.evaluation.mediapipe_reader import MediaPipeReader
from mimica.evaluation.metrics.comparison import compare_traces
from mimica.evaluation.metrics.flicker import background, flicker
from mimica.evaluation.metrics.flow_error import flow_error
from mimica.evaluation.metrics.l1 import l1
from mimica.evaluation.metrics.perceptual import GradientDistance, NetworkDistance
from mimica.evaluation.metrics.psnr import psnr
from mimica.evaluation.metrics.regions import Regions
from mimica.evaluation.metrics.sharpness import sharpness
from mimica.evaluation.metrics.ssim import ssim
from mimica.media.video_reader import open_video

DRIVER = Path(mimica.__file__).parent / "demo" / "driver.mp4"


def milliseconds(work: Callable[[], object], frames: int = 1, calls: int = 5) -> float:
    """Median wall-clock time of a call, a frame."""
    work()
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start) / frames)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--landmarks", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--perceptual", type=Path, help="a perceptual network")
    parser.add_argument("--frames", type=int, default=50)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with open_video(DRIVER) as reader:
        seen = [(frame.image, float(frame.time)) for frame in reader if frame.index < options.frames]
    images, times = zip(*seen, strict=True)
    readers: list[FaceReader] = [EncoderReader()]
    if options.landmarks:
        readers.append(MediaPipeReader(options.landmarks))
    rows: list[tuple[str, float]] = []
    for face_reader in readers:
        rows.append(
            (f"reader: {face_reader.source}", milliseconds(lambda r=face_reader: r.read(images, times), len(images), 1))
        )
    trace = readers[0].read(images, times)
    for face_reader in readers:
        face_reader.close()
    image, other, points, layout = images[0], images[-1], trace.landmarks[0], trace.layout
    regions = Regions.of(points, layout, *image.shape[:2])
    rest = np.ones(len(images) - 1, np.bool_)
    mask = background(trace.box, *image.shape[:2])
    work: dict[str, Callable[[], object]] = {
        "regions": lambda: Regions.of(points, layout, *image.shape[:2]),
        "l1": lambda: l1(image, other, regions),
        "psnr": lambda: psnr(image, other, regions),
        "ssim": lambda: ssim(image, other, regions),
        "perceptual, MS-GMSD": lambda: GradientDistance()(image, other, regions),
        "flow error": lambda: flow_error(image, other, regions.face),
        "sharpness": lambda: sharpness(image, points, other, trace.landmarks[-1], layout),
    }
    if options.perceptual:
        network = NetworkDistance(options.perceptual)
        work[f"perceptual, {network.name}"] = lambda: network(image, other, regions)
    if IdentityModel.available():
        model = IdentityModel.load()
        work["identity, one embedding"] = lambda: model.embed_at(image, points, layout)
    rows += [(name, milliseconds(call)) for name, call in work.items()]
    rows.append(("flicker", milliseconds(lambda: flicker(images, mask, rest), len(images))))
    rows.append(("every metric of traces", milliseconds(lambda: compare_traces(trace, trace), len(images))))
    for name, cost in rows:
        print(f"{name:<46} {cost:8.2f} ms a frame")


if __name__ == "__main__":
    main()
