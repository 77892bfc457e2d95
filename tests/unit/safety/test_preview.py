"""Previews of edits: labelled, marked, on record once, and looked at by the gate."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.errors import GateError
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.ledger import Ledger
from mimica.safety.mark import read_mark
from mimica.safety.preview import PreviewRelease
from mimica.safety.signer import ProvenanceSigner


class Verdict:
    def __init__(self, nsfw: float) -> None:
        self.nsfw = nsfw


class Judge:
    """Counts what it was shown, and finds it as intimate as it was told."""

    nsfw = 0.0
    seen = 0

    def classify(self, image: object) -> Verdict:
        self.seen += 1
        return Verdict(self.nsfw)


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge) -> ReleaseTerms:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))
    return ReleaseTerms(require_consent("fictional"), ProvenanceSigner.local(tmp_path / "keys"), Gate(judge))


def picture() -> NDArray[np.uint8]:
    coarse = np.random.default_rng(3).integers(40, 216, (32, 32, 3), dtype=np.uint8)
    return cv2.resize(coarse, (512, 512), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def decoded(data: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8)


@pytest.mark.parametrize("form", ["jpg", "webp"])
def test_each_preview_holds_the_mark_of_its_one_job(terms: ReleaseTerms, form: str) -> None:
    with PreviewRelease(terms) as previews:
        data = [previews.encoded(picture(), form) for _ in range(3)]  # type: ignore[arg-type]
    with Ledger.open() as ledger:
        jobs = ledger.find(mark_id=read_mark([decoded(data[0])]).mark_id)
    assert [job.state for job in jobs] == ["finished"]
    assert {read_mark([decoded(each)]).mark_id for each in data} == {jobs[0].mark_id}


def test_the_gate_looks_at_the_first_and_then_once_a_second(terms: ReleaseTerms, judge: Judge) -> None:
    now = iter([10.0, 10.2, 10.9, 11.1, 11.2])
    with PreviewRelease(terms, clock=lambda: next(now)) as previews:
        for _ in range(5):
            previews.encoded(np.full((64, 64, 3), 90, np.uint8))
    assert judge.seen == 2


def test_what_the_gate_refuses_does_not_leave(terms: ReleaseTerms, judge: Judge) -> None:
    judge.nsfw = 0.99
    with pytest.raises(GateError, match="intimate"), PreviewRelease(terms) as previews:
        previews.encoded(picture())
