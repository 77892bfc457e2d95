"""Clips of a curated corpus in an order that is a pure function of (seed, number): streamed, shuffled, resumable.

Nothing is remembered between calls: which clip comes next follows from the number of the batch, so a run that was cut
goes on with the very clips it would have seen, with however many processes. Each epoch shuffles the shards, then the
clips within a window of shards, so that reading stays nearly sequential; a video is read by its place in the tar, and
nothing else is. This module does not know what a clip is decoded to.
"""

from __future__ import annotations

import tarfile
from bisect import bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

import numpy as np

from mimica.errors import InputError

WINDOW = 16
"""Shards whose clips are shuffled together: the memory that order takes, and how far a reader jumps."""

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class ClipPlace:
    """Where a clip's video lies: `bytes` from `offset` of a tar."""

    key: str
    shard: str
    offset: int
    bytes: int


class ShardStream:
    """The clips of a corpus, epoch after epoch."""

    def __init__(self, corpus: Path, seed: int = 0, keys: Collection[str] | None = None) -> None:
        """Reads the tars' headers, not the videos. keys: of the clips to stream; all when None.

        Raises InputError when there is no clip or a tar cannot be read.
        """
        self._corpus, self._seed = corpus, seed
        shards = [_places(path) for path in sorted(corpus.glob("group-*.tar"))]
        if keys is not None:
            shards = [[clip for clip in shard if clip.key in keys] for shard in shards]
        self._shards = [shard for shard in shards if shard]
        self.clips = sum(map(len, self._shards))
        if not self.clips:
            raise InputError(f"{corpus}: holds no clip; make it with mimica curate")
        self._epoch = lru_cache(2)(self._shuffled_shards)
        self._window = lru_cache(4)(self._shuffled_window)

    def place(self, number: int) -> ClipPlace:
        """The `number`-th clip of the stream, counted from 0 over all epochs."""
        epoch, within = divmod(number, self.clips)
        _, ends = self._epoch(epoch)
        window = bisect_right(ends, within)
        start = ends[window - 1] if window else 0
        return self._window(epoch, window)[within - start]

    def read(self, place: ClipPlace) -> bytes:
        """A clip's video, MP4. Raises InputError when it cannot be read."""
        try:
            with (self._corpus / place.shard).open("rb") as file:
                file.seek(place.offset)
                data = file.read(place.bytes)
        except OSError as error:
            raise InputError(f"{place.shard}: cannot be read ({error.strerror}); check the disk") from error
        if len(data) != place.bytes:
            raise InputError(f"{place.shard}: ends within clip {place.key}; curate it again")
        return data

    def batch(self, number: int, size: int, decode: Callable[[bytes, str], ItemT]) -> list[ItemT]:
        """The `number`-th batch of `size` clips, each through `decode` (video, key): what a `Task.batch` asks for."""
        places = [self.place(number * size + index) for index in range(size)]
        return [decode(self.read(place), place.key) for place in places]

    def _shuffled_window(self, epoch: int, window: int) -> list[ClipPlace]:
        order, _ = self._epoch(epoch)
        clips = [clip for shard in order[window * WINDOW : (window + 1) * WINDOW] for clip in self._shards[shard]]
        shuffle = np.random.default_rng([self._seed, 1, epoch, window]).permutation(len(clips))
        return [clips[int(index)] for index in shuffle]

    def _shuffled_shards(self, epoch: int) -> tuple[list[int], list[int]]:
        """(shards in an epoch's order, number of clips up to the end of each window)."""
        order = [int(index) for index in np.random.default_rng([self._seed, 0, epoch]).permutation(len(self._shards))]
        sizes = [
            sum(len(self._shards[shard]) for shard in order[start : start + WINDOW])
            for start in range(0, len(order), WINDOW)
        ]
        return order, list(accumulate(sizes))


def _places(path: Path) -> list[ClipPlace]:
    try:
        with tarfile.open(path) as shard:
            return [
                ClipPlace(member.name.removesuffix(".mp4"), path.name, member.offset_data, member.size)
                for member in shard
                if member.name.endswith(".mp4")
            ]
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{path}: the shard cannot be read ({error}); curate it again") from error
