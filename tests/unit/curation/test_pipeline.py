"""From films to a corpus: what comes out, that it comes out the same again, and that a person can be taken out."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mimica.cli.main import run
from mimica.curation.engine import InlineEngine, ResultT, Stage
from mimica.curation.shards import read_index
from mimica.media import open_video
from mimica.safety.training_rights import audit

Content = Callable[[Path], dict[str, bytes]]


class Mortal(InlineEngine):
    """Dies after so many items; counts what it was given."""

    def __init__(self, lives: int) -> None:
        self.lives, self.given = lives, 0

    def map(self, stage: Stage[Any, ResultT], items: Sequence[Any]) -> Iterator[ResultT]:
        if stage.name == "fingerprint":
            yield from super().map(stage, items)
            return
        self.given += len(items)
        for item in items:
            if not self.lives:
                raise KeyboardInterrupt
            self.lives -= 1
            yield stage(item)


def test_what_comes_out(corpus: Path, tmp_path: Path) -> None:
    rows = read_index(corpus)
    assert {row["portrait"] for row in rows} == {"Ann", "Bea"}
    assert all(1 <= row["seconds"] <= 2.05 and row["frames"] >= 25 for row in rows)
    for row in rows:
        whole = (corpus / row["shard"]).read_bytes()
        video = whole[row["offset"] : row["offset"] + row["bytes"]]
        assert hashlib.sha256(video).hexdigest() == row["sha256"]
    film = tmp_path / "clip.mp4"
    film.write_bytes(video)
    with open_video(film) as clip:
        assert (clip.info.width, clip.info.height, clip.info.has_audio) == (96, 96, False)
        times = [frame.time for frame in clip]
    assert (times[0], len(times)) == (0, rows[-1]["frames"])


def test_one_subject_a_shard(corpus: Path) -> None:
    for index in corpus.glob("group-*.jsonl"):
        rows = [json.loads(line) for line in index.read_text().splitlines()]
        assert len({row["portrait"] for row in rows}) == 1
        with tarfile.open(index.with_suffix(".tar")) as shard:
            assert shard.getnames() == [f"{row['key']}.{ending}" for row in rows for ending in ("mp4", "json")]


def test_bad_films_are_rows_not_stops(corpus: Path) -> None:
    rows = [json.loads(line) for line in (corpus / "report.jsonl").read_text().splitlines()]
    told = {(row["stage"], row["item"]): row["reason"] for row in rows}
    assert told["rights", "stranger.mp4"] == "has no row in ledger.jsonl"
    assert told["duplicates", "face.mp4"] == "the same file as face again.mp4"
    assert any("not a video" in row["reason"] and row["portrait"] == "Cy" for row in rows)


def test_the_right_to_train_is_proven(corpus: Path) -> None:
    found = audit(corpus)
    assert found.offenders == ()
    assert (found.items, found.portraits) == (len(read_index(corpus)), 2)


def test_the_papers_tell_the_truth_and_no_names(corpus: Path) -> None:
    papers = json.loads((corpus / "croissant.json").read_text())
    files = [node for node in papers["distribution"] if node["@type"] == "cr:FileObject"]
    assert {node["name"] for node in files} == {
        path.name for path in corpus.glob("group-*") if path.suffix in (".tar", ".parquet")
    }
    for node in files:
        assert node["sha256"] == hashlib.sha256((corpus / node["name"]).read_bytes()).hexdigest()
    card = (corpus / "data-card.md").read_text()
    assert f"| clips | {len(read_index(corpus))} |" in card
    for paper in ("croissant.json", "data-card.md", "coverage.svg"):
        assert "Ann" not in (corpus / paper).read_text()


def test_a_killed_run_goes_on_to_the_same_bytes(corpus: Path, shelf: Any, tmp_path: Path, content: Content) -> None:
    out = tmp_path / "corpus"
    for lives in (2, 2):  # in the analysis, then among the shards
        with pytest.raises(KeyboardInterrupt):
            shelf.curate(out, Mortal(lives))
    (out / ".group-left.tar.0.part").write_bytes(b"as a kill leaves it")
    last = Mortal(100)
    shelf.curate(out, last)
    assert content(out) == content(corpus)
    assert last.given == len(list(corpus.glob("group-*.tar")))  # shards are asked for, none is made twice
    assert not list(out.glob("*.part"))


def test_who_opts_out_later_is_swept_out(corpus: Path, shelf: Any, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    shutil.copytree(corpus, out)
    made = shelf.curate(out, opt_outs=frozenset({"Ann"}))
    assert made.subjects == 1
    assert {row["portrait"] for row in read_index(out)} == {"Bea"}
    assert "Ann" not in (out / "ledger.jsonl").read_text()


def test_a_forgotten_person_leaves_nothing(
    corpus: Path, shelf: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "corpus"
    shutil.copytree(corpus, out)
    gone = [row for row in read_index(out) if row["portrait"] == "Ann"]
    videos = [(corpus / row["shard"]).read_bytes()[row["offset"] : row["offset"] + row["bytes"]] for row in gone]
    kept = {
        path.name: path.read_bytes() for path in out.glob("group-*.tar") if path.name not in {r["shard"] for r in gone}
    }
    assert run(["data", "forget", "Ann", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["deleted"]) >= {row["shard"] for row in gone}
    assert (told["rewritten"], told["rows_removed"]) == ([], len(gone))
    left = [path for path in out.rglob("*") if path.is_file()]
    for path in left:
        whole = path.read_bytes()
        assert not any(video in whole for video in videos), path
        assert path.name == "forgotten.jsonl" or b"Ann" not in whole, path
        assert not any(row["sha256"].encode() in whole or row["film"].encode() in whole for row in gone), path
    assert {path.name: path.read_bytes() for path in out.glob("group-*.tar")} == kept
    assert f"| clips | {len(read_index(out))} |" in (out / "data-card.md").read_text()
    assert audit(out).offenders == ()
    shelf.curate(out)  # nor does she come back
    assert {row["portrait"] for row in read_index(out)} == {"Bea"}


def test_the_command(shelf: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["curate", str(shelf.films / "stranger.mp4"), "--ledger", str(shelf.ledger), "-o", str(tmp_path / "out")]
    assert run(words) == 2
    assert "no clip is worth keeping or may be kept" in capsys.readouterr().err
    (tmp_path / "settings.toml").write_text("sise = 96\n")
    assert run([*words, "--settings", str(tmp_path / "settings.toml")]) == 2
    assert "unknown key 'sise'" in capsys.readouterr().err
