"""The way out: what leaves is marked, labelled, signed and on record; whatever goes wrong, nothing leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mimica.errors import ConsentError, GateError, LedgerError, MimicaError, UsageError
from mimica.media import open_video
from mimica.media.image import load_photo
from mimica.safety import job as jobs
from mimica.safety import release as releases
from mimica.safety import signer as signers
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.ledger import Ledger, ledger_path
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.perceptual_hash import file_sha256
from mimica.safety.release import FrameRelease, VideoRelease, release_image
from mimica.safety.signer import ProvenanceSigner

SIDE, FRAMES = 96, 6


class Innocent:
    """A gate's classifier to which every picture is harmless, until picture number `until`."""

    def __init__(self, until: int = 10**9) -> None:
        self.left = until

    def classify(self, _: np.ndarray) -> Any:
        self.left -= 1
        return SimpleNamespace(nsfw=0.0 if self.left >= 0 else 0.99)


def pictures(count: int = FRAMES, side: int = SIDE) -> list[np.ndarray]:
    noise = np.random.default_rng(0).integers(40, 216, (side // 8, side // 8, 3), np.uint8)
    picture = np.kron(noise, np.ones((8, 8, 1), np.uint8))
    return [np.roll(picture, 3 * index, axis=1) for index in range(count)]


@pytest.fixture
def terms(own_home: Path) -> ReleaseTerms:
    signer = ProvenanceSigner.local(own_home / "signing")
    return ReleaseTerms(require_consent("fictional"), signer, Gate(Innocent()), weights={"painter": "ab" * 32})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "a.mp4"


def make(out: Path, terms: ReleaseTerms, frames: int = FRAMES) -> VideoRelease:
    with VideoRelease(out, (SIDE, SIDE), terms, frames=frames, seconds=frames / 25, rate=Fraction(25)) as writer:
        for index, image in enumerate(pictures(frames)):
            writer.write(image, Fraction(index, 25))
    return writer


def states() -> list[str]:
    with Ledger.open() as ledger:
        assert ledger.verify().intact
        return [job.state for job in ledger.jobs()]


def test_a_released_video_is_signed_and_on_record(out: Path, terms: ReleaseTerms) -> None:
    release = make(out, terms).release
    assert release is not None
    assert [path.name for path in out.parent.iterdir()] == ["a.mp4"]
    reading = read_manifest(out)
    assert reading.state == "valid"
    assert reading.mark_id == release.mark_id
    assert reading.statement is not None
    assert reading.statement["consent"] == {"basis": "fictional"}
    with Ledger.open() as ledger:
        (job,) = ledger.find(job=release.job)
    assert (job.state, job.output_sha256) == ("finished", file_sha256(out))
    assert reading.statement["ledgerRow"] == job.started.hash
    assert job.started.weights == {"painter": "ab" * 32}


def test_the_container_says_it_in_words_and_keeps_the_times(out: Path, terms: ReleaseTerms) -> None:
    make(out, terms)
    with open_video(out) as video:
        assert video.info.metadata["comment"].startswith("AI-generated")
        assert '"Label":"1"' in video.info.metadata["AIGC"]
        assert [frame.time for frame in video] == [Fraction(index, 25) for index in range(FRAMES)]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_released_picture_is_signed_labelled_and_on_record(out: Path, terms: ReleaseTerms, name: str) -> None:
    path = out.with_name(name)
    before = pictures(1)[0]
    release = release_image(path, before, terms)
    assert read_manifest(path).state == "valid"
    assert states() == ["finished"]
    assert release.sha256 == file_sha256(path)
    after = load_photo(path).image
    corner = np.abs(after.astype(int) - before)[:20, -30:]
    assert corner.mean() > 40  # the label
    assert [entry.name for entry in out.parent.iterdir()] == [name]


def test_frames_for_a_program_are_marked_and_on_record(own_home: Path, terms: ReleaseTerms) -> None:
    with FrameRelease(terms, FRAMES, 1.0) as release:
        given = [release.frame(image, Fraction(index, 25)) for index, image in enumerate(pictures())]
    assert all((after != before).any() for after, before in zip(given, pictures(), strict=True))
    assert states() == ["finished"]


def test_a_program_that_stops_asking_is_on_record(own_home: Path, terms: ReleaseTerms) -> None:
    def frames() -> Iterator[np.ndarray]:
        with FrameRelease(terms, FRAMES, 1.0) as release:
            for index, image in enumerate(pictures()):
                yield release.frame(image, Fraction(index, 25))

    asked = frames()
    next(asked)
    asked.close()  # type: ignore[attr-defined]
    assert states() == ["failed"]


@pytest.mark.parametrize("changes", [{"consent": None}, {"consent": "self"}, {"signer": None}, {"gate": None}])
def test_terms_without_the_real_thing_are_refused(terms: ReleaseTerms, changes: dict[str, Any]) -> None:
    with pytest.raises((ConsentError, UsageError)):
        replace(terms, **changes)


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.gif", "a"])
def test_a_format_that_cannot_be_signed_is_refused(out: Path, terms: ReleaseTerms, name: str) -> None:
    with pytest.raises(UsageError, match="place for a manifest"):
        make(out.with_name(name), terms)
    assert not list(out.parent.iterdir())


Fault = Callable[[pytest.MonkeyPatch, ReleaseTerms, Path], ReleaseTerms | None]


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def gate_refuses(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    return replace(terms, gate=Gate(Innocent(until=1)))


def gate_breaks(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    return replace(terms, gate=Gate(object()))


def certificate_cut(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    return replace(terms, signer=replace(terms.signer, certificates=terms.signer.certificates[:300]))


def certificate_of_another(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    other = ProvenanceSigner.local(out.parent.parent / "other" / "signing")
    return replace(terms, signer=replace(terms.signer, certificates=other.certificates))


def key_empty(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    return replace(terms, signer=replace(terms.signer, private_key=b""))


def time_stamp_server_silent(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    return replace(terms, signer=replace(terms.signer, timestamp_url="http://127.0.0.1:9/none"))


def clock_gone_back(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    patch.setattr(signers, "BACKDATED", timedelta(days=-400))  # the certificate begins 400 days after today
    return replace(terms, signer=ProvenanceSigner.local(out.parent.parent / "future" / "signing"))


def certificate_expired(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> ReleaseTerms:
    patch.setattr(signers, "BACKDATED", timedelta(days=9000))
    return replace(terms, signer=ProvenanceSigner.local(out.parent.parent / "past" / "signing"))


def manifest_does_not_hold(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    real = jobs.read_manifest
    patch.setattr(jobs, "read_manifest", lambda path: replace(real(path), state="invalid", problems=("test",)))


def manifest_says_another_thing(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    real = jobs.read_manifest
    patch.setattr(jobs, "read_manifest", lambda path: replace(real(path), mark_id=None))


def manifest_missing(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(jobs, "sign_file", lambda source, target, *_: target.write_bytes(source.read_bytes()) and ())


def ledger_cannot_start(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(Ledger, "start", raising(LedgerError("test: the disk is full")))


def ledger_cannot_finish(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(Ledger, "finish", raising(LedgerError("test: the disk is full")))


def ledger_is_garbage(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setenv("MIMICA_HOME", str(out.parent.parent / "garbage"))
    ledger_path().parent.mkdir()
    ledger_path().write_bytes(b"this is no ledger" * 300)


def marker_breaks(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(releases.Marker, "mark", raising(RuntimeError("test")))


def interrupted(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(releases.Label, "draw", raising(KeyboardInterrupt()))


def memory_gone(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(releases.Label, "draw", raising(MemoryError()))


def fsync_fails(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(os, "fsync", raising(OSError(5, "Input/output error")))


def rename_fails(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    patch.setattr(Path, "replace", raising(OSError(18, "Invalid cross-device link")))


def folder_goes_away(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
    real = jobs.sign_file

    def gone(source: Path, *rest: Any) -> Any:
        notes = real(source, *rest)
        rest[0].unlink()
        return notes

    patch.setattr(jobs, "sign_file", gone)


def limit_files(size: int | None) -> None:
    """Let no file of this process grow beyond `size` bytes; None lifts the limit."""
    import resource  # POSIX only

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


def file_grows_too_large(limit: int) -> Fault:
    def fault(patch: pytest.MonkeyPatch, terms: ReleaseTerms, out: Path) -> None:
        limit_files(limit)

    fault.__name__ = f"no_more_than_{limit}_bytes"
    return fault


FAULTS: list[Fault] = [
    gate_refuses, gate_breaks, certificate_cut, certificate_of_another, key_empty, time_stamp_server_silent,
    clock_gone_back, certificate_expired, manifest_does_not_hold, manifest_says_another_thing, manifest_missing,
    ledger_cannot_start, ledger_cannot_finish, ledger_is_garbage, marker_breaks, interrupted, memory_gone, fsync_fails,
    rename_fails, folder_goes_away, *(file_grows_too_large(limit) for limit in (0, 500, 3000, 8000, 16000)),
]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_fails_nothing_appears_and_what_was_there_stays(
    fault: Fault, out: Path, terms: ReleaseTerms, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.write_bytes(b"what was there before")
    with monkeypatch.context() as patch:
        changed = fault(patch, terms, out) or terms
        try:
            with pytest.raises((MimicaError, KeyboardInterrupt, RuntimeError, MemoryError)) as caught:
                make(out, changed)
        finally:
            limit_files(None)
    assert out.read_bytes() == b"what was there before"
    assert [path.name for path in out.parent.iterdir()] == ["a.mp4"]
    if isinstance(caught.value, MimicaError):
        assert "\n" not in str(caught.value)
    assert set(states()) <= {"failed", "unfinished"}


def test_the_gate_looks_at_the_first_and_the_last_frame(out: Path, terms: ReleaseTerms) -> None:
    with pytest.raises(GateError, match="intimate"):
        make(out, replace(terms, gate=Gate(Innocent(until=0))))
    with pytest.raises(GateError, match="intimate"):
        make(out, replace(terms, gate=Gate(Innocent(until=1))))
    assert not list(out.parent.iterdir())
