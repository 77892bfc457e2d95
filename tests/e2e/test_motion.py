"""A performance without its pixels, the whole way through the commands."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from mimica.cli.main import run
from mimica.media import open_video
from mimica.safety.ledger import Ledger
from mimica.safety.perceptual_hash import file_sha256


@pytest.fixture(scope="module")
def motion(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The motion of the clip that holds still."""
    path = tmp_path_factory.mktemp("motion") / "actor.npz"
    assert run(["motion", "extract", str(shelf / "actor.mp4"), "-o", str(path), "--device", "cpu", "--quiet"]) == 0
    return path


def test_it_says_what_it_holds(motion: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["motion", "show", str(motion), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["rate"], told["unseen_frames"]) == (5, "30000/1001", 0)
    assert told["source_sha256"] == file_sha256(shelf / "actor.mp4")
    assert set(told["weights"]) == {"face_finder", "motion_encoder"}


def test_it_drives_a_photo_and_is_on_record(
    motion: Path, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    words = [
        "animate",
        str(shelf / "portrait.png"),
        str(motion),
        "-o",
        str(out),
        "--device",
        "cpu",
        "--framing",
        "crop",
    ]
    assert run([*words, "--json"]) == 2  # consent is needed as with a video
    capsys.readouterr()
    assert run([*words, "--json", "--consent", "historical", "--loop", "2", "--fps", "25"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["rate"], told["audio"]) == (9, "25/1", False)  # 10 frames of 1001/30000 s, every 40 ms
    with open_video(out) as video:
        assert [frame.time for frame in video] == [Fraction(index, 25) for index in range(9)]
    with Ledger.open() as ledger:
        rows = [row for row in ledger.rows() if row.job == told["release"]["job"]]
    assert file_sha256(motion) in str(rows[0])


def test_it_is_exported_and_the_export_is_read(
    motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "face.csv"
    assert run(["motion", "export", str(motion), "-o", str(table)]) == 0
    capsys.readouterr()
    assert run(["motion", "show", str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["extract", "actor.mp4", "-o", "motion.txt"], 2), (["extract", "none.mp4", "-o", "a.npz"], 3),
        (["extract", "actor.mp4", "-o", "a.npz", "--start", "99"], 2), (["show", "portrait.png"], 3),
        (["export", "actor.mp4", "-o", "a.csv"], 3), (["extract", "landscape.mp4", "-o", "a.npz"], 4),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(
    shelf: Path, tmp_path: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    command, source, *more = words
    more = [str(tmp_path / word) if word.endswith((".npz", ".csv", ".txt")) else word for word in more]
    assert run(["motion", command, str(shelf / source), *more]) == code
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
