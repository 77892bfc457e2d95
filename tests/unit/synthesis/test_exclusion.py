"""Lists of names to leave out, and which portraits are held out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimica.errors import InputError
from mimica.synthesis.exclusion import read_exclusions
from mimica.synthesis.fitted import is_held_out, portrait_number


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0004\n\n# looked at by A.\nanna  # blurred\n", {"0004", "anna"}),
        ("", set()),
        ('["0004", "anna"]', {"0004", "anna"}),
        ('{"minor": ["0004"], "unusable": {"anna": "cropped"}, "glasses": ["0005"]}', {"0004", "anna"}),
        ('{"minor": []}', set()),
    ],
)
def test_names_are_read(tmp_path: Path, text: str, names: set[str]) -> None:
    (tmp_path / "list").write_text(text, encoding="utf-8")
    assert read_exclusions(tmp_path / "list") == names


@pytest.mark.parametrize("text", ['{"children": ["0004"]}', "[1, 2]", '["a"'])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="list"):
        read_exclusions(tmp_path / "list")


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_exclusions(tmp_path / "none")


def test_numbers_of_portraits() -> None:
    assert portrait_number("0042") == 42
    assert portrait_number("anna") == portrait_number("anna") != portrait_number("berta")
    assert is_held_out("0016")
    assert not is_held_out("0017")
    share = sum(is_held_out(f"person {index}") for index in range(4000)) / 4000
    assert 0.1 < share < 0.15
