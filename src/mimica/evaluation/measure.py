"""All metrics of one film of one case, as plain numbers and curves. This module does not make or write films."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mimica.core.motion import EXPRESSION_NAMES
from mimica.evaluation.cases import Image
from mimica.evaluation.face_trace import FaceReader, FaceTrace
from mimica.evaluation.identity import IdentityModel
from mimica.evaluation.landmark_layout import ANCHORS
from mimica.evaluation.loaded_case import LoadedCase
from mimica.evaluation.metrics.comparison import (
    compare_identity,
    compare_pictures,
    compare_traces,
    compare_with_photo,
    curves,
)
from mimica.evaluation.metrics.expressions import expression_score
from mimica.evaluation.metrics.perceptual import PerceptualDistance
from mimica.evaluation.metrics.regions import Regions
from mimica.evaluation.metrics.shown import shown

PICTURES = 12
"""Frames of a film in which pictures are compared with the right ones, evenly spread."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """`numbers` by the names of `metrics.METRICS`, NaN where they cannot be told; `curves` (T,) by `metrics.CURVES`."""

    numbers: dict[str, float]
    curves: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Ruler:
    """What measures: the reader of faces, the perceptual distance, and identity where dlib is installed."""

    reader: FaceReader
    perceptual: PerceptualDistance
    identity: IdentityModel | None

    def measure(self, loaded: LoadedCase, frames: list[Image]) -> Measurement:
        """Every metric of `frames`, T images (H, W, 3) uint8 RGB."""
        trace = self._read(loaded, frames)
        numbers = compare_traces(loaded.reference, trace)
        numbers |= compare_with_photo(loaded.photo, loaded.photo_trace, frames, trace, loaded.reference)
        if loaded.target is not None and loaded.target_trace is not None:
            numbers |= self._pictures(loaded, frames, loaded.target, loaded.target_trace)
        if loaded.truth is not None:
            numbers |= _expressions(loaded, frames, trace)
        if self.identity is not None:
            score = compare_identity(
                self.identity, loaded.photo, loaded.photo_trace, frames, trace, loaded.driver_faces
            )
            numbers |= score.numbers()
        return Measurement(numbers, {name: values.tolist() for name, values in curves(trace).items()})

    def _read(self, loaded: LoadedCase, frames: list[Image]) -> FaceTrace:
        """The film's trace; what was read already, or stands still, is not read frame by frame again."""
        target, known = loaded.target, loaded.target_trace
        if target is not None and known is not None and all(map(operator.is_, frames, target)):
            return known
        if all(frame is frames[0] for frame in frames):
            still = self.reader.read(frames[:1], loaded.times_s[:1])[np.zeros(len(frames), np.intp)]
            return replace(still, times_s=np.array(loaded.times_s))
        return self.reader.read(frames, loaded.times_s)

    def _pictures(
        self, loaded: LoadedCase, frames: list[Image], target: list[Image], trace: FaceTrace
    ) -> dict[str, float]:
        chosen = np.unique(np.linspace(0, len(frames) - 1, PICTURES).round().astype(int))
        height, width = target[0].shape[:2]
        made = [sized(frames[index], height, width) for index in chosen]
        rows = compare_pictures(
            made, [target[index] for index in chosen], trace.landmarks[chosen], trace.layout, self.perceptual
        )
        return {name: _mean(values) for name, values in rows.items()}


def _expressions(loaded: LoadedCase, frames: list[Image], trace: FaceTrace) -> dict[str, float]:
    truth, target = loaded.truth, loaded.target
    assert truth is not None
    assert target is not None
    count = len(frames)
    columns = [EXPRESSION_NAMES.index(name) for name in trace.expression_names]
    score = expression_score(trace.expressions, truth.expressions[:count, columns], trace.expression_names)
    numbers = score.numbers()
    shares: dict[str, list[float]] = {}
    height, width = target[0].shape[:2]
    for frame, group, place in truth.shown:
        if frame < count:
            mask = Regions.of(truth.landmarks[frame], ANCHORS, height, width).face
            share = shown(sized(frames[frame], height, width), target[frame], truth.without[place], mask)
            shares.setdefault(group, []).append(share)
    return numbers | {f"expression.{group}.shown": _mean(np.array(values)) for group, values in shares.items()}


def sized(image: Image, height: int, width: int) -> Image:
    """`image` at another size."""
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
