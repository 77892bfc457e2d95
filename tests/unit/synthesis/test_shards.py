"""Shards: there are whole ones or none, and what is there is not made again."""

from __future__ import annotations

import errno
import json
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from mimica.errors import OutputError
from mimica.synthesis.shards import claim, gather, unfinished, write_missing


@dataclass(frozen=True)
class Piece:
    folder: Path
    number: int

    @property
    def path(self) -> Path:
        return self.folder / f"{self.number}.bin"

    @property
    def ledger(self) -> Path:
        return self.folder / f"{self.number}.jsonl"


def write(piece: Piece) -> None:
    with unfinished(piece) as (file, rows):
        file.write(bytes([piece.number % 256]))
        rows.append({"portrait": f"p{piece.number % 2}", "samples": 3})


def fail_at_two(piece: Piece) -> None:
    if piece.number == 2:
        raise RuntimeError("two")
    if piece.number > 2:
        time.sleep(0.02)  # all of them would take longer than any machine needs to hear of the error
    write(piece)


@pytest.mark.parametrize("workers", [1, 2])
def test_missing_shards_are_written_and_told(tmp_path: Path, workers: int) -> None:
    pieces = [Piece(tmp_path, number) for number in range(4)]
    write(pieces[1])
    before = pieces[1].path.stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    write_missing(pieces, write, workers=workers, report=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [piece.path.read_bytes()[0] for piece in pieces] == [0, 1, 2, 3]
    assert pieces[1].path.stat().st_mtime_ns == before
    summary = gather(pieces, tmp_path / "ledger.jsonl")
    assert (summary.items, summary.portraits) == (12, 2)
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_stops_the_run(tmp_path: Path, workers: int) -> None:
    with pytest.raises(RuntimeError, match="two"):
        write_missing([Piece(tmp_path, number) for number in range(3000)], fail_at_two, workers=workers)
    assert not (tmp_path / "2999.bin").exists()
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x")])
def test_nothing_half_written_is_left(tmp_path: Path, error: BaseException) -> None:
    def write_half() -> None:
        with unfinished(Piece(tmp_path, 7)) as (file, _):
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"7\.bin cannot be written: the disk is full"),
        unfinished(Piece(tmp_path, 7)),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OutputError, match="nowhere"):
        write(Piece(tmp_path / "nowhere", 1))


def test_a_folder_is_claimed_for_its_settings(tmp_path: Path) -> None:
    for _ in range(2):
        claim(tmp_path / "deep" / "packs.json", {"seed": 1})
    assert json.loads((tmp_path / "deep" / "packs.json").read_text()) == {"seed": 1}
    with pytest.raises(OutputError, match="other settings"):
        claim(tmp_path / "deep" / "packs.json", {"seed": 2})
