"""The command `animate` against a stand-in for the animation itself."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import mimica.animation
from mimica.animation.parts import PARTS
from mimica.animation.report import AnimationReport, Progress
from mimica.animation.timeline import Timeline
from mimica.cli.animate import summary
from mimica.cli.main import run
from mimica.errors import NoFaceError
from mimica.safety.admission import SigningOptions
from mimica.safety.job import Release


@pytest.fixture
def request_words(tmp_path: Path) -> list[str]:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    (tmp_path / "clip.mp4").write_bytes(b"x")
    return [
        "animate", str(tmp_path / "photo.jpg"), str(tmp_path / "clip.mp4"), "-o", str(tmp_path / "out.mp4"),
        "--consent", "fictional",
    ]  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asked of the animation, after it ran."""
    seen: dict[str, Any] = {}

    def stand_in(photo: Path, driving: Path, out: Path, **options: Any) -> AnimationReport:
        seen.update(photo=photo, driving=driving, out=out, **options)
        options["progress"](Progress(1, 3, 0.5, "animating"))
        return AnimationReport(
            out, 3, 40.0, 2.0, (640, 480), Fraction(30000, 1001), True, ("tone-mapped",), options["consent"]
        )

    monkeypatch.setattr(mimica.animation, "animate", stand_in, raising=False)
    return seen


def test_defaults_reach_the_animation(request_words: list[str], asked: dict[str, Any], tmp_path: Path) -> None:
    assert run(request_words) == 0
    del asked["progress"]
    assert asked == {
        "photo": tmp_path / "photo.jpg",
        "driving": tmp_path / "clip.mp4",
        "out": tmp_path / "out.mp4",
        "consent": "fictional",
        "receipt": None,
        "purpose": "personal",
        "label": "start",
        "signing": SigningOptions(),
        "framing": "photo",
        "motion": "relative",
        "expression": 1.0,
        "pose": 1.0,
        "gaze": 1.0,
        "face": "largest",
        "drivers": {},
        "box": None,
        "keep": None,
        "audio_from": "driver",
        "timeline": Timeline(),
        "actor": "largest",
        "parts": PARTS,
        "crf": 16,
        "device": "auto",
        "audio": True,
        "overwrite": True,
        "resume": False,
    }


def test_every_option_reaches_the_animation(request_words: list[str], asked: dict[str, Any]) -> None:
    options = (
        "--framing crop --motion absolute --expression 0.5 --pose 0 --gaze 2 --face 2 --crf 20 --device cpu "
        "--no-audio --no-overwrite --purpose research --label always --signing-key k.pem --certificate c.pem "
        "--timestamp http://time.example"
    )
    assert run([*request_words, *options.split()]) == 0
    assert asked["framing"] == "crop"
    assert asked["motion"] == "absolute"
    assert (asked["expression"], asked["pose"], asked["gaze"]) == (0.5, 0.0, 2.0)
    assert (asked["face"], asked["crf"], asked["device"]) == (2, 20, "cpu")
    assert (asked["audio"], asked["overwrite"]) == (False, False)
    assert (asked["purpose"], asked["label"]) == ("research", "always")
    assert asked["signing"] == SigningOptions(Path("k.pem"), Path("c.pem"), "http://time.example")


def test_one_summary_line_and_notes(
    request_words: list[str], asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(request_words) == 0
    assert capsys.readouterr() == (
        f"{tmp_path / 'out.mp4'}: 3 frames, 640x480, 29.97 fps, with sound, made in 2.0 s (1.5 frames a second), "
        "consent: fictional\n",
        "mimica: note: tone-mapped\n",
    )


def test_quiet_is_silent(request_words: list[str], asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*request_words, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_result(request_words: list[str], asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*request_words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rate"] == "30000/1001"
    assert err == ""


def test_without_consent_nothing_is_computed(
    request_words: list[str], asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(request_words[:-2]) == 2
    assert asked == {}
    err = capsys.readouterr().err
    assert err.startswith("mimica: error: no basis of consent was given, so nothing was computed")
    assert "--consent historical" in err


def test_consent_is_asked_before_the_files_are_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animate", "none.jpg", "none.mp4", "-o", "out.mp4"]) == 2
    assert "consent" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--crf", "52"],
        ["--crf", "x"],
        ["--framing", "square"],
        ["--motion", "none"],
        ["--device", "tpu"],
        ["--expression", "-1"],
        ["--pose", "nan"],
        ["--face", "0"],
        ["--face", "biggest"],
        ["--nonsense"],
        ["--out"],
        ["third"],
    ],
)
def test_wrong_options_are_one_line_and_exit_2(
    options: list[str], request_words: list[str], asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*request_words, *options]) == 2
    out, err = capsys.readouterr()
    assert (out, asked) == ("", {})
    assert err.startswith("mimica: error: ")
    assert err.count("\n") == 1


def test_wrong_options_as_json(request_words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*request_words, "--crf", "99", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["exit_code"] == 2
    assert err == ""


def raising(error: BaseException) -> Any:
    def stand_in(*_: object, **__: object) -> None:
        raise error

    return stand_in


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NoFaceError("photo x: no face"), 4, "mimica: error: photo x: no face\n"),
        (KeyboardInterrupt(), 130, "mimica: error: interrupted; nothing half-written is left\n"),
        (
            RuntimeError("a bug"),
            1,
            "mimica: error: unexpected RuntimeError: a bug; run again with --debug for the traceback\n",
        ),
    ],
)
def test_errors_of_the_animation(
    error: BaseException,
    code: int,
    line: str,
    request_words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(mimica.animation, "animate", raising(error), raising=False)
    assert run(request_words) == code
    out, err = capsys.readouterr()
    assert (out, err.lstrip("\n")) == ("", line)


def test_debug_works_anywhere(
    request_words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mimica.animation, "animate", raising(RuntimeError("a bug")), raising=False)
    assert run([*request_words, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_several_faces_drivers_and_receipts(request_words: list[str], asked: dict[str, Any], tmp_path: Path) -> None:
    receipt, other = tmp_path / "anna.jws", tmp_path / "other.mp4"
    receipt.write_text("x")
    other.write_bytes(b"x")
    words = [*request_words[:-1], "fictional,2=receipt", "--face", "1,2", "--driver", f"2={other}"]
    assert run([*words, "--receipt", f"2={receipt}"]) == 0
    assert (asked["face"], asked["drivers"]) == ((1, 2), {2: other})
    assert (asked["consent"], asked["receipt"]) == ({0: "fictional", 2: "receipt"}, {2: receipt})


@pytest.mark.parametrize(
    "words", [["--face", "0"], ["--face", ""], ["--driver", "other.mp4"], ["--driver", "2="], ["--receipt", "0=x"]]
)
def test_wrong_faces_are_refused(request_words: list[str], asked: dict[str, Any], words: list[str]) -> None:
    assert run([*request_words, *words]) == 2
    assert not asked


def test_summary_of_a_variable_rate() -> None:
    report = AnimationReport(Path("o.mp4"), 1, 1.0, 1.0, (2, 2), None, False, (), "self")
    assert "variable frame rate, no sound" in summary(report)


def test_the_summary_names_what_is_on_record() -> None:
    release = Release("ab" * 16, 4711, "valid", 12, "cd" * 32)
    report = AnimationReport(
        Path("a.mp4"), 1, 1.0, 1.0, (2, 2), Fraction(25), False, consent="self", release=release
    )  # fmt: skip
    assert summary(report).endswith("consent: self, mark 4711, manifest valid, ledger row 12")
    assert json.loads(json.dumps(report.as_dict()))["release"]["job"] == "ab" * 16


def test_the_timeline_and_the_parts_reach_the_animation(request_words: list[str], asked: dict[str, Any]) -> None:
    words = (
        "--start 1:00.5 --end 70 --fps 29.97 --speed 0.5 --loop 0 --duration 30 --ping-pong --actor 2 --use expression"
    )
    assert run([*request_words, *words.split(), "--use", "expression", "--without", "mouth"]) == 0
    assert asked["timeline"] == Timeline(
        Fraction(121, 2), Fraction(70), Fraction(30000, 1001), 0, True, Fraction(30), Fraction(1, 2)
    )
    assert (asked["actor"], asked["parts"]) == (2, ("brows", "eyes", "cheeks"))


@pytest.mark.parametrize(
    "words",
    [
        ["--start", "soon"], ["--start", "-1"], ["--start", "9", "--end", "8"], ["--fps", "0"], ["--fps", "1000"],
        ["--loop", "0"], ["--duration", "0"], ["--speed", "99"], ["--actor", "me"], ["--actor", "0"], ["--use", "lips"],
    ],
)  # fmt: skip
def test_wrong_timelines_actors_and_parts_are_refused(
    request_words: list[str], asked: dict[str, Any], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*request_words, *words]) == 2
    assert words[0] in capsys.readouterr().err
    assert not asked
