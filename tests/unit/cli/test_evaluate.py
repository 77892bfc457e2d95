"""`mimica evaluate`: what is refused, in one line and with its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mimica.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--suite", "dance"], 2, "no such suite"),
        (["--suite", "truth", "--landmarks", "nowhere.task"], 2, "--landmarks nowhere.task"),
        (["--suite", "truth", "--system", "peer=nowhere"], 2, "there is no such folder"),
        (["--suite", "truth", "--system", "nobody"], 2, "choose among"),
        (["--suite", "self", "--drivers", "."], 2, "no basis of consent"),
        (["compare", "before.json", "after.json"], 2, "before.json: cannot be read"),
        (["compare", "table.json", "table.json"], 2, "not the result of an evaluation"),
    ],
)
def test_wrong_requests_are_refused(
    arguments: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("table.json").write_text('{"rows": []}')
    assert run(["evaluate", *arguments, "--json"]) == code
    told = json.loads(capsys.readouterr().out)["error"]["message"]
    assert says in told
    assert "\n" not in told


def test_an_empty_folder_of_films_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "films").mkdir()
    asked = ["evaluate", "--suite", "truth", "--system", f"peer={tmp_path / 'films'}", "-o", str(tmp_path / "out")]
    assert run(asked) == 2
    assert "holds no film of any case" in capsys.readouterr().err
