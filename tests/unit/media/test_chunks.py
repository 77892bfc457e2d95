"""Videos in pieces: the same times and pictures as in one piece, and a run that goes on ends in the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from mimica.media import chunks as chunks_module
from mimica.media import video_writer as writer_module
from mimica.media.chunks import Chunk, Chunked, ChunkFolder, EncodedFrame
from mimica.media.video_reader import open_video
from mimica.media.video_writer import VideoWriter

RATE = Fraction(30000, 1001)
SIZE = (160, 128)
"""x264 gives other bytes now and then for pictures of fewer than a hundred pixels a side, in one piece too."""
PIECE = 8


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "CHUNK_FRAMES", PIECE)
    monkeypatch.setattr(writer_module, "CHUNK_FRAMES", PIECE)


def picture(index: int) -> np.ndarray:
    base = np.random.default_rng(0).integers(0, 255, (8, 12, 3), np.uint8)
    return np.roll(cv2.resize(base, SIZE, interpolation=cv2.INTER_CUBIC), index, axis=1)


def write(path: Path, times: Sequence[Fraction], chunks: Chunked | None, stop: int | None = None) -> None:
    class Killed(BaseException):
        pass

    try:
        with VideoWriter(path, SIZE, time_base=Fraction(1, 30000), rate=RATE, threads=2, chunks=chunks) as writer:
            if chunks is not None and chunks.folder is not None:
                writer.resume()
            for index in range(writer.frames_written, len(times)):
                if index == stop:
                    raise Killed
                writer.write(picture(index), times[index], Fraction(1001, 30000))
    except Killed:
        return


STEADY = [index / RATE for index in range(29)]
UNEVEN = [Fraction(1001 * int(place), 30000) for place in np.cumsum(np.random.default_rng(3).integers(1, 9, 29))]


@pytest.mark.parametrize("times", [STEADY, UNEVEN, STEADY[:1], STEADY[:2], STEADY[:PIECE], UNEVEN[: PIECE + 1]])
def test_pieces_show_what_one_piece_shows_at_the_same_times(tmp_path: Path, times: list[Fraction]) -> None:
    write(tmp_path / "whole.mp4", times, None)
    write(tmp_path / "pieces.mp4", times, Chunked())
    with open_video(tmp_path / "whole.mp4") as whole, open_video(tmp_path / "pieces.mp4") as pieces:
        assert whole.info == pieces.info
        for one, other in zip(whole, pieces, strict=True):
            assert (one.time, one.duration) == (other.time, other.duration)
            assert np.abs(one.image.astype(int) - other.image).mean() < 8  # another frame differs by 50
        assert not pieces.notes


def test_every_piece_begins_with_a_key_frame_and_decoding_times_rise(tmp_path: Path) -> None:
    write(tmp_path / "pieces.mp4", UNEVEN, Chunked())
    with av.open(str(tmp_path / "pieces.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert all(packets[start].is_keyframe for start in range(0, len(packets), PIECE))
    decoded = [packet.dts for packet in packets]
    assert decoded == sorted(set(decoded))
    assert all(packet.dts <= packet.pts for packet in packets)


@pytest.mark.parametrize("stop", [0, 3, PIECE, PIECE + 1, 2 * PIECE + 5, 28, 29])
@pytest.mark.parametrize("times", [STEADY, UNEVEN])
def test_a_run_that_goes_on_ends_in_the_same_bytes(tmp_path: Path, times: list[Fraction], stop: int) -> None:
    write(tmp_path / "whole.mp4", times, Chunked())
    folder = tmp_path / "kept"
    folder.mkdir()
    write(tmp_path / "again.mp4", times, Chunked(ChunkFolder(folder)), stop=stop)
    assert (tmp_path / "again.mp4").exists() == (stop == len(times))
    write(tmp_path / "again.mp4", times, Chunked(ChunkFolder(folder)))
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_a_damaged_piece_and_what_follows_are_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    write(tmp_path / "whole.mp4", STEADY, Chunked(ChunkFolder(folder)))
    pieces = sorted(folder.iterdir())
    assert len(pieces) == 4
    content = bytearray(pieces[1].read_bytes())
    content[-5] ^= 1
    pieces[1].write_bytes(content)
    assert len(list(ChunkFolder(folder))) == 1
    assert sorted(folder.iterdir()) == pieces[:1]
    write(tmp_path / "again.mp4", STEADY, Chunked(ChunkFolder(folder)))
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_what_is_kept_with_a_piece_comes_back(tmp_path: Path) -> None:
    chunk = Chunk((EncodedFrame(7, 2, True, b"ab\nc"), EncodedFrame(9, 2, False, b"")), {"label": "3/2"})
    ChunkFolder(tmp_path).save(0, chunk)
    assert list(ChunkFolder(tmp_path)) == [chunk]
