"""The whole way through the command, on a clip that holds still."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import mimica
from mimica.cli.main import run
from mimica.errors import ConsentError
from mimica.media import load_photo, open_video, save_image
from mimica.safety.ledger import Ledger

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
        timeout=500,
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


def test_the_size_told_is_the_files(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, out = tmp_path / "odd.png", tmp_path / "out.mp4"
    save_image(photo, load_photo(shelf / "portrait.png").image[::2, ::2][:251, :255])  # H.264 makes both even
    assert run([
        "animate", str(photo), str(shelf / "actor.mp4"), "-o", str(out), "--consent", "historical", "--device", "cpu",
    ]) == 0  # fmt: skip
    assert "256x252" in capsys.readouterr().out
    with open_video(out) as video:
        assert (video.info.width, video.info.height) == (256, 252)


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
            assert np.abs(ours.image.astype(int) - theirs.image).mean() < 4  # each carries a mark of its own


def test_every_layer_is_in_it(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    release = json.loads(made[1].stdout)["release"]
    found = mimica.verify(made[0] / "out.mp4")
    assert found.marked
    assert (found.manifest.state, found.manifest.chained) == ("trusted", 0)
    assert sorted(found.manifest.ingredients) == ["driver", "photo"]
    assert found.registry is not None
    assert [record.job.started.job for record in found.registry] == [release["job"]]
    assert found.sha256 == release["sha256"] == found.registry[0].job.output_sha256


def test_frames_for_a_program_are_those_of_the_file_and_on_record(shelf: Path) -> None:
    animator = mimica.Animator.load("cpu")
    frames = list(animator.frames(shelf / "portrait.png", shelf / "actor.mp4", consent="historical"))
    assert len(frames) == 5
    with Ledger.open() as ledger:
        job = list(ledger.jobs())[-1]
    assert (job.state, job.started.settings["kind"]) == ("finished", "frames")
    with pytest.raises(ConsentError):
        next(animator.frames(shelf / "portrait.png", shelf / "actor.mp4", consent=""))
