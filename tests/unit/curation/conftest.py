"""A shelf of short films of rendered people, their ledger, and the corpus that comes of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scenedetect", reason="needs the extra `curate`")
pytest.importorskip("pyarrow", reason="needs the extra `curate`")

from mimica.curation.config import CurationConfig
from mimica.curation.engine import InlineEngine
from mimica.curation.pipeline import Corpus, curate

DRIVERS = Path(__file__).parents[3] / "src" / "mimica" / "evaluation" / "benchmark" / "drivers"
CONFIG = CurationConfig(size=96, samples_per_s=2, shortest_s=1, longest_s=2, clips_per_shard=2, cell_factor=100)
DATE = "2026-11-22"


@dataclass(frozen=True)
class Shelf:
    """A folder of films with its ledger."""

    films: Path
    ledger: Path

    def curate(self, out: Path, engine: Any = None, **words: Any) -> Corpus:
        return curate([self.films], self.ledger, out, CONFIG, engine or InlineEngine(), date=DATE, **words)


def row(film: str, subject: str, **changes: object) -> dict[str, object]:
    """A good row of a ledger, changed."""
    good = {
        "file": f"films/{film}", "subject": subject, "source": "rendered", "licence": "Apache-2.0",
        "consent": "fictional", "adult": True,
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Two good films of two people, a copy under another name, one that is no film, and one without rights."""
    folder = tmp_path_factory.mktemp("shelf")
    films = folder / "films"
    films.mkdir()
    shutil.copy(DRIVERS / "mouth.mp4", films / "mouth.mp4")
    shutil.copy(DRIVERS / "face.mp4", films / "face.mp4")
    shutil.copy(DRIVERS / "face.mp4", films / "face again.mp4")
    (films / "broken.mp4").write_bytes(b"no film at all")
    shutil.copy(DRIVERS / "head.mp4", films / "stranger.mp4")
    rows = [
        row("mouth.mp4", "Ann"), row("face.mp4", "Bea"), row("face again.mp4", "Bea"), row("broken.mp4", "Cy"),
    ]  # fmt: skip
    (folder / "ledger.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    return Shelf(films, folder / "ledger.jsonl")


@pytest.fixture(scope="session")
def corpus(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made inline; look, but do not change it."""
    out = tmp_path_factory.mktemp("made") / "corpus"
    shelf.curate(out)
    return out


@pytest.fixture(scope="session")
def content() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a corpus but its journal, by name."""

    def read(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}

    return read
