from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mimica.cli.main import run
from mimica.cli.synthesize import frame_rate
from mimica.errors import UsageError


@pytest.mark.parametrize(("text", "rate"), [("25", Fraction(25)), ("30000/1001", Fraction(30000, 1001))])
def test_rates_are_exact(text: str, rate: Fraction) -> None:
    assert frame_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "-25", "1/0", "fast", "nan", ""])
def test_wrong_rates(text: str) -> None:
    with pytest.raises(UsageError, match="--rate"):
        frame_rate(text)


def test_missing_inputs_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("x")
    for portraits, rig in [
        ("none", "file"),
        ("file", "file"),
        ("photos", "none"),
        ("photos", "file"),
        ("photos", "photos"),
    ]:
        words = ["--portraits", tmp_path / portraits, "--rig", tmp_path / rig, "--teacher", tmp_path / "file"]
        assert run(["synthesize", *map(str, words), "-o", str(tmp_path / "set")]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("mimica: error: ")
        assert err.count("\n") == 1


def test_an_output_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("x")
    words = ["--portraits", tmp_path / "photos", "--rig", tmp_path / "file", "--teacher", tmp_path / "file"]
    assert run(["synthesize", *map(str, words), "-o", str(tmp_path / "file" / "set")]) == 5
    assert capsys.readouterr().err.count("\n") == 1
