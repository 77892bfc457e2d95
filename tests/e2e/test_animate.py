"""The whole way through the command, on a clip that holds still."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

import mimica
from mimica.cli.main import run
from mimica.media import open_video

DEVELOPERS_ONLY = ("torch", "ray", "scipy", "numba", "mediapipe")


def words(shelf: Path, out: Path, *more: str) -> list[str]:
    return [
        "animate", str(shelf / "portrait.png"), str(shelf / "actor.mp4"), "-o", str(out), "--consent", "historical",
        "--device", "cpu", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A video made by a fresh process in a folder of its own, and that process."""
    folder = tmp_path_factory.mktemp("made")
    code = (
        f"import sys, json\nfrom mimica.cli.main import run\ncode = run(sys.argv[1:])\n"
        f"json.dump([m for m in {DEVELOPERS_ONLY!r} if m in sys.modules], sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words(shelf, folder / "out.mp4", "--json")],
        capture_output=True,
        text=True,
        timeout=110,
    )
    return folder, done


def test_it_succeeds_and_leaves_one_file(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = made
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in folder.iterdir()] == ["out.mp4"]


def test_nothing_of_the_developers_was_loaded(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert json.loads(made[1].stderr.splitlines()[-1]) == []


def test_the_report_is_true(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = made
    report = json.loads(done.stdout)
    assert report["out"] == str(folder / "out.mp4")
    assert report["frames"] == 5
    assert Fraction(report["rate"]) == Fraction(30000, 1001)
    assert (report["audio"], report["consent"]) == (False, "historical")
    with open_video(folder / "out.mp4") as video:
        assert [video.info.width, video.info.height] == report["size"]


def test_the_times_are_the_drivers(made: tuple[Path, subprocess.CompletedProcess[str]], shelf: Path) -> None:
    with open_video(shelf / "actor.mp4") as driving, open_video(made[0] / "out.mp4") as video:
        assert [frame.time for frame in video] == [frame.time for frame in driving]


def test_the_file_says_what_it_is(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    with av.open(str(made[0] / "out.mp4")) as container:
        comment = container.metadata["comment"]
    assert comment.startswith("AI-generated")
    assert "compositeWithTrainedAlgorithmicMedia" in comment
    assert "consent=historical" in comment


def test_the_crop_is_square(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(shelf, tmp_path / "crop.mp4", "--framing", "crop", "--json")) == 0
    width, height = json.loads(capsys.readouterr().out)["size"]
    assert width == height
    with open_video(tmp_path / "crop.mp4") as video:
        assert (video.info.width, video.info.height) == (width, height)


def test_python_and_the_command_agree(
    made: tuple[Path, subprocess.CompletedProcess[str]], shelf: Path, tmp_path: Path
) -> None:
    report = mimica.animate(
        shelf / "portrait.png", shelf / "actor.mp4", tmp_path / "out.mp4", consent="historical", device="cpu"
    )
    told = json.loads(made[1].stdout)
    assert (report.frames, list(report.size), report.consent) == (told["frames"], told["size"], told["consent"])
    with open_video(tmp_path / "out.mp4") as here, open_video(made[0] / "out.mp4") as there:
        for ours, theirs in zip(here, there, strict=True):
            assert (ours.image == theirs.image).all()
