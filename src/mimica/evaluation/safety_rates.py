"""How often the safety checks are wrong on harmless portraits: `python -m mimica.evaluation.safety_rates DIR`.

Measures the gate's false refusals (every picture is taken to be harmless), and for the perceptual hash how many bits
change when a portrait is saved again, and how few when it is another portrait. It cannot measure what the gate
overlooks: that needs pictures which nobody should collect.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.safety.gate import REFUSED_FROM, Gate
from mimica.safety.perceptual_hash import HASH_BITS, SAME_PICTURE_BITS, perceptual_hash

Image = NDArray[np.uint8]


def _jpeg(quality: int) -> Callable[[Image], Image]:
    def save_again(image: Image) -> Image:
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)

    return save_again


def _scaled(factor: float) -> Callable[[Image], Image]:
    def scale(image: Image) -> Image:
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=method), np.uint8)

    return scale


def _lightened(gain: float) -> Callable[[Image], Image]:
    return lambda image: np.clip(image * gain, 0, 255).astype(np.uint8)


def _cropped(share: float) -> Callable[[Image], Image]:
    def crop(image: Image) -> Image:
        margin = int(share * min(image.shape[:2]))
        return np.ascontiguousarray(image[margin:-margin, margin:-margin])

    return crop


COPIES: dict[str, Callable[[Image], Image]] = {
    "JPEG 90": _jpeg(90),
    "JPEG 70": _jpeg(70),
    "JPEG 50": _jpeg(50),
    "JPEG 30": _jpeg(30),
    "half size": _scaled(0.5),
    "double size": _scaled(2.0),
    "20 % lighter": _lightened(1.2),
    "20 % darker": _lightened(0.8),
    "cropped by 2 % a side": _cropped(0.02),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
}


def signs(image: Image) -> NDArray[np.uint8]:
    """(32,) uint8: the perceptual hash of a BGR picture as bytes."""
    return np.frombuffer(bytes.fromhex(perceptual_hash(np.ascontiguousarray(image[..., ::-1]))), np.uint8)


def distances(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Differing bits between rows, (…, 32) uint8 each."""
    return np.bitwise_count(first ^ second).sum(-1, dtype=np.int64)


def hash_rates(images: list[Image]) -> dict[str, object]:
    """Differing bits of copies and of other portraits."""
    original = np.stack([signs(image) for image in images])
    copies = {}
    for name, change in COPIES.items():
        moved = distances(original, np.stack([signs(change(image)) for image in images]))
        copies[name] = {
            "median": float(np.median(moved)), "p99": float(np.percentile(moved, 99)), "worst": int(moved.max()),
            "matched": float((moved <= SAME_PICTURE_BITS).mean()),
        }  # fmt: skip
    others = np.concatenate([distances(original[row], original[row + 1 :]) for row in range(len(original) - 1)])
    return {
        "threshold_bits": SAME_PICTURE_BITS, "of_bits": HASH_BITS, "copies": copies, "pairs": len(others),
        "nearest_pairs": np.sort(others)[:12].tolist(), "p1_pairs": float(np.percentile(others, 1)),
        "false_matches": int((others <= SAME_PICTURE_BITS).sum()),
    }  # fmt: skip


def gate_rates(images: list[Image], names: list[str]) -> dict[str, object]:
    """False refusals of the gate and its time a picture."""
    gate = Gate.load()
    started = time.perf_counter()
    scores = np.array([gate.score(np.ascontiguousarray(image[..., ::-1])) for image in images])
    seconds = (time.perf_counter() - started) / len(images)
    return {
        "pictures": len(images), "threshold": REFUSED_FROM, "refused": int((scores >= REFUSED_FROM).sum()),
        "share_refused": float((scores >= REFUSED_FROM).mean()), "ms_per_picture": round(1000 * seconds, 1),
        "percentiles": {str(p): round(float(np.percentile(scores, p)), 3) for p in (50, 90, 99, 99.5, 100)},
        "refused_at": {str(t): int((scores >= t).sum()) for t in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)},
        "highest": [[names[i], round(float(scores[i]), 3)] for i in np.argsort(-scores)[:12]],
    }  # fmt: skip


def main(folder: Path) -> None:
    """Print both as JSON."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    images = [np.asarray(image, np.uint8) for path in paths if (image := cv2.imread(str(path))) is not None]
    print(json.dumps({"perceptual_hash": hash_rates(images)}, indent=1), flush=True)
    print(json.dumps({"gate": gate_rates(images, [path.name for path in paths])}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
