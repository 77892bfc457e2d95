"""Metrics: pure functions on arrays, one file each; this is the list of all their numbers and which way is better.

    from mimica.evaluation.metrics import METRICS
    METRICS["mouth.slope"].better  # "one"

Names are `score.number` as `comparison` and the suites report them. What
a number means and what fools it stands in its file's docstring.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "one", "zero"]

REGIONS = ("whole", "face", "mouth", "eyes")
CURVES = ("mouth", "eyes", "yaw", "pitch", "roll", "place_x", "place_y", "gaze_yaw", "gaze_pitch", "smile")
"""What a driver and an output are compared in over time (`comparison.curves`); place: of the face in the picture."""
EXPRESSION_GROUPS = ("tongue_out", "cheek_puff", "pout", "lip_roll", "smirk", "wink", "snarl", "other")
YAW_BINS = ("0-15", "15-30", "30+")
"""Degrees that the head is turned away from the photo's own pose, to either side."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: its name, its unit ("" for none), which way is better, its file, and what it says in a few words."""

    name: str
    unit: str
    better: Better
    module: str
    says: str

    def distance(self, value: float) -> float:
        """How far `value` is from perfect, so that smaller is better for every metric. NaN stays NaN."""
        if self.better == "one":
            return abs(value - 1.0)
        if self.better == "zero":
            return abs(value)
        return -value if self.better == "higher" else value


def _pictures() -> Iterator[Metric]:
    for region in REGIONS:
        yield Metric(f"l1.{region}", "grey levels", "lower", "l1", f"mean difference of the colours, {region}")
        yield Metric(f"psnr.{region}", "dB", "higher", "psnr", f"squared difference of the colours, {region}")
        yield Metric(f"ssim.{region}", "", "higher", "ssim", f"likeness of local structure, {region}")
        yield Metric(f"perceptual.{region}", "", "lower", "perceptual", f"difference as a network sees it, {region}")
    yield Metric("flow.error_px", "px", "lower", "flow_error", "how far the face's pixels are from where they belong")


def _traces() -> Iterator[Metric]:
    for curve in CURVES:
        module = "aperture" if curve in ("mouth", "eyes") else "curve"
        yield Metric(f"{curve}.correlation", "", "higher", module, f"does the {curve} move when the driver's does")
        yield Metric(f"{curve}.slope", "", "one", module, f"how much of the driver's {curve} movement arrives")
        yield Metric(f"{curve}.lag_frames", "frames", "zero", module, f"how late the {curve} is")
    yield Metric("blinks.precision", "", "higher", "blinks", "share of the output's blinks that the driver blinked")
    yield Metric("blinks.recall", "", "higher", "blinks", "share of the driver's blinks that arrive")
    yield Metric("gaze.absolute_deg", "°", "lower", "gaze", "difference of the gaze")
    yield Metric("gaze.mean_removed_deg", "°", "lower", "gaze", "the same, each clip's mean gaze removed")
    yield Metric("pose.absolute_deg", "°", "lower", "head_pose", "angle between the heads")
    yield Metric("pose.mean_removed_deg", "°", "lower", "head_pose", "the same, each clip's mean pose removed")
    yield Metric("jitter.ratio", "", "one", "jitter", "trembling of the landmarks, output over driver")
    yield Metric("found.share", "", "higher", "comparison", "share of the driver's faces that show one in the output")


def _rest() -> Iterator[Metric]:
    yield Metric("expression.error", "", "lower", "expressions", "mean error of the named strengths")
    for group in EXPRESSION_GROUPS:
        yield Metric(f"expression.{group}.error", "", "lower", "expressions", f"error of the strengths of {group}")
        yield Metric(f"expression.{group}.reached", "", "one", "expressions", f"share of {group} that arrives")
        yield Metric(f"expression.{group}.shown", "", "one", "shown", f"share of {group} to be seen in the pixels")
    yield Metric("identity.similarity", "", "higher", "identity", "likeness to the photo (dlib)")
    for group in YAW_BINS:
        yield Metric(f"identity.similarity.{group}", "", "higher", "identity", f"the same where turned {group}°")
    yield Metric("identity.leak", "", "zero", "identity", "how much nearer to the driver than the photo was")
    yield Metric("flicker.levels", "grey levels", "zero", "flicker", "change of the background while the driver rests")
    yield Metric("sharpness.ratio", "", "one", "sharpness", "fine detail in the face, output over photo")


METRICS: dict[str, Metric] = {metric.name: metric for source in (_pictures, _traces, _rest) for metric in source()}
"""Every number by its name, in the order in which tables show them."""
