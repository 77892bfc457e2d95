"""A film whose process was killed with SIGKILL goes on: its driver is not read again, and consent is asked again."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from mimica.animation import animate
from mimica.animation.batch import make_job
from mimica.animation.batch_table import Job
from mimica.animation.driver import Driver
from mimica.animation.kept_motion import KeptMotion
from mimica.animation.motion_file import MotionAbout, load_motion, save_motion
from mimica.animation.timeline import Timeline
from mimica.errors import ExpiredReceipt, MimicaError, RevokedReceipt, UsageError
from mimica.media import VideoWriter, chunks, load_photo, save_image, video_writer
from mimica.safety import job as jobs
from mimica.safety import ledger, receipts, revocation
from mimica.safety.keys import SigningKey, generate_key, trust
from mimica.safety.perceptual_hash import PortraitPrint, file_sha256, perceptual_hash
from mimica.safety.receipts import ReceiptTerms, sign_receipt

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")

PORTRAIT = Path(__file__).parents[2] / "src" / "mimica" / "demo" / "portrait.jpg"
FRAMES, PIECE, KILLED_AT = 14, 5, 12
RECEIPT = "5b" * 16
KILLED = f"""
import os, signal, sys
from mimica.animation import animate
from mimica.media import chunks, video_writer
from mimica.safety import ledger
from types import SimpleNamespace
chunks.CHUNK_FRAMES = video_writer.CHUNK_FRAMES = {PIECE}
ledger.secrets = SimpleNamespace(token_hex=lambda size: "5a" * size, randbelow=lambda _: 7, choice=lambda ids: 7)
def progress(now):
    if now.stage == "animating" and now.done == {KILLED_AT}:
        os.kill(os.getpid(), signal.SIGKILL)
photo, driver, out, receipt = sys.argv[1:]
animate(photo, driver, out, consent="receipt", receipt=receipt, device="cpu", progress=progress)
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo, a driver, a home with a trusted key, a receipt for them, and a film whose process was killed."""
    desk = tmp_path_factory.mktemp("desk")
    small = cv2.resize(load_photo(PORTRAIT).image, (256, 256), interpolation=cv2.INTER_AREA)
    save_image(desk / "photo.png", small)
    with VideoWriter(desk / "driver.mp4", (256, 256), rate=Fraction(25)) as writer:
        for index in range(FRAMES):
            shift = np.array([[1, 0, 5 * np.sin(index / 2)], [0, 1, 2 * index % 9]], np.float32)
            writer.write(cv2.warpAffine(small, shift, (256, 256), borderMode=cv2.BORDER_REFLECT), Fraction(index, 25))
    (desk / "out").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIMICA_HOME", str(desk / "home"))
        key = generate_key("Alice", desk / "alice" / "key.pem")
        trust(key.public)
        write_receipt(desk, key)
        words = [str(desk / name) for name in ("photo.png", "driver.mp4", "out/a.mp4", "receipt.jws")]
        ended = subprocess.run([sys.executable, "-c", KILLED, *words], capture_output=True, text=True, check=False)
    assert ended.returncode == -9, ended.stderr
    return desk


def write_receipt(desk: Path, key: SigningKey) -> None:
    now, image = datetime.now(UTC), load_photo(desk / "photo.png").image
    terms = ReceiptTerms(
        "Alice", "Bob's films", PortraitPrint(file_sha256(desk / "photo.png"), perceptual_hash(image)), ("personal",),
        now - timedelta(hours=1), now + timedelta(days=1), drivers=(file_sha256(desk / "driver.mp4"),),
    )  # fmt: skip
    (desk / "receipt.jws").write_text(sign_receipt(replace(terms, identifier=RECEIPT), key), encoding="ascii")


@pytest.fixture
def killed(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the desk: what the kill left."""
    copy = tmp_path / "desk"
    shutil.copytree(desk, copy)
    monkeypatch.setenv("MIMICA_HOME", str(copy / "home"))
    monkeypatch.setattr(chunks, "CHUNK_FRAMES", PIECE)
    monkeypatch.setattr(video_writer, "CHUNK_FRAMES", PIECE)
    same_names = SimpleNamespace(
        token_hex=lambda size: "5a" * size, randbelow=lambda _: 7, choice=lambda _: 7, compare=secrets.compare_digest
    )
    monkeypatch.setattr(ledger, "secrets", same_names)
    return copy


@pytest.fixture
def payloads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bytes of each film as they were before they were signed."""
    seen: list[bytes] = []
    sign = jobs.sign_file

    def look(source: Path, *rest: Any) -> tuple[str, ...]:
        seen.append(source.read_bytes())
        return sign(source, *rest)

    monkeypatch.setattr(jobs, "sign_file", look)
    return seen


def go_on(desk: Path, **options: Any) -> Any:
    words: dict[str, Any] = {"consent": "receipt", "receipt": desk / "receipt.jws", "device": "cpu", "resume": True}
    return animate(desk / "photo.png", desk / "driver.mp4", desk / "out" / "a.mp4", **(words | options))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> Driver:
        raise AssertionError("the driver was read again")

    monkeypatch.setattr("mimica.animation.driving.read_driver", never)


def test_the_driver_is_not_read_again_and_the_bytes_are_the_same(
    killed: Path, payloads: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    waiting = {path.suffix for path in (killed / "out" / ".a.mp4.mimica").iterdir()}
    assert waiting == {".chunk", ".npz", ".json"}
    with monkeypatch.context() as patch:
        forbid_reading(patch)
        assert go_on(killed).frames == FRAMES
    assert not (killed / "out" / ".a.mp4.mimica").exists()

    shutil.copytree(killed, tmp_path / "anew", ignore=shutil.ignore_patterns("out", "ledger*"))
    (tmp_path / "anew" / "out").mkdir()
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "anew" / "home"))
    go_on(tmp_path / "anew", resume=False)
    resumed, whole = payloads
    assert resumed == whole


def test_a_batch_goes_on_inside_a_job(killed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"consent": "receipt", "receipt": str(killed / "receipt.jws"), "resume": True}
    job = Job(1, killed / "photo.png", killed / "driver.mp4", killed / "out" / "a.mp4", settings)
    forbid_reading(monkeypatch)
    result, record = make_job(job, "cpu", overwrite=True)
    assert (result.status, result.message.count("read again")) == ("done", 0)
    assert record is not None
    with ledger.Ledger.open() as opened:
        (only,) = opened.jobs()  # the one that was killed
    assert (only.started.job, only.state) == ("5a" * 16, "finished")


def test_damaged_motion_is_read_again(killed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (motion,) = (killed / "out" / ".a.mp4.mimica").glob("driver-*.npz")
    data = bytearray(motion.read_bytes())
    data[len(data) // 2] ^= 255
    motion.write_bytes(data)
    forbid_reading(monkeypatch)
    with pytest.raises(AssertionError, match="read again"):
        go_on(killed)


def _revoked(_: pytest.MonkeyPatch) -> None:
    revocation.revoke(RECEIPT)


def _expired(patch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(days=2)

    patch.setattr(receipts, "datetime", Later)


@pytest.mark.parametrize(
    ("meanwhile", "error", "says"),
    [(_revoked, RevokedReceipt, "was revoked"), (_expired, ExpiredReceipt, "expired at")],
)
def test_consent_that_ended_meanwhile_ends_the_film(
    killed: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[pytest.MonkeyPatch], None],
    error: type[MimicaError],
    says: str,
) -> None:
    before = contents(killed / "out")
    meanwhile(monkeypatch)
    with pytest.raises(error, match=says) as caught:
        go_on(killed)
    assert str(killed / "receipt.jws") in str(caught.value)
    assert contents(killed / "out") == before
    assert not (killed / "out" / "a.mp4").exists()


def test_another_setting_is_refused_before_anything_is_read(killed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(killed / "out")
    forbid_reading(monkeypatch)
    with pytest.raises(UsageError, match="settings: actor"):
        go_on(killed, actor="left")
    assert contents(killed / "out") == before


def test_motion_counts_for_the_same_video_part_person_and_networks_only(desk: Path, tmp_path: Path) -> None:
    (file,) = (desk / "out" / ".a.mp4.mimica").glob("driver-*.npz")
    driver, about = load_motion(file)
    video = desk / "driver.mp4"
    same = KeptMotion(file.parent, {video: about.source_sha256}, about.weights, Timeline(), "largest", goes_on=True)
    forbidden: list[str] = []

    def read() -> Driver:
        forbidden.append("read")
        return driver

    found = same.motion(video, read)
    assert not forbidden
    assert np.array_equal(found.track.expression, driver.track.expression)
    others = [
        replace(same, actor="left"), replace(same, timeline=Timeline(start=Fraction(1, 25))), replace(same, weights={}),
        replace(same, hashes={video: "00" * 32}), replace(same, goes_on=False), replace(same, folder=tmp_path),
    ]  # fmt: skip
    for number, other in enumerate(others, start=1):
        other.motion(video, read)
        assert len(forbidden) == number
    shutil.copy(file, tmp_path / file.name)
    save_motion(tmp_path / file.name, driver, MotionAbout("00" * 32, about.weights))
    replace(same, folder=tmp_path).motion(video, read)  # renamed: what it says inside decides
    assert len(forbidden) == len(others) + 1
