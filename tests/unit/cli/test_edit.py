"""The command `edit` against a stand-in for the edit itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mimica.animation import still
from mimica.animation.controls import CONTROLS
from mimica.animation.still import EditReport
from mimica.cli.edit import chosen, table
from mimica.cli.main import run
from mimica.errors import UsageError


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    (tmp_path / "other.jpg").write_bytes(b"x")
    return ["edit", str(tmp_path / "photo.jpg"), "-o", str(tmp_path / "out.png"), "--consent", "fictional"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asked of the edit, after it ran."""
    seen: dict[str, Any] = {}

    def stand_in(photo: Path, out: Path, **options: Any) -> EditReport:
        seen.update(photo=photo, out=out, **options)
        return EditReport(out, (640, 480), 1.25, ("turned upright",), options["consent"])

    monkeypatch.setattr(still, "edit", stand_in)
    return seen


def test_every_control_is_an_option(words: list[str], asked: dict[str, Any]) -> None:
    for control in CONTROLS.values():
        words += [control.option, str(control.high / 2)]
    assert run(words) == 0
    assert asked["edits"] == {name: control.high / 2 for name, control in CONTROLS.items()}


def test_the_words_of_the_issue(words: list[str], asked: dict[str, Any]) -> None:
    assert run([*words, "--smile", ".6", "--blink-left", "1", "--yaw", "-15", "--gaze-x", ".3"]) == 0
    assert asked["edits"] == {"smile": 0.6, "blink-left": 1.0, "yaw": -15.0, "gaze-x": 0.3}


def test_another_photo(words: list[str], asked: dict[str, Any], tmp_path: Path) -> None:
    assert run([*words, "--from", str(tmp_path / "other.jpg"), "--pose", "--strength", "0.5"]) == 0
    assert asked["other"] == tmp_path / "other.jpg"
    assert (asked["pose"], asked["gaze"], asked["strength"], asked["edits"]) == (True, False, 0.5, {})


def test_json_and_summary(words: list[str], asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--smile", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == [640, 480]
    assert run([*words, "--smile", "1"]) == 0
    told = capsys.readouterr()
    assert "640x480, made in 1.2 s, consent: fictional" in told.out
    assert told.err == "mimica: note: turned upright\n"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "nothing was asked to be changed"),
        (("--pose", "--smile", "1"), "add --from PHOTO"),
        (("--set", "smlie=1"), "did you mean smile"),
        (("--set", "smile"), "give a name and a number"),
        (("--smile", "1", "--set", "Smile=0.5"), "smile is given twice"),
        (("--smile", "1", "--consent", "gossip"), "is not a basis of consent"),
        (("--smile", "1", "-o", "out.mp4"), "must end in one of .png, .jpg, .jpeg, .webp, the pictures"),
    ],
)
def test_wrong_words_are_told_before_anything_is_loaded(
    words: list[str], asked: dict[str, Any], capsys: pytest.CaptureFixture[str], more: tuple[str, ...], message: str
) -> None:
    assert run([*words, *more]) == 2
    assert message in capsys.readouterr().err
    assert not asked


def test_the_list_needs_no_photo(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["edit", "--list"]) == 0
    assert capsys.readouterr().out.strip() == table()
    assert table().count("--") == len(CONTROLS)


def test_texts_in_any_spelling() -> None:
    assert chosen({"yaw": 5.0}, ["mouthSmile_L=.5"]) == {"yaw": 5.0, "mouth-smile-left": 0.5}
    with pytest.raises(UsageError, match="number"):
        chosen({}, ["yaw=far"])
