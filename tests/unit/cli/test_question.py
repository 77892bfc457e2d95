from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimica.cli import animate, question
from mimica.cli.main import run


def answers(monkeypatch: pytest.MonkeyPatch, *given: str) -> None:
    left: Iterator[str] = iter(given)

    def read(prompt: str) -> str:
        for answer in left:
            return answer
        raise EOFError

    monkeypatch.setattr("builtins.input", read)


@pytest.mark.parametrize(
    ("given", "basis"),
    [
        (("1", "yes"), "self"),
        (("2", "YES "), "fictional"),
        (("self", "yes"), "self"),
        (("Licensed", "yes"), "licensed"),
        (("receipt", "yes"), None),
        (("1", "y"), None),
        (("1", ""), None),
        (("5",), None),
        (("self",), None),
        (("",), None),
        ((), None),
    ],
)
def test_only_a_clear_yes_counts(monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], basis: str | None) -> None:
    answers(monkeypatch, *given)
    assert question.ask_basis() == basis


def test_it_says_what_each_answer_asserts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers(monkeypatch, "1", "yes")
    question.ask_basis()
    told = capsys.readouterr().out
    assert "The photo shows me, I am an adult" in told
    assert "--consent receipt --receipt FILE" in told


def test_scripts_are_not_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers(monkeypatch, "1", "yes")
    assert run(["animate", "a.jpg", "b.mp4", "-o", "c.mp4"]) == 2
    assert "no basis of consent" in capsys.readouterr().err


@pytest.mark.parametrize("silent", ["--json", "--quiet"])
def test_who_wants_silence_is_not_asked(monkeypatch: pytest.MonkeyPatch, silent: str) -> None:
    monkeypatch.setattr(animate, "can_ask", lambda: True)
    monkeypatch.setattr(animate, "ask_basis", lambda: pytest.fail("asked"))
    assert run(["animate", "a.jpg", "b.mp4", "-o", "c.mp4", silent]) == 2


@pytest.mark.parametrize(("answer", "code"), [("self", 3), (None, 2)])
def test_a_person_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, answer: str | None, code: int) -> None:
    monkeypatch.setattr(animate, "can_ask", lambda: True)
    monkeypatch.setattr(animate, "ask_basis", lambda: answer)
    assert run(["animate", "a.jpg", "b.mp4", "-o", "c.mp4"]) == code  # 3: with consent, the missing photo is next


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_both_ends_must_be_terminals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second = os.openpty()
    with os.fdopen(second) as terminal, (tmp_path / "file").open("w") as file:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys, "stdout", file)
        assert not question.can_ask()
        monkeypatch.setattr(sys, "stdout", terminal)
        assert question.can_ask()
    os.close(first)
