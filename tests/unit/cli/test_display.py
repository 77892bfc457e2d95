from __future__ import annotations

import pytest

from mimica.animation.report import Progress
from mimica.cli.display import ProgressDisplay, clock, describe, note


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (0.2, "0:01"), (59.1, "1:00"), (61, "1:01"), (3600, "1:00:00"), (3725, "1:02:05")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_words_beside_the_bar() -> None:
    assert describe(Progress(50, 150, 10.0, "animating")) == {
        "count": "50/150 frames",
        "speed": "10.0 fps",
        "left": "0:10 left",
    }
    assert describe(Progress(0, None, 0.0, "preparing")) == {"count": "0/? frames", "speed": "", "left": ""}


def test_silence_in_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(terminal=False) as display:
        display(Progress(1, 2, 1.0, "animating"))
    assert capfd.readouterr() == ("", "")


def test_a_bar_on_a_terminal_speaks_on_stderr_only(capfd: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(terminal=True) as display:
        display(Progress(1, 2, 1.0, "animating"))
    assert capfd.readouterr().out == ""


def test_quiet_wins_over_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(terminal=True, quiet=True) as display:
        display(Progress(1, 2, 1.0, "animating"))
    assert capfd.readouterr() == ("", "")


def test_the_display_does_not_swallow_errors() -> None:
    with pytest.raises(ValueError, match="x"), ProgressDisplay(terminal=True):
        raise ValueError("x")


def test_a_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    note("two\nlines")
    assert capsys.readouterr().err == "mimica: note: two lines\n"
