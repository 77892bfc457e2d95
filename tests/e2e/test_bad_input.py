"""Whatever is wrong, a person gets one clear line and a documented exit code, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mimica
from mimica.cli.main import run


def words(photo: Path, driving: Path, out: Path, *more: str) -> list[str]:
    return [
        "animate", str(photo), str(driving), "-o", str(out), "--consent", "historical", "--device", "cpu", *more,
    ]  # fmt: skip


CASES = [
    ("none.png", "actor.mp4", 3, "no such file"),
    ("portrait.png", "none.mp4", 3, "no such file"),
    ("folder.mp4", "actor.mp4", 3, "is a folder"),
    ("portrait.png", "folder.mp4", 3, "is a folder"),
    ("empty.png", "actor.mp4", 3, "empty"),
    ("portrait.png", "empty.mp4", 3, "empty"),
    ("letter.png", "actor.mp4", 3, "letter.png"),
    ("portrait.png", "letter.mp4", 3, "letter.mp4"),
    ("truncated.png", "actor.mp4", 3, "truncated.png"),
    ("portrait.png", "truncated.mp4", 3, "truncated.mp4"),
    ("portrait.png", "sound.wav", 3, "sound.wav"),
    ("landscape.png", "actor.mp4", 4, "no face"),
    ("portrait.png", "landscape.mp4", 4, "no face"),
]


@pytest.mark.parametrize(("photo", "driving", "code", "saying"), CASES)
def test_unusable_inputs(
    photo: str, driving: str, code: int, saying: str, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words(shelf / photo, shelf / driving, tmp_path / "out.mp4")) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mimica: error: ")
    assert err.count("\n") == 1
    assert saying in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("photo", "driving", "code", "saying"), CASES[-3:])
def test_the_python_interface_raises_the_same(
    photo: str, driving: str, code: int, saying: str, shelf: Path, tmp_path: Path
) -> None:
    with pytest.raises(mimica.MediaError, match=saying) as caught:
        mimica.animate(shelf / photo, shelf / driving, tmp_path / "out.mp4", consent="historical", device="cpu")
    assert caught.value.exit_code == code
    assert list(tmp_path.iterdir()) == []


def test_the_python_interface_asks_for_consent_too(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(mimica.ConsentError):
        mimica.animate(shelf / "portrait.png", shelf / "actor.mp4", tmp_path / "out.mp4", consent="")


def test_a_face_that_is_not_there(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(shelf / "portrait.png", shelf / "actor.mp4", tmp_path / "out.mp4", "--face", "7")) == 4
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_box_around_no_face(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = ("--box", "60,20,100,120")
    assert run(words(shelf / "landscape.png", shelf / "actor.mp4", tmp_path / "out.mp4", *box)) == 4
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"photo {shelf / 'landscape.png'}: nothing in the box 60,20,100,120 looks like a face" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("more", "saying"), [(("--keep", "pose"), "--keep"), (("--audio-from", "source"), "sound")])
def test_a_photo_has_nothing_of_a_video(
    more: tuple[str, str], saying: str, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words(shelf / "portrait.png", shelf / "actor.mp4", tmp_path / "out.mp4", *more)) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"photo {shelf / 'portrait.png'}: has no " in err
    assert saying in err
    assert list(tmp_path.iterdir()) == []


def test_errors_as_json(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(shelf / "landscape.png", shelf / "actor.mp4", tmp_path / "out.mp4", "--json")) == 4
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["type"] == "NoFaceError"
    assert err == ""


def test_an_existing_output_survives_a_failure(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"precious")
    assert run(words(shelf / "portrait.png", shelf / "landscape.mp4", tmp_path / "out.mp4")) == 4
    assert (tmp_path / "out.mp4").read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_faces_of_a_landscape(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["faces", str(shelf / "landscape.png"), "--device", "cpu"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_faces_of_a_portrait(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["faces", str(shelf / "portrait.png"), "--device", "cpu", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert [face["number"] for face in listing["faces"]] == [1]
    left, top, right, bottom = listing["faces"][0]["box"]
    width, height = listing["size"]
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_disk_that_fills(shelf: Path, tmp_path: Path) -> None:
    """A limit on the size of files, above the ledger's, stands in for a full disk: writing fails in the middle."""
    code = (
        "import resource, sys\nsys.dont_write_bytecode = True\nfrom mimica.cli.main import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150000, 150000))\nsys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *words(shelf / "portrait.png", shelf / "actor.mp4", tmp_path / "out.mp4")]
    done = subprocess.run([*command, "--crf", "0"], capture_output=True, text=True, timeout=500)
    assert done.returncode == 5, done.stderr
    assert done.stderr.startswith("mimica: error: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing(number: signal.Signals, shelf: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mimica", *words(shelf / "portrait.png", shelf / "long.mp4", tmp_path / "out.mp4")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        # a test run in the background of a shell inherits "ignore SIGINT"; a person at a terminal does not
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 300
        while not any(tmp_path.iterdir()):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no output was begun"
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert (out, err.strip()) == ("", "mimica: error: interrupted; nothing half-written is left")
    assert list(tmp_path.iterdir()) == []
