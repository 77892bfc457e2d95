"""Two thousand mutated files end neither the reading process nor its patience."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import campaign

FILES = int(os.environ.get("MIMICA_FUZZ_FILES", "2000"))
BUDGET_S = float(os.environ.get("MIMICA_FUZZ_SECONDS", "60"))
ENOUGH = 300
"""Below this many files in the budget the run says nothing."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_readers_survive_mutated_files(capsys: pytest.CaptureFixture[str]) -> None:
    found = campaign.run(FILES, BUDGET_S, Path("fuzz-findings"))
    with capsys.disabled():
        print(f"\n{found}")
    assert not found.findings, str(found)
    assert found.peak_bytes < campaign.MOST_BYTES
    assert found.counts["read"] > found.files / 50  # damage that never gets past the magic finds nothing
    assert found.counts["refused"] > found.files / 50
    assert found.files >= min(FILES, ENOUGH)


def test_the_same_number_is_the_same_file(tmp_path: Path) -> None:
    import random

    from mutation import mutated

    data, other = bytes(range(256)) * 4, bytes(500)
    assert mutated(data, other, random.Random(9)) == mutated(data, other, random.Random(9))
    assert len({mutated(data, other, random.Random(n)) for n in range(100)}) > 90


def test_a_crash_and_a_wrong_error_are_found_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["read", 0, 0, 0], "crash (exit code -11)", ["wrong error: KeyError: 1", 0.1, 0.2, 5]])

    class Scripted:
        def ask(self, path: Path, kind: str, seconds: float) -> object:
            return next(answers)

        def close(self) -> None: ...

    monkeypatch.setattr(campaign, "Reader", Scripted)
    found = campaign.run(2, 60, tmp_path / "kept")
    assert [what for _, what, _ in found.findings] == ["crash (exit code -11)", "wrong error: KeyError: 1"]
    assert len(list((tmp_path / "kept").iterdir())) == 2
    assert "FOUND file 1" in str(found)
