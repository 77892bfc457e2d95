"""Two thousand mutated files end neither the reading process nor its patience."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import campaign

FILES = int(os.environ.get("MIMICA_FUZZ_FILES", "2000"))
BUDGET_S = float(os.environ.get("MIMICA_FUZZ_SECONDS", "60"))
ENOUGH = 300
"""Below this many files in the budget the run says nothing."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
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
    _scripted(monkeypatch, ["crash (exit code -11)", ["wrong error: KeyError: 1", 0.1, 0.2, 5]])
    found = campaign.run(2, 60, tmp_path / "kept")
    assert [what for _, what, _ in found.findings] == ["crash (exit code -11)", "wrong error: KeyError: 1"]
    assert len(list((tmp_path / "kept").iterdir())) == 2
    assert "FOUND file 1" in str(found)


def test_a_hang_counts_when_it_comes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, ["hang", ["read", 0.1, 0, 0], ["refused", 11.0, 0, 0], "hang", ["read", 0.1, 0, 0]])
    found = campaign.run(3, 60, tmp_path)
    assert [(number, what) for number, what, _ in found.findings] == [(1, "hang")]
    assert found.counts == {"read": 2, "hang": 1}


def test_jobs_share_the_files_and_their_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def part(numbers: range, budget_s: float, keep: Path) -> campaign.Outcome:
        tried.extend(numbers)
        return campaign.Outcome(len(numbers), Counter(read=len(numbers)), [(numbers[0], "x", keep)], 7, 1.0, 2.0, 5)

    monkeypatch.setattr(campaign, "_tried", part)
    found = campaign.run(10, 60, tmp_path, first=3, jobs=4)
    assert sorted(tried) == list(range(3, 13))
    assert (found.files, found.counts["read"], len(found.findings), found.cpu_s) == (10, 10, 4, 8.0)


def _scripted(monkeypatch: pytest.MonkeyPatch, script: list[object]) -> None:
    """Readers that answer so, whatever they are asked."""
    answers = iter(script)

    class Scripted:
        def ask(self, path: Path, kind: str, seconds: float) -> object:
            return next(answers)

        def close(self) -> None: ...

    monkeypatch.setattr(campaign, "_started", lambda folder, seeds: Scripted())
