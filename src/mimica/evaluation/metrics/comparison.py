"""All metrics of two traces, or of two rows of pictures, as plain numbers under the registry's names.

The metrics are in their own files; here they are called and named. Its own number is `found.share`: of the driver's
frames with a face, the share in which the reader finds one in the output too, 0..1, higher is better; fooled by an
output that shows any face at all, and below 1 where an exaggerated face is no longer taken for one. This module does
not read videos or write reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.face_trace import FaceTrace, Image
from mimica.evaluation.identity import IdentityModel
from mimica.evaluation.landmark_layout import Landmarks
from mimica.evaluation.metrics import CURVES
from mimica.evaluation.metrics.aperture import LEAST_EYES_SPREAD, LEAST_MOUTH_SPREAD
from mimica.evaluation.metrics.blinks import blink_score
from mimica.evaluation.metrics.curve import agreement
from mimica.evaluation.metrics.flicker import background, flicker, resting
from mimica.evaluation.metrics.flow_error import flow_error
from mimica.evaluation.metrics.gaze import gaze_error
from mimica.evaluation.metrics.head_pose import head_pose_error
from mimica.evaluation.metrics.identity import IdentityScore, identity_score
from mimica.evaluation.metrics.jitter import jerk, jitter
from mimica.evaluation.metrics.l1 import l1
from mimica.evaluation.metrics.perceptual import PerceptualDistance
from mimica.evaluation.metrics.psnr import psnr
from mimica.evaluation.metrics.regions import Regions
from mimica.evaluation.metrics.sharpness import sharpness
from mimica.evaluation.metrics.ssim import ssim

FloatArray = NDArray[np.float64]

LEAST_SPREAD: dict[str, float] = {
    "mouth": LEAST_MOUTH_SPREAD, "eyes": LEAST_EYES_SPREAD, "yaw": 1.5, "pitch": 1.5, "roll": 1.5,
    "place_x": 0.06, "place_y": 0.06, "gaze_yaw": 3.0, "gaze_pitch": 3.0, "smile": 0.1,
}  # fmt: skip
"""A driver whose curve varies less (standard deviation, in the curve's unit) says nothing about following."""


SHARPNESS_FRAMES, IDENTITY_FRAMES = 24, 8
"""Frames of a clip, evenly spread, that are looked at where every frame would cost too much or say no more."""


def curves(trace: FaceTrace) -> dict[str, FloatArray]:
    """The curves over time (T,) that are compared and plotted, by the names of `metrics.CURVES`."""
    smiles = [trace.expression_names.index(f"mouthSmile_{side}") for side in "LR"]
    values = (
        trace.mouth_opening, trace.eye_opening.mean(-1), *trace.angles_deg.T, *trace.place.T,
        *trace.gaze_deg.T,
        trace.expressions[:, smiles].mean(-1),
    )  # fmt: skip
    return dict(zip(CURVES, values, strict=True))


def compare_traces(driver: FaceTrace, output: FaceTrace) -> dict[str, float]:
    """Every metric that needs no pixels. Both traces hold the same T frames, read by the same reader.

    NaN where the driver does not move that way or no frame shows both faces.
    """
    if len(driver) != len(output) or driver.source != output.source:
        raise ValueError(
            f"traces of {len(driver)} and {len(output)} frames, read by {driver.source} and {output.source}: "
            f"compare the same frames read by the same reader"
        )
    numbers: dict[str, float] = {}
    own, made = curves(driver), curves(output)
    for name in CURVES:
        followed = agreement(own[name], made[name], least_spread=LEAST_SPREAD[name])
        numbers[f"{name}.correlation"] = followed.correlation
        numbers[f"{name}.slope"] = followed.slope
        numbers[f"{name}.lag_frames"] = followed.lag_frames
    blinks = blink_score(driver.eye_opening, output.eye_opening, driver.times_s)
    gaze = gaze_error(driver.gaze_deg, output.gaze_deg, driver.eye_opening, output.eye_opening)
    pose = head_pose_error(driver.angles_deg, output.angles_deg)
    trembling = jitter(jerk(driver.landmarks, driver.eye_distance_px), jerk(output.landmarks, output.eye_distance_px))
    seen = int(driver.found.sum())
    return numbers | {
        "blinks.precision": blinks.precision, "blinks.recall": blinks.recall,
        "gaze.absolute_deg": gaze.absolute_deg, "gaze.mean_removed_deg": gaze.mean_removed_deg,
        "pose.absolute_deg": pose.absolute_deg, "pose.mean_removed_deg": pose.mean_removed_deg,
        "jitter.ratio": trembling.ratio,
        "found.share": float((driver.found & output.found).sum() / seen) if seen else float("nan"),
    }  # fmt: skip


def compare_pictures(
    outputs: Iterable[Image],
    truths: Iterable[Image],
    landmarks: NDArray[np.floating],
    layout: Landmarks,
    perceptual: PerceptualDistance,
) -> dict[str, FloatArray]:
    """Every metric of pictures that should be equal, frame by frame: name → (T,) values.

    `outputs`, `truths`: T images each of one size (H, W, 3) uint8 RGB. `landmarks`: (T, N, 2) px of the truth, which
    lays the regions. Give every n-th frame of long clips; a mean over frames is the clip's number.
    """
    rows: dict[str, list[float]] = {}
    for output, truth, points in zip(outputs, truths, landmarks, strict=True):
        if output.shape != truth.shape:
            raise ValueError(f"pictures of {output.shape} and {truth.shape}: give both at one size")
        regions = Regions.of(points, layout, *truth.shape[:2])
        scores = {
            "l1": l1(output, truth, regions), "psnr": psnr(output, truth, regions),
            "ssim": ssim(output, truth, regions), "perceptual": perceptual(output, truth, regions),
        }  # fmt: skip
        for name, score in scores.items():
            for region, value in asdict(score).items():
                rows.setdefault(f"{name}.{region}", []).append(value)
        rows.setdefault("flow.error_px", []).append(flow_error(output, truth, regions.face))
    return {name: np.array(values, np.float64) for name, values in rows.items()}


def compare_with_photo(
    photo: Image, photo_trace: FaceTrace, frames: Sequence[Image], output: FaceTrace, driver: FaceTrace
) -> dict[str, float]:
    """Sharpness (median of some frames) and flicker of an output's `frames` (T images (H, W, 3) uint8 RGB, T at least
    1).

    `photo_trace` is the photo's, of one frame; `output` and `driver` have T frames; all by one reader.
    """
    own = photo_trace.landmarks[0]
    ratios = [
        sharpness(photo, own, frames[index], output.landmarks[index], output.layout)
        for index in spread_frames(output, SHARPNESS_FRAMES)
    ]
    mask = background(output.box, *frames[0].shape[:2])
    rests = resting(driver.landmarks, driver.eye_distance_px)
    return {
        "sharpness.ratio": float(np.median(ratios)) if ratios else float("nan"),
        "flicker.levels": flicker(frames, mask, rests),
    }


def compare_identity(
    model: IdentityModel,
    photo: Image,
    photo_trace: FaceTrace,
    frames: Sequence[Image],
    output: FaceTrace,
    driver: FloatArray | None = None,
) -> IdentityScore:
    """Likeness of some of the output's frames to the photo, and the leak if `driver` (D, 128), the embeddings of some
    of the driver's frames (`embed_some`), is another person's. Costs about 0.1 s a frame."""
    own = model.embed_at(photo, photo_trace.landmarks[0], photo_trace.layout)
    chosen = spread_frames(output, IDENTITY_FRAMES)
    turned = output.angles_deg[chosen, 0] - photo_trace.angles_deg[0, 0]
    return identity_score(own, embed_some(model, frames, output), turned, driver)


def embed_some(
    model: IdentityModel, frames: Sequence[Image], trace: FaceTrace, count: int = IDENTITY_FRAMES
) -> FloatArray:
    """(≤ count, 128) embeddings of evenly spread frames that show a face."""
    chosen = spread_frames(trace, count)
    return model.embed_all([frames[index] for index in chosen], trace.landmarks[chosen], trace.layout)


def spread_frames(trace: FaceTrace, count: int) -> list[int]:
    """Up to `count` frames with a face, evenly spread over the clip; every time the same."""
    found = np.flatnonzero(trace.found)
    if not len(found):
        return []
    places = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [int(index) for index in found[places]]
