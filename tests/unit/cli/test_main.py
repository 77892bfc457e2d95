from __future__ import annotations

from pathlib import Path

import pytest

import mimica
from mimica.cli.main import EXIT_CODES, run
from mimica.cli.reference import page

DOCS = Path(__file__).parents[3] / "docs"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"mimica {mimica.__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_help_names_every_command_and_the_exit_codes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("animate", "faces", "demo", "doctor", "synthesize", "train"))
    assert "130 interrupted" in " ".join(text.split())


@pytest.mark.parametrize("command", ["animate", "faces", "demo", "doctor", "synthesize", "train"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert "Usage: mimica " + command in capsys.readouterr().out


def test_no_arguments_show_the_help_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: mimica" in capsys.readouterr().err


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animat"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("mimica: error: ")
    assert err.count("\n") == 1


def test_the_reference_page_is_not_stale() -> None:
    assert (DOCS / "reference" / "cli.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_exit_codes_page_knows_them_all() -> None:
    text = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for part in EXIT_CODES.removeprefix("Exit codes: ").rstrip(".").split("; "):
        assert f"| {part.split(' ')[0]} |" in text
