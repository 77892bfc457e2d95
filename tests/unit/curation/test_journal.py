"""What was seen is looked up only while the same eyes would see it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mimica.curation import journal
from mimica.curation.config import CurationConfig
from mimica.curation.journal import AnalysisJournal
from mimica.curation.records import Analysis, Refusal, Rights, Source
from mimica.runtime.weights import read_registry

SOURCE = Source("film.mp4", "ab" * 32, Rights("Ann", "her", "MIT", "fictional"))
FOUND = Analysis(SOURCE.name, (), (Refusal("a", "Ann", "quality", "blurred"),), {"samples": 3.0})


def test_an_analysis_is_found_again(tmp_path: Path) -> None:
    assert AnalysisJournal(tmp_path, CurationConfig()).find(SOURCE) is None
    AnalysisJournal(tmp_path, CurationConfig()).add(SOURCE, FOUND)
    assert AnalysisJournal(tmp_path, CurationConfig()).find(SOURCE) == FOUND


@pytest.mark.parametrize("what", ["settings", "weights", "denylist", "film", "damage"])
def test_not_after_something_changed(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AnalysisJournal(tmp_path, CurationConfig()).add(SOURCE, FOUND)
    config, source = CurationConfig(), SOURCE
    if what == "settings":
        config = CurationConfig(size=128)
    elif what == "weights":
        others = {name: replace(entry, sha256="0" * 64) for name, entry in read_registry().items()}
        monkeypatch.setattr(journal, "read_registry", lambda: others)
    elif what == "denylist":
        (tmp_path / "denylist").write_bytes(b"somebody")
        monkeypatch.setattr(journal, "is_enabled", lambda: True)
        monkeypatch.setattr(journal, "denylist_path", lambda: tmp_path / "denylist")
    elif what == "film":
        source = replace(SOURCE, sha256="cd" * 32)
    else:
        for path in (tmp_path / ".work").iterdir():
            path.write_bytes(path.read_bytes()[:40])
    assert AnalysisJournal(tmp_path, config).find(source) is None
