"""The order of clips is a pure function of the number: each once an epoch, another order each, resumed exactly."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from mimica.errors import InputError
from mimica.training.shard_stream import WINDOW, ShardStream

CLIPS = 3
SHARDS = WINDOW + 5


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for shard in range(SHARDS):
        with tarfile.open(folder / f"group-{shard:03d}.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
            for clip in range(CLIPS):
                for ending, text in (("mp4", f"video {shard} {clip}"), ("json", "{}")):
                    entry = tarfile.TarInfo(f"{shard:03d}-{clip}.{ending}")
                    entry.size = len(text)
                    archive.addfile(entry, io.BytesIO(text.encode()))
    return folder


def test_every_clip_once_an_epoch_in_another_order(corpus: Path) -> None:
    stream = ShardStream(corpus, seed=1)
    first, second = (
        [stream.place(number).key for number in range(epoch * stream.clips, (epoch + 1) * stream.clips)]
        for epoch in (0, 1)
    )
    assert len(set(first)) == stream.clips == SHARDS * CLIPS
    assert sorted(first) == sorted(second)
    assert first != second != sorted(second)
    assert [ShardStream(corpus, seed=2).place(number).key for number in range(stream.clips)] != first


def test_reading_stays_within_a_window_of_shards(corpus: Path) -> None:
    stream = ShardStream(corpus)
    assert len({stream.place(number).shard for number in range(WINDOW * CLIPS)}) == WINDOW


def test_a_run_that_was_cut_goes_on_with_the_same_clips(corpus: Path) -> None:
    def decode(video: bytes, key: str) -> tuple[bytes, str]:
        return video, key

    whole = [ShardStream(corpus).batch(number, 4, decode) for number in range(40)]
    resumed = ShardStream(corpus)
    assert [resumed.batch(number, 4, decode) for number in range(25, 40)] == whole[25:]
    halves = [[ShardStream(corpus).batch(number, 4, decode) for number in range(rank, 40, 2)] for rank in (0, 1)]
    assert sorted(halves[0] + halves[1]) == sorted(whole)
    assert all(video == f"video {int(key[:3])} {key[4]}".encode() for batch in whole for video, key in batch)


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no clip"):
        ShardStream(tmp_path)
    (tmp_path / "group-1.tar").write_bytes(b"no tar")
    with pytest.raises(InputError, match="cannot be read"):
        ShardStream(tmp_path)
