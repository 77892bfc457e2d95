"""The reader for those who have no other: our own FaceFinder and MotionEncoder.

It leans on the network under test: an expression that the encoder does not see is missing in the driver's trace and in
the output's alike, and the two then agree. Reports say who read. Between the networks and the trace nothing is
smoothed, bridged or retargeted.

Its landmarks are too blunt for lids, which its strengths see through zoomed windows; so openings come from both,
weighted as they agree best with MediaPipe's on eleven clips of actors and the demo's driver. On a clip that was left
out of the weighting the median correlation with MediaPipe is 0.94 for the eyes (landmarks alone about 0.4) and 0.93
for the mouth (0.89).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES
from mimica.evaluation.face_trace import FaceTrace, Image, Reading
from mimica.evaluation.landmark_layout import ANCHORS, mouth_opening

if TYPE_CHECKING:
    from mimica.animation.networks import EncodedMotion, Networks


EYES_OPEN = 0.31
EYE_WEIGHTS = {"eyeBlink": -0.23, "eyeSquint": -0.24, "eyeWide": 0.09, "eyeLookDown": -0.12}
JAW_WEIGHT, GAP_WEIGHT = 0.30, 0.31


class EncoderReader:
    """A `FaceReader` on the shipped networks; give `networks` when they are loaded already."""

    source = "mimica encoder"

    def __init__(self, networks: Networks | None = None, device: str = "cpu") -> None:
        """Raises WeightsError or DeviceError as `Networks.load` does."""
        from mimica.animation.networks import Networks

        self._networks = networks if networks is not None else Networks.load(device)

    def close(self) -> None:
        """Nothing is held."""

    def read(self, frames: Iterable[Image], times_s: Iterable[float]) -> FaceTrace:
        """See `FaceReader.read`. A face that the tracker only remembers counts as not found."""
        from mimica.animation.networks import ENCODER_PX
        from mimica.animation.prepare import aligned_crop
        from mimica.faces.alignment import extract
        from mimica.faces.tracking import FaceTracker

        tracker = FaceTracker(self._networks.finder)
        times: list[float] = []
        readings: list[Reading | None] = []
        track, framing = None, (0.0, 0.0, 1.0)
        for image, time_s in zip(frames, times_s, strict=True):
            times.append(float(time_s))
            tracked = tracker.update(image, float(time_s))
            if tracked is None or tracked.lost:
                readings.append(None)
                continue
            if tracked.track_id != track:  # framed as in training once; afterwards only the tracker moves the crop
                track, framing = (
                    tracked.track_id,
                    _framing(tracked.crop, aligned_crop(image, tracked.crop, self._networks)),
                )
            crop = _framed(tracked.crop, framing)
            read = self._networks.encode(extract(image, crop, ENCODER_PX))
            readings.append(self._reading(read, crop))
        return FaceTrace.from_readings(times, readings, Reading.empty(ANCHORS.count, EXPRESSION_NAMES, self.source))

    def _reading(self, read: EncodedMotion, crop: CropFrame) -> Reading:
        points, strengths = crop.to_image(read.landmarks), np.asarray(read.expression, np.float64)

        def strength(name: str) -> float:
            return float(strengths[EXPRESSION_INDEX[name]])

        mouth = JAW_WEIGHT * strength("jawOpen") + GAP_WEIGHT * float(mouth_opening(points, ANCHORS))
        right, left = (
            EYES_OPEN + sum(weight * strength(f"{name}_{side}") for name, weight in EYE_WEIGHTS.items())
            for side in "RL"
        )
        return Reading(
            points, read.gaze_deg.mean(0), read.angles_deg, strengths, EXPRESSION_NAMES, self.source,
            openings=(max(0.0, mouth), max(0.0, right), max(0.0, left)),
        )  # fmt: skip


def _framing(crop: CropFrame, better: CropFrame) -> tuple[float, float, float]:
    """Shift in sides of `crop`, and zoom, that lead to `better`."""
    x, y = (better.center_px - crop.center_px) / crop.side_px
    return float(x), float(y), better.side_px / crop.side_px


def _framed(crop: CropFrame, framing: tuple[float, float, float]) -> CropFrame:
    x, y, zoom = framing
    return CropFrame(crop.center_x_px + x * crop.side_px, crop.center_y_px + y * crop.side_px, crop.side_px * zoom)
