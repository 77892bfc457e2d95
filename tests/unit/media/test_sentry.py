"""The sentry dies in our stead: crashes, hangs and memory end there, and the next file is served again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mimica.errors import UnreadableMediaError
from mimica.media import load_photo, open_video, sentry
from mimica.media.limits import Limits

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and limits")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a b ü.png"
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(path)
    return path


def running(photo: Path) -> subprocess.Popen[str]:
    load_photo(photo)
    process = sentry._sentry.process
    assert process is not None
    return process


def test_one_sentry_serves_many_files(photo: Path) -> None:
    assert running(photo) is running(photo)


@posix
def test_a_hang_is_ended_and_the_next_file_is_served(photo: Path) -> None:
    process = running(photo)
    os.kill(process.pid, signal.SIGSTOP)  # hangs
    started = time.monotonic()
    with pytest.raises(UnreadableMediaError, match=r"took more than 0\.3 s to open"):
        load_photo(photo, Limits(sentry_s=0.3))
    assert time.monotonic() - started < 60  # not the file's own patience, which the tests made long
    assert process.returncode == -signal.SIGKILL
    assert running(photo) is not process


@posix
def test_a_decoder_that_crashes_is_told(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = running(photo)
    talk = sentry._ask

    def dying(process: subprocess.Popen[str], request: str, seconds: float) -> tuple[str, bool]:
        os.kill(process.pid, signal.SIGSEGV)
        process.wait()
        return talk(process, request, seconds)

    monkeypatch.setattr(sentry, "_ask", dying)
    with pytest.raises(UnreadableMediaError, match=r"decoder crash \(exit code -11\); do not trust") as caught:
        load_photo(photo)
    assert str(photo) in str(caught.value)
    monkeypatch.undo()
    assert running(photo) is not process


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
def test_memory_has_an_end(tmp_path: Path, photo: Path) -> None:
    Image.new("RGB", (8000, 8000)).save(tmp_path / "large.png", compress_level=1)
    with pytest.raises(UnreadableMediaError, match=r"takes more than 1 MB to open; scale it down"):
        load_photo(tmp_path / "large.png", Limits(sentry_bytes=1e6))
    assert load_photo(photo).image.shape == (16, 16, 3)


def test_its_words_name_the_file_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("letter.mp4").write_text("no film" * 100)
    with pytest.raises(UnreadableMediaError, match=r"^letter\.mp4 is not a video"):
        open_video("letter.mp4")


def test_it_takes_no_module_from_the_working_folder(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    code = "import sys; from mimica.media import load_photo; load_photo(sys.argv[1])"
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script), str(photo)], cwd=tmp_path, capture_output=True, timeout=500)
    assert done.returncode == 0, done.stderr


@posix
def test_it_ends_with_its_owner(photo: Path) -> None:
    code = (
        "import os, sys; from mimica.media import load_photo, sentry; load_photo(sys.argv[1]);"
        "print(sentry._sentry.process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(photo)], capture_output=True, text=True, timeout=500)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid = int(done.stdout)
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the sentry outlived its owner")
