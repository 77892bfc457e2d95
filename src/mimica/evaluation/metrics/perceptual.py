"""Perceptual distance: how different two pictures look, 0.., lower is better; always named after what looked.

- `NetworkDistance`: features of an image network from an ONNX file that the user gives, normalised per place and
  compared, mean over its layers: LPIPS' uncalibrated baseline (Zhang et al., CVPR 2018, table 5). Named after the
  network.
- `GradientDistance`: without any weights, multi-scale gradient magnitude deviation, the RMS over scales of GMSD (Xue
  et al., IEEE TIP 2014; scales as in Zhang et al., ICASSP 2017, equally weighted), named "MS-GMSD". Not a network:
  blind to colour.

Numbers of different names cannot be compared. What fools them: a network forgives a shift by a pixel or two (0.08 on a
photo where unrelated pictures score 1.5) and hardly sees brightness (0.01); MS-GMSD takes the same shift for more than
a blur of 1 px (0.12 and 0.06; unrelated 0.32). Neither knows a face: a wrong identity with right edges costs little.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.errors import WeightsError
from mimica.evaluation.metrics.regions import Regions, RegionScores
from mimica.evaluation.metrics.ssim import luma

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

GRADIENT_SCALES = 3
GRADIENT_STABILITY = 170.0
"""GMSD's constant c for 8-bit pictures."""


class PerceptualDistance(Protocol):
    """Called with two pictures (H, W, 3) uint8 RGB and their regions; `name` goes into the report."""

    @property
    def name(self) -> str: ...

    def __call__(self, output: Image, truth: Image, regions: Regions) -> RegionScores: ...


def perceptual_distance(network: Path | None) -> PerceptualDistance:
    """The user's network, or the gradient distance when none is given."""
    return GradientDistance() if network is None else NetworkDistance(network)


class GradientDistance:
    """Deviation of the likeness of gradient magnitudes; 0 for equal pictures, about 0.3 for unrelated ones."""

    name = "MS-GMSD"

    def __call__(self, output: Image, truth: Image, regions: Regions) -> RegionScores:
        first, second = luma(output), luma(truth)
        squares: list[FloatArray] = []
        for scale in range(GRADIENT_SCALES):
            if scale:
                first, second = _halved(first), _halved(second)
            likeness = gradient_likeness(first, second)
            pooled = regions.resized(*likeness.shape).pool(likeness, np.std)
            squares.append(np.array([pooled.whole, pooled.face, pooled.mouth, pooled.eyes], np.float32) ** 2)
        return RegionScores(*(float(value) for value in np.sqrt(np.mean(squares, axis=0))))


def gradient_likeness(first: FloatArray, second: FloatArray) -> FloatArray:
    """(H, W) in 0..1 from two luma pictures (H, W): equation 4 of GMSD, Prewitt gradients."""
    a, b = _gradient(first), _gradient(second)
    return ((2 * a * b + GRADIENT_STABILITY) / (a * a + b * b + GRADIENT_STABILITY)).astype(np.float32)


def _halved(grey: FloatArray) -> FloatArray:
    return np.asarray(cv2.blur(grey, (2, 2))[::2, ::2], np.float32)


def _gradient(grey: FloatArray) -> FloatArray:
    smooth, slope = np.full(3, 1 / 3, np.float32), np.array([1, 0, -1], np.float32)
    across = cv2.sepFilter2D(grey, cv2.CV_32F, slope, smooth, borderType=cv2.BORDER_REFLECT)
    down = cv2.sepFilter2D(grey, cv2.CV_32F, smooth, slope, borderType=cv2.BORDER_REFLECT)
    return cv2.magnitude(across, down).astype(np.float32)


class NetworkDistance:
    """Features of an ONNX network: input `image` (1, H, W, 3) uint8 RGB of any size, every output one layer's features
    (1, C, h, w); preprocessing is inside the graph; the constant `perceptual_name` names it.
    `python -m mimica.training.perceptual_network` makes such a file from SqueezeNet's weights."""

    def __init__(self, path: Path | str, device: str = "cpu") -> None:
        """Raises WeightsError when the file is not such a network."""
        from mimica.runtime.session import OnnxNetwork

        self._network = OnnxNetwork(Path(path), device=device)
        self.name = str(self._network.constant("perceptual_name"))
        specs = self._network.inputs
        if len(specs) != 1 or specs[0].name != "image" or specs[0].dtype != np.uint8 or len(specs[0].shape) != 4:
            raise WeightsError(f"{path}: a perceptual network wants one input, image (1, H, W, 3) uint8; export it so")

    def __call__(self, output: Image, truth: Image, regions: Regions) -> RegionScores:
        first, second = (self._network.run({"image": image[None]}) for image in (output, truth))
        sums = np.zeros(4)
        for name, features in first.items():
            difference = np.square(_unit(features[0]) - _unit(second[name][0])).sum(0)
            pooled = regions.resized(*difference.shape).pool(difference)
            sums += [pooled.whole, pooled.face, pooled.mouth, pooled.eyes]
        return RegionScores(*(float(value) for value in sums / len(first)))


def _unit(features: NDArray[np.floating]) -> FloatArray:
    """(C, h, w) with the channels of every place scaled to length 1."""
    values = features.astype(np.float32)
    return values / (np.sqrt(np.square(values).sum(0, keepdims=True)) + 1e-10)
