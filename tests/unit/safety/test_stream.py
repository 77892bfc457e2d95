"""Streams: every picture is labelled and marked, the gate keeps looking, and begin and end are on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from mimica.errors import ConsentError, GateError, WrongDriver
from mimica.safety import portrait_admission
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.label import labelled
from mimica.safety.ledger import Ledger
from mimica.safety.mark import read_mark
from mimica.safety.perceptual_hash import portrait_print
from mimica.safety.portrait_admission import admit_portrait
from mimica.safety.signer import ProvenanceSigner
from mimica.safety.stream import StreamRelease
from mimica.safety.tags import read_tags

if TYPE_CHECKING:
    from conftest import Grantor


class Watcher:
    """A gate's classifier that counts how often it looked, and from look number `bad` on sees something intimate."""

    def __init__(self, bad: int = 10**9) -> None:
        self.looks, self.bad = 0, bad

    def classify(self, _: np.ndarray) -> Any:
        self.looks += 1
        return SimpleNamespace(nsfw=0.99 if self.looks >= self.bad else 0.0)


def picture(side: int = 256) -> np.ndarray:
    noise = np.random.default_rng(0).integers(40, 216, (side // 8, side // 8, 3), np.uint8)
    return np.kron(noise, np.ones((8, 8, 1), np.uint8))


def terms(home: Path, watcher: Watcher) -> ReleaseTerms:
    return ReleaseTerms(require_consent("fictional"), ProvenanceSigner.local(home / "signing"), Gate(watcher))


def events() -> list[tuple[str, str]]:
    with Ledger.open() as ledger:
        return [(row.event, row.settings.get("kind", "") or row.reason or row.note) for row in ledger.rows()]


def test_each_picture_is_labelled_and_marked(own_home: Path) -> None:
    with StreamRelease(terms(own_home, Watcher())) as stream:
        shown = stream.picture(picture())
        again = stream.picture(picture())
    assert np.abs(shown.astype(int) - labelled(picture())).max() < 40
    assert (shown != picture()).any()
    assert (again == shown).all()  # the label does not go away after the first seconds
    reading = read_mark([shown])
    assert reading.mark_id == stream.job.mark_id


def test_a_jpeg_says_what_it_is(own_home: Path) -> None:
    with StreamRelease(terms(own_home, Watcher())) as stream:
        data = stream.jpeg(picture())
    with Image.open(BytesIO(data)) as read:
        assert read.size == (256, 256)
        comment = read.getexif().get_ifd(0x8769)[0x9286][8:].decode()
        packet = read.info["xmp"].decode()
    tags = read_tags({"comment": comment, "xmp": packet})
    assert tags.generated
    assert tags.source_type == "compositeWithTrainedAlgorithmicMedia"


def test_the_gate_looks_at_the_first_and_then_every_two_seconds(own_home: Path) -> None:
    watcher = Watcher()
    seconds = iter([0.0, 0.5, 1.9, 2.0, 3.9, 4.1])
    with StreamRelease(terms(own_home, watcher), "live", lambda: next(seconds)) as stream:
        looks = []
        for _ in range(6):
            stream.picture(picture())
            looks.append(watcher.looks)
    assert looks == [1, 1, 1, 2, 2, 3]


def test_beginning_and_end_are_on_record(own_home: Path) -> None:
    stream = StreamRelease(terms(own_home, Watcher()), "live")
    assert events() == [("started", "live")]
    stream.close()
    stream.close()
    assert events() == [("started", "live"), ("finished", "frames were handed to a program")]
    with pytest.raises(ValueError, match="closed"):
        stream.picture(picture())


def test_what_looks_intimate_ends_the_stream_as_failed(own_home: Path) -> None:
    with pytest.raises(GateError), StreamRelease(terms(own_home, Watcher(bad=1))) as stream:
        stream.picture(picture())
    assert [event for event, _ in events()] == ["started", "failed"]


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(portrait_admission.Gate, "load", classmethod(lambda _: Gate(Watcher())))
    path = tmp_path / "photo.png"
    Image.fromarray(picture()).save(path)
    return path


def test_without_consent_nothing_is_admitted(photo: Path) -> None:
    with pytest.raises(ConsentError):
        admit_portrait(photo, picture(), consent=None)


def test_the_photo_is_the_one_source(photo: Path) -> None:
    admitted = admit_portrait(photo, picture(), consent="fictional")
    assert [source.role for source in admitted.sources] == ["photo"]
    assert admitted.label == "always"


def test_another_photo_is_on_record_as_the_driver(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(picture(128)).save(other)
    admitted = admit_portrait(photo, picture(), consent="fictional", other=other)
    assert [(source.role, source.path) for source in admitted.sources] == [("photo", photo), ("driver", other)]


@pytest.mark.parametrize(("drivers", "allowed"), [((), True), (("c3" * 32,), False)])
def test_a_receipt_for_named_driving_videos_allows_no_edit(
    photo: Path, alice: Grantor, drivers: tuple[str, ...], allowed: bool
) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    portrait = portrait_print(photo, picture())
    receipt = alice.grant(portrait=portrait, drivers=drivers, issued_at=now - day, expires_at=now + day)
    if allowed:
        assert admit_portrait(photo, picture(), consent="receipt", receipt=receipt).consent.receipt_verified
    else:
        with pytest.raises(WrongDriver):
            admit_portrait(photo, picture(), consent="receipt", receipt=receipt)
