"""Live: released pictures of a moving portrait, the newest only, and both ends on record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mimica.animation.live import LiveFrame, LiveMotion, LiveSession, at_most
from mimica.animation.live_loop import Newest, Pace, run_live
from mimica.animation.live_motion import LivePose, as_track
from mimica.animation.prepare import Portrait
from mimica.animation.retarget import Subject, driver_rest
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES
from mimica.errors import UnreadableMediaError
from mimica.media.camera import CameraFrame
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.label import labelled
from mimica.safety.ledger import Ledger
from mimica.safety.signer import ProvenanceSigner


def pose(jaw: float) -> LivePose:
    rows = np.zeros((1, len(EXPRESSION_NAMES) + 10), np.float32)
    rest = driver_rest(as_track(rows))
    rows[0, EXPRESSION_INDEX["jawOpen"]] = jaw
    return LivePose(as_track(rows), rest, True)


class Driver:
    """In place of the networks: no face in black pictures, else a jaw as open as the picture is bright."""

    def __init__(self) -> None:
        self.rest = SimpleNamespace(calibrate=lambda: True, forget=lambda: None)

    def read(self, image: np.ndarray, time_s: float) -> LivePose | None:
        return pose(float(image.max()) / 255) if image.any() else None


@pytest.fixture
def session(make_portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveSession]:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))
    toy = make_portrait(301, 283, (150.0, 140.0), 6.0)
    portrait = Portrait(
        toy.photo, toy.reading, toy.renderer, Subject(toy.mesh.rotation, toy.mesh.origin_cm, toy.reading.gaze_deg)
    )
    gate = Gate(SimpleNamespace(classify=lambda _: SimpleNamespace(nsfw=0.0)))
    terms = ReleaseTerms(require_consent("fictional"), ProvenanceSigner.local(tmp_path / "signing"), gate)
    seconds = iter(np.arange(0, 1000, 0.05))
    with LiveSession(portrait, SimpleNamespace(finder=None), terms, clock=lambda: float(next(seconds))) as made:
        made._driver = Driver()
        yield made


def frame(brightness: int) -> np.ndarray:
    return np.full((4, 4, 3), brightness, np.uint8)


def test_the_photo_shows_until_a_face_is_seen(session: LiveSession) -> None:
    waiting = session.animate(frame(0), 0.0)
    assert not waiting.seen
    assert np.abs(waiting.image[100:].astype(int) - session._portrait.photo[100:]).max() < 12  # the mark only


def test_pictures_move_and_carry_the_label(session: LiveSession) -> None:
    calm, opened = session.animate(frame(1), 0.0).image, session.animate(frame(220), 0.1).image
    assert np.abs(calm.astype(int) - opened)[60:].max() > 40
    expected = labelled(session._portrait.photo)[:20, -60:].astype(int)
    for picture in (calm, opened):  # what is above the plate's corner moves nowhere; the mark is faint
        assert np.abs(picture[:20, -60:].astype(int) - expected).mean() < 6


def test_latency_is_counted_from_the_capture(session: LiveSession) -> None:
    shown = session.animate(frame(9), 0.0, captured_s=0.0)
    assert shown.latency_s == pytest.approx(0.1, abs=0.06)
    session.animate(frame(9), 0.1)
    told = session.statistics
    assert told.pictures == 2
    assert told.fps > 0
    assert told.slow_s >= told.latency_s > 0


def test_only_the_newest_picture_becomes_a_jpeg(session: LiveSession) -> None:
    first = session.animate(frame(9), 0.0)
    second = session.animate(frame(200), 0.1)
    assert session.jpeg(second).startswith(b"\xff\xd8")
    with pytest.raises(ValueError, match="newest"):
        session.jpeg(first)
    with pytest.raises(ValueError, match="newest"):
        session.jpeg(LiveFrame(session._portrait.photo, 0.0, 0.0, True))


def test_beginning_and_end_are_on_record(session: LiveSession) -> None:
    session.animate(frame(9), 0.0)
    session.close()
    session.close()
    with Ledger.open() as ledger:
        assert [(row.event, row.settings.get("kind")) for row in ledger.rows()] == [
            ("started", "live"), ("finished", None),
        ]  # fmt: skip


def test_a_photo_is_only_ever_made_smaller() -> None:
    photo = np.zeros((300, 600, 3), np.uint8)
    assert at_most(photo, 200).shape == (100, 200, 3)
    assert at_most(photo, 900) is photo


def test_a_slot_holds_the_newest_only() -> None:
    slot: Newest[int] = Newest()
    for number in range(5):
        slot.put(number)
    slot.end()
    assert (slot.take(), slot.take(), slot.dropped) == (4, None, 4)


def test_the_reader_is_done_when_the_painter_is_free() -> None:
    pace = Pace()
    assert pace.wait_s == 0
    for _ in range(50):
        pace.read(0.02)
        pace.drawn(0.05)
    assert 0.05 - 2 * 0.02 <= pace.wait_s <= 0.05 - 0.02
    for _ in range(50):
        pace.read(0.2)
    assert pace.wait_s == 0


class Session:
    """In place of a session: reading waits for a sign, so that a fast camera runs ahead."""

    def __init__(self, wait: threading.Event | None = None) -> None:
        self.read_times: list[float] = []
        self.wait = wait
        self.statistics = SimpleNamespace(pictures=0, fps=0.0, latency_s=0.0, slow_s=0.0)

    def read(self, image: Any, time_s: float, captured_s: float | None = None) -> LiveMotion:
        if self.wait is not None:
            assert self.wait.wait(120)
        self.read_times.append(time_s)
        return LiveMotion(None, time_s, 0.0, True)

    def draw(self, motion: LiveMotion) -> LiveFrame:
        self.statistics.pictures += 1
        return LiveFrame(frame(1), motion.time_s, 0.0, True)


def camera(count: int, done: threading.Event | None = None) -> Iterator[CameraFrame]:
    for index in range(count):
        yield CameraFrame(frame(index), float(index), 0.0)
    if done is not None:
        done.set()


def test_late_frames_are_left_out_and_the_newest_is_shown() -> None:
    ready = threading.Event()
    session, shown = Session(ready), []
    report = run_live(session, camera(20, ready), shown.append, threading.Event())
    assert session.read_times[-1] == 19
    assert session.read_times == sorted(session.read_times)
    assert len(session.read_times) <= 2  # what was taken before the camera had run ahead, and the newest
    assert shown[-1].time_s == 19
    assert (report.frames, report.frames - report.dropped) == (20, len(shown))


def test_what_a_camera_raises_is_told() -> None:
    def broken() -> Iterator[CameraFrame]:
        yield CameraFrame(frame(1), 0.0, 0.0)
        raise UnreadableMediaError("camera 0: stopped giving pictures; check its cable")

    with pytest.raises(UnreadableMediaError, match="cable"):
        run_live(Session(), broken(), lambda _: None, threading.Event())


def test_what_a_viewer_raises_ends_the_loop() -> None:
    def refuse(_: LiveFrame) -> None:
        raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"):
        run_live(Session(), camera(3), refuse, threading.Event())
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]


def test_ctrl_c_is_how_it_ends() -> None:
    def interrupt(_: LiveFrame) -> None:
        raise KeyboardInterrupt

    report = run_live(Session(), camera(3), interrupt, threading.Event())
    assert report.pictures == 1


def test_stop_ends_an_endless_camera() -> None:
    stop = threading.Event()

    def endless() -> Iterator[CameraFrame]:
        while True:
            yield CameraFrame(frame(1), 0.0, 0.0)

    run_live(Session(), endless(), lambda _: stop.set(), stop)
