"""The whole way of a live session, with a clip as the camera."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mimica.cli.main import run
from mimica.safety.ledger import Ledger


def words(shelf: Path, camera: str, *more: str) -> list[str]:
    photo = str(shelf / "portrait.png")
    return ["live", "--camera", str(shelf / camera), "--photo", photo, "--device", "cpu", "--size", "160", *more]


def test_a_clip_moves_a_photo(
    shelf: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path))
    assert run(words(shelf, "actor.mp4", "--consent", "fictional", "--json")) == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert 1 <= report["pictures"] <= report["frames"] <= 5
    assert report["frames"] - report["dropped"] == report["pictures"]
    assert told.err.startswith("open http://127.0.0.1:")
    with Ledger.open() as ledger:
        rows = list(ledger.rows())
    assert [row.event for row in rows] == ["started", "finished"]
    assert rows[0].settings["kind"] == "live"
    assert set(rows[0].inputs) == {"photo"}


def test_without_consent_no_camera_is_opened(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(shelf, "actor.mp4")) == 2
    assert "no basis of consent" in capsys.readouterr().err


def test_a_clip_that_is_not_there(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words(shelf, "nowhere.mp4", "--consent", "self")) == 3
    assert "nowhere.mp4: there is no such file" in capsys.readouterr().err
