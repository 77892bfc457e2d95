from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer

import mimica
from mimica import __main__ as program
from mimica.cli import verify
from mimica.cli.main import EXIT_CODES, app, interrupter, run
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


@pytest.mark.parametrize("command", ["animate", "faces", "demo", "doctor", "synthesize", "train", "verify", "curate"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    usage = capsys.readouterr().out.splitlines()[0]
    assert usage.startswith("Usage: mimica " + command)
    assert usage.count("...") + usage.count("…") <= 1


@pytest.mark.parametrize("group", ["", "motion", "consent", "ledger", "denylist", "data", "evaluate"])
def test_no_line_of_a_list_of_commands_is_cut_off(
    group: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*group.split(), "--help"]) == 0
    _, _, commands = capsys.readouterr().out.partition("Commands:")
    assert commands
    assert not [line for line in commands.splitlines() if line.endswith("...")]


def test_no_arguments_show_the_help_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: mimica" in capsys.readouterr().err


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["animat"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("mimica: error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ledger", "list", "--limit", "x"], "'--limit': must be a valid integer; see"),
        (["live", "--photo", "a.jpg", "--pose", "x"], "'--pose': must be a valid number; see"),
        (["live", "--photo", "a.jpg", "--port", "80000"], "'--port': must be less than or equal to 65535; see"),
        (["live", "--photo", "a.jpg", "--device", "gpu"], "'--device': 'gpu' is not one of 'auto', 'cpu',"),
    ],
)
def test_a_wrong_value_is_told_in_our_words(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert told in capsys.readouterr().err


def test_the_reference_page_names_only_options_that_exist() -> None:
    root: Any = typer.main.get_command(app)
    for section in page().split("\n## ")[1:-1]:
        command, title = root, section.splitlines()[0]
        for word in title.split()[1:]:
            command = command.commands[word]
        known = {spelling for parameter in command.params for spelling in parameter.opts + parameter.secondary_opts}
        cells = re.findall(r"^\| (`-.+?) \| ", section, re.MULTILINE)
        assert set(re.findall(r"`(--[^`]+)`", " ".join(cells))) <= known, title


def test_the_reference_page_is_not_stale() -> None:
    assert (DOCS / "reference" / "cli.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_exit_codes_page_knows_them_all() -> None:
    text = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for part in EXIT_CODES.removeprefix("Exit codes: ").rstrip(".").split("; "):
        assert f"| {part.split(' ')[0]} |" in text


def test_a_second_ctrl_c_does_not_break_the_cleaning_up() -> None:
    seconds = iter([100.0, 100.0, 100.1, 102.9, 103.0, 103.0])
    stop = interrupter(lambda: next(seconds))
    with pytest.raises(KeyboardInterrupt):
        stop(2, None)
    stop(2, None)
    stop(15, None)
    with pytest.raises(KeyboardInterrupt):
        stop(2, None)


def test_without_a_standard_output_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run(["--version"]) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_the_standard_output_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run(["--version"]) == 5
    assert capsys.readouterr().err.startswith("mimica: error: standard output: cannot be written (No space left")


def every_command() -> list[Callable[..., object]]:
    groups = [group.typer_instance for group in app.registered_groups if group.typer_instance is not None]
    commands = [command for home in (app, *groups) for command in home.registered_commands]
    return [command.callback for command in commands if command.callback is not None]


@pytest.mark.parametrize("command", every_command(), ids=lambda command: f"{command.__module__}.{command.__name__}")
def test_the_parser_judges_no_photo_and_no_video(command: Callable[..., object]) -> None:
    """Our own checks do, with the exit code that the pages name; the parser would say "wrong usage", exit code 2."""
    media = {"PHOTO", "DRIVING", "VIDEO", "MOTION", "MOTION.npz"} | ({"FILE"} if command is verify.verify else set())
    for hint in get_type_hints(command, include_extras=True).values():
        for declared in getattr(hint, "__metadata__", ()):
            if declared.metavar in media:
                assert not declared.readable, declared.metavar


@pytest.mark.parametrize(("command", "code"), [("faces", 3), ("verify", 2)])
def test_a_file_that_may_not_be_read(
    command: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "closed.jpg"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert run([command, str(path)]) == code
    assert "cannot be read (Permission denied)" in "".join(capsys.readouterr())


def test_ctrl_c_while_the_program_loads_ends_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Loading:
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "mimica.cli.main", Loading())
    with pytest.raises(SystemExit) as end:
        program.main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "mimica: error: interrupted; nothing half-written is left\n"
