from __future__ import annotations

import json

import pytest

from mimica.cli.failure import Failure
from mimica.errors import ConsentError, NoFaceError, OutputError


def test_an_error_is_one_line_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert Failure.of(NoFaceError("photo a.jpg:\n no face")).tell(as_json=False) == 4
    assert capsys.readouterr() == ("", "mimica: error: photo a.jpg: no face\n")


def test_json_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert Failure.of(OutputError("full")).tell(as_json=True) == 5
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"type": "OutputError", "message": "full", "exit_code": 5}}
    assert err == ""


def test_missing_consent_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert Failure.of(ConsentError("none")).tell(as_json=False) == 2
    err = capsys.readouterr().err
    assert err.startswith("mimica: error: none\n")
    assert "--consent fictional" in err


def test_a_bug_is_one_line_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert Failure.of(ZeroDivisionError("x\ny")).tell(as_json=False) == 1
    assert capsys.readouterr().err == (
        "mimica: error: unexpected ZeroDivisionError: x y; run again with --debug for the traceback\n"
    )


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ZeroDivisionError("here")
    except ZeroDivisionError as error:
        Failure.of(error).tell(as_json=False, error=error, debug=True)
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130() -> None:
    assert Failure.of(KeyboardInterrupt()).exit_code == 130
