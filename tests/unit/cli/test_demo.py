from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mimica.animation
from mimica.animation.report import AnimationReport
from mimica.cli.demo import assets
from mimica.cli.main import run
from mimica.errors import WeightsError
from mimica.safety.consent import BASES, require_consent

SHIPPED = Path(__file__).parents[3] / "src" / "mimica" / "demo"


def test_the_shipped_demo_is_complete_and_has_consent() -> None:
    driving, portraits = assets(SHIPPED)
    assert driving.is_file()
    assert portraits
    for portrait in portraits:
        assert portrait.consent in BASES
        require_consent(portrait.consent)
        assert portrait.credit


def test_the_demo_writes_one_video_a_portrait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stand_in(photo: Path, driving: Path, out: Path, **options: Any) -> AnimationReport:
        return AnimationReport(out, 3, 1.0, 3.0, (2, 2), None, False, (), options["consent"])

    monkeypatch.setattr(mimica.animation, "animate", stand_in, raising=False)
    assert run(["demo", "-o", str(tmp_path / "new" / "folder"), "--json"]) == 0
    videos = json.loads(capsys.readouterr().out)["videos"]
    assert len(videos) == len(assets(SHIPPED)[1])
    assert run(["demo", "-o", str(tmp_path)]) == 0
    assert str(tmp_path / "nobody.mp4") in capsys.readouterr().out


def test_an_output_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(["demo", "-o", str(tmp_path / "file" / "x")]) == 5
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("listing", ["", "{}", "[]", '{"driving": "x.mp4", "portraits": []}'])
def test_damaged_demo_files(listing: str, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(listing)
    with pytest.raises(WeightsError, match="install mimica again"):
        assets(tmp_path)
