"""Previews: small, labelled, marked, gated, and not too many."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.errors import GateError
from mimica.safety.film_preview import PREVIEW_SIDE, Previews
from mimica.safety.gate import Gate
from mimica.safety.mark import read_mark


class Verdict:
    def __init__(self, nsfw: float) -> None:
        self.nsfw = nsfw


class Judge:
    """Finds every picture as intimate as it was told."""

    def __init__(self, nsfw: float) -> None:
        self._nsfw = nsfw

    def classify(self, image: object) -> Verdict:
        return Verdict(self._nsfw)


def picture() -> NDArray[np.uint8]:
    rng = np.random.default_rng(5)
    coarse = rng.integers(40, 216, (36, 48, 3), dtype=np.uint8)
    return cv2.resize(coarse, (960, 720), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8)


def test_a_preview_is_small_and_holds_the_mark_of_its_job() -> None:
    seen: list[bytes] = []
    Previews(seen.append, Gate(Judge(0.0)), 4711).offer(picture())
    image = decoded(seen[0])
    assert image.shape == (PREVIEW_SIDE * 3 // 4, PREVIEW_SIDE, 3)
    reading = read_mark([image])
    assert reading.found
    assert reading.mark_id == 4711


def test_a_preview_is_labelled() -> None:
    seen: list[bytes] = []
    Previews(seen.append, Gate(Judge(0.0)), 1).offer(np.full((300, 400, 3), 200, np.uint8))
    corner = decoded(seen[0])[:40, -60:].astype(int)
    assert corner.max() - corner.min() > 80


def test_there_is_one_a_second() -> None:
    seen: list[bytes] = []
    now = iter([0.0, 0.4, 0.9, 1.1, 1.5, 2.2])
    previews = Previews(seen.append, Gate(Judge(0.0)), 1, clock=lambda: next(now))
    for _ in range(6):
        previews.offer(np.full((64, 64, 3), 90, np.uint8))
    assert len(seen) == 3


def test_what_the_gate_refuses_is_not_shown() -> None:
    seen: list[bytes] = []
    with pytest.raises(GateError, match="intimate"):
        Previews(seen.append, Gate(Judge(0.99)), 1).offer(picture())
    assert not seen
