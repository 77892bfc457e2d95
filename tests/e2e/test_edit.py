"""The whole way of an edit: a photo in, a signed picture out that says what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mimica
from mimica.errors import ConsentError, FaceChoiceError, NoFaceError, UsageError
from mimica.media import load_photo
from mimica.safety.ledger import Ledger


@pytest.fixture(scope="module")
def animator() -> mimica.Animator:
    return mimica.Animator.load("cpu")


def test_a_photo_smiles_and_is_on_record(shelf: Path, tmp_path: Path, animator: mimica.Animator) -> None:
    out = tmp_path / "out.png"
    report = mimica.edit(
        shelf / "portrait.png", out, consent="fictional", edits={"smile": 0.8, "yaw": 12}, other=shelf / "portrait.png",
        strength=0.9, animator=animator,
    )  # fmt: skip
    assert report.size == (512, 512)
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    moved = np.abs(load_photo(out).image.astype(int) - load_photo(shelf / "portrait.png").image).max(2)
    assert (moved[150:350, 150:350] > 20).mean() > 0.1  # the face
    assert moved[480:, :60].max() <= 12  # a corner far from it has the mark only
    assert report.release is not None
    found = mimica.verify(out)
    assert found.mark.mark_id == report.release.mark_id
    assert found.manifest.state in ("valid", "trusted")
    with Ledger.open() as ledger:
        job = ledger.find(job=report.release.job)[0]
    assert job.started.settings["edits"] == {"smile": 0.8, "yaw": 12}
    assert set(job.started.inputs) == {"photo", "driver"}


def test_what_cannot_be_done_leaves_nothing(shelf: Path, tmp_path: Path, animator: mimica.Animator) -> None:
    out = tmp_path / "out.png"
    for photo, wrong, error in (
        ("portrait.png", {"consent": "gossip"}, ConsentError),
        ("portrait.png", {"edits": {"smlie": 1.0}}, UsageError),
        ("landscape.png", {}, NoFaceError),
        ("portrait.png", {"other": shelf / "landscape.png"}, NoFaceError),
    ):
        options = {"consent": "fictional", "edits": {"smile": 1.0}, "animator": animator} | wrong
        with pytest.raises(error):
            mimica.edit(shelf / photo, out, **options)
        assert not list(tmp_path.iterdir())


def test_a_face_that_is_not_there_is_told_with_its_photo(
    shelf: Path, tmp_path: Path, animator: mimica.Animator
) -> None:
    photo, out = shelf / "portrait.png", tmp_path / "out.png"
    with pytest.raises(FaceChoiceError) as caught:
        mimica.edit(photo, out, consent="fictional", edits={"smile": 1.0}, face=3, animator=animator)
    assert str(caught.value).startswith(f"photo {photo}: there is no face number 3")
