"""A run that was killed goes on: no finished piece is lost, the same bytes come out, and nothing slips through."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mimica.errors import GateError, UsageError
from mimica.media import chunks, video_writer
from mimica.safety import job as jobs
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.label import Label
from mimica.safety.ledger import Ledger
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.release import VideoRelease
from mimica.safety.signer import ProvenanceSigner
from mimica.safety.unfinished_run import UnfinishedRun

SIDE, FRAMES, PIECE = 128, 20, 6


class Innocent:
    def __init__(self, until: int = 10**9) -> None:
        self.left = until

    def classify(self, _: np.ndarray) -> Any:
        self.left -= 1
        return SimpleNamespace(nsfw=0.0 if self.left >= 0 else 0.99)


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_FRAMES", PIECE)
    monkeypatch.setattr(video_writer, "CHUNK_FRAMES", PIECE)


@pytest.fixture
def terms(own_home: Path) -> ReleaseTerms:
    return ReleaseTerms(
        require_consent("fictional"), ProvenanceSigner.local(own_home / "signing"), Gate(Innocent()),
        weights={"painter": "ab" * 32}, settings={"pose": 1.0, "parts": ("head", "eyes")},
    )  # fmt: skip


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "a.mp4"


@pytest.fixture
def payload(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bytes]:
    """Gives the bytes of the file that was signed last, as they were before."""
    seen: list[bytes] = []
    sign = jobs.sign_file

    def look(source: Path, *rest: Any) -> tuple[str, ...]:
        seen.append(source.read_bytes())
        return sign(source, *rest)

    monkeypatch.setattr(jobs, "sign_file", look)
    return lambda: seen[-1]


def picture(index: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    wave = 128 + 60 * np.sin((x + 3 * index) / 9) + 50 * np.cos(y / 7)
    cut = 60 if index >= 9 else 0  # the label is due again
    return np.clip(np.stack([wave - cut, wave, 200 - wave / 2 + cut], -1), 0, 255).astype(np.uint8)


def release(
    out: Path, terms: ReleaseTerms, *, resume: bool = False, stop: int | None = None, crf: int = 16
) -> tuple[VideoRelease, int]:
    """Write the film; killed before frame `stop`, as SIGKILL would: no `with` block is left. Gives the first frame."""
    writer = VideoRelease(
        out, (SIDE, SIDE), terms, frames=FRAMES, seconds=FRAMES / 5, rate=Fraction(5), crf=crf, resume=resume
    )
    writer.__enter__()
    begun = writer.frames_done
    for index in range(begun, FRAMES):
        if index == stop:
            return writer, begun
        writer.write(picture(index), Fraction(index, 5))
    writer.__exit__(None, None, None)
    return writer, begun


@pytest.mark.parametrize("stop", [0, 3, PIECE + 1, 2 * PIECE + 4, FRAMES - 1])
def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(
    out: Path, terms: ReleaseTerms, payload: Callable[[], bytes], stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter([7, 7])
    monkeypatch.setattr(secrets, "token_hex", lambda size=4: "5a" * size)
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(draws))
    release(out, terms)
    whole = payload()
    ledger = Path(Ledger.open().path)
    for path in ledger.parent.glob("ledger.sqlite3*"):
        path.unlink()  # another machine: the same names are given again
    out.unlink()
    release(out, terms, stop=stop)
    for part in out.parent.glob(".*.part"):
        part.unlink()
    assert not out.exists()
    again, begun = release(out, terms, resume=True)
    assert begun == max(stop - 1, 0) // PIECE * PIECE
    assert payload() == whole
    assert read_manifest(out).state == "valid"
    assert [path.name for path in out.parent.iterdir()] == ["a.mp4"]
    with Ledger.open() as opened:
        (job,) = opened.jobs()
        assert opened.verify().intact
    assert (job.state, job.mark_id) == ("finished", 7)
    assert again.release is not None
    assert again.release.job == job.started.job


def test_what_changed_is_named_and_nothing_is_lost(out: Path, terms: ReleaseTerms) -> None:
    release(out, terms, stop=2 * PIECE + 1)
    other = replace(terms, weights={"painter": "cd" * 32}, settings={"pose": 0.5, "parts": ("head", "eyes")})
    with pytest.raises(UsageError, match=r"weights: painter, settings: pose; run it as before, or without --resume"):
        release(out, other, resume=True)
    with pytest.raises(UsageError, match=r"crf \(was 16, is 20\)"):
        release(out, terms, resume=True, crf=20)
    assert release(out, terms, resume=True)[1] == 2 * PIECE


def test_without_resume_it_begins_anew(out: Path, terms: ReleaseTerms) -> None:
    release(out, terms, stop=PIECE + 1)
    assert UnfinishedRun(out).holds_pieces
    assert release(out, terms)[1] == 0
    assert not UnfinishedRun(out).folder.exists()


def test_nothing_waits_then_it_begins_anew(out: Path, terms: ReleaseTerms) -> None:
    assert release(out, terms, resume=True)[1] == 0


def broken_off(out: Path, terms: ReleaseTerms, stop: int, error: BaseException | None) -> None:
    with VideoRelease(out, (SIDE, SIDE), terms, frames=FRAMES, seconds=4, rate=Fraction(5), resume=False) as writer:
        for index in range(stop):
            writer.write(picture(index), Fraction(index, 5))
        if error is not None:
            raise error


def test_what_the_gate_refuses_does_not_wait(out: Path, terms: ReleaseTerms) -> None:
    refusing = replace(terms, gate=Gate(Innocent(until=1)))
    with pytest.raises(GateError):
        broken_off(out, refusing, FRAMES, None)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(("stop", "waits"), [(PIECE - 1, False), (PIECE + 2, True)])
def test_an_interrupted_run_waits_once_a_piece_is_finished(
    out: Path, terms: ReleaseTerms, stop: int, waits: bool
) -> None:
    with pytest.raises(KeyboardInterrupt):
        broken_off(out, terms, stop, KeyboardInterrupt())
    assert UnfinishedRun(out).folder.exists() is waits
    if waits:
        assert release(out, terms, resume=True)[1] == PIECE


def test_pieces_of_a_job_that_the_ledger_does_not_know_are_not_used(out: Path, terms: ReleaseTerms) -> None:
    release(out, terms, stop=PIECE + 1)
    with Ledger.open() as ledger:
        path = ledger.path
    for file in path.parent.glob("ledger.sqlite3*"):
        file.unlink()
    assert release(out, terms, resume=True)[1] == 0


def test_a_link_in_the_folders_place_is_refused(out: Path, terms: ReleaseTerms, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    UnfinishedRun(out).folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link"):
        release(out, terms, resume=True)


def test_a_label_goes_on_where_it_stopped(own_home: Path) -> None:
    straight, first, second = Label(), Label(), Label()
    drawn = [straight.draw(picture(index), Fraction(index, 5)) for index in range(FRAMES)]
    for index in range(11):
        first.draw(picture(index), Fraction(index, 5))
    second.go_on(first.state())
    for index in range(11, FRAMES):
        assert np.array_equal(second.draw(picture(index), Fraction(index, 5)), drawn[index])


def test_only_its_own_files_are_removed(out: Path, terms: ReleaseTerms) -> None:
    release(out, terms, stop=PIECE + 1)
    run = UnfinishedRun(out)
    (run.folder / "mine.txt").write_text("keep")
    from mimica.errors import OutputError

    with pytest.raises(OutputError, match="remove it by hand"):
        run.discard()
    assert [path.name for path in run.folder.iterdir()] == ["mine.txt"]
    shutil.rmtree(run.folder)
