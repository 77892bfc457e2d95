"""Animations out: H.264 at the driver's exact times with the driver's own sound, complete or not there at all.

4:2:0 video needs even sizes: an odd width or height grows by one pixel, the last column or row repeated, with a note.
MP4 and MOV keep every time exactly; Matroska and WebM round to the millisecond. This module does not know what the
frames show.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.codec.context import Flags as CodecFlags
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

from mimica.core.timing import MAX_TICKS_PER_SECOND, is_exact, ticks
from mimica.errors import MimicaError, OutputError, UsageError
from mimica.media.audio import AudioTrack, Sound
from mimica.media.audio_part import SoundPart, open_sound
from mimica.media.chunks import CHUNK_FRAMES, Chunked, ChunkEncoder
from mimica.media.frame_size import COMMON_SIDE_PX, check_frame_size
from mimica.media.unfinished_file import UnfinishedFile, output_error

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
DEFAULT_CRF = 16
"""Visually lossless for faces; 0 (lossless) to 51 as in x264."""
DEFAULT_TIME_BASE = Fraction(1, 90_000)
MILLISECOND = Fraction(1, 1000)
ITUNES_KEYS = frozenset(
    {"title", "artist", "album", "comment", "description", "synopsis", "copyright", "date", "genre", "composer"}
)
"""Metadata that MP4 has a place for; other keys make the file carry QuickTime ``mdta`` keys, which readers know too."""

_LARGE_FRAME = 4_000_000
_SEARCH = "subme=2"
"""x264's effort in finding motion between pixels, less than its preset's; docs/bench/speed.md has the price."""
_AVX_512 = 13
"""OpenCV's number (CV_CPU_AVX_512F) of that kind of processor."""
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


class VideoWriter:
    """Writes one video; use it in a ``with`` block.

    ``size`` is (width, height) in pixels. ``time_base`` (seconds per tick, best the driver's own) or else ``rate``
    decides which times are exact; others are rounded to the nearest tick and noted. ``audio_from`` is the file whose
    sound is kept, or the part of one (see ``Sound``). ``threads`` fixes the encoder's, so that the same frames give the
    same bytes on machines with other cores. ``metadata`` goes into the container. ``seal`` is called with the complete
    file before it takes its name and may change it: the provenance of a released video is signed there; what it raises
    keeps the file from appearing. ``chunks`` encodes an MP4 or MOV in pieces, see ``media.chunks``; kept in a folder,
    ``resume`` goes on after them.

    The file is written beside ``path`` and takes its name only at a clean end of the block with every frame in it; an
    exception leaves nothing. Raises ``UsageError`` for wrong options, ``UnreadableMediaError`` for ``audio_from``, and
    ``OutputError`` for everything that keeps the file from being written.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        *,
        time_base: Fraction | None = None,
        rate: Fraction | None = None,
        crf: int = DEFAULT_CRF,
        preset: str = "faster",
        threads: int | None = None,
        audio_from: str | Path | Sound | None = None,
        metadata: Mapping[str, str] | None = None,
        seal: Callable[[Path], None] | None = None,
        chunks: Chunked | None = None,
    ) -> None:
        self.path = Path(path)
        self.width, self.height = size
        if self.path.suffix.lower() not in CONTAINERS:
            known = ", ".join(CONTAINERS)
            raise UsageError(f"{self.path}: the ending {self.path.suffix!r} is not a video format here; use {known}")
        if self.width < 1 or self.height < 1:
            raise UsageError(f"{self.path}: a video of {self.width}×{self.height} pixels cannot be written")
        check_frame_size(self.path, size)
        if not 0 <= crf <= 51:
            raise UsageError(f"a crf of {crf} is out of range; use 0 (lossless) to 51, {DEFAULT_CRF} is the default")
        self.frames_written = 0
        self._format = CONTAINERS[self.path.suffix.lower()]
        self._rate = rate
        self._time_base = _usable_time_base(time_base, rate)
        self._crf, self._preset, self._threads = crf, preset, threads
        self._audio_from = Sound(Path(audio_from)) if isinstance(audio_from, str | Path) else audio_from
        self._metadata = dict(metadata or {})
        self._seal = seal
        self._chunked = chunks
        self._chunks: ChunkEncoder | None = None
        self._waiting: list[av.Packet] = []
        self._notes: list[str] = []
        self._file: UnfinishedFile | None = None
        self._audio: AudioTrack | SoundPart | None = None
        self._output: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._reformatter = VideoReformatter()
        self._held: av.VideoFrame | None = None
        self._held_duration: Fraction | None = None
        self._last_step = 0
        self._first_tick, self._end_tick = 0, 0
        self._first_dts: int | None = None
        if max(size) > COMMON_SIDE_PX:
            self._notes.append(
                f"{self.width}×{self.height} pixels are beyond what many players can show; --framing crop is smaller"
            )
        self._even_width, self._even_height = self.width + self.width % 2, self.height + self.height % 2
        if self.width % 2 or self.height % 2:
            even = (self.width + self.width % 2, self.height + self.height % 2)
            self._notes.append(f"H.264 needs even sizes: {self.width}×{self.height} was padded to {even[0]}×{even[1]}")

    @property
    def coded_size(self) -> tuple[int, int]:
        """(width, height) of the file's pictures in pixels: `size`, made even."""
        return self._even_width, self._even_height

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the written file; complete after the block."""
        return (*self._notes, *(self._audio.notes if self._audio else ()))

    def __enter__(self) -> Self:
        source = self._audio_from
        if source and self.path.exists() and source.path.exists() and self.path.samefile(source.path):
            raise OutputError(f"{self.path} is also the input; choose another name for the output")
        self._file = UnfinishedFile(self.path)
        try:
            if source is not None:
                self._audio = open_sound(source)
        except BaseException:
            self._file.discard()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise

    def write(self, image: NDArray[np.uint8], time: Fraction, duration: Fraction | None = None) -> None:
        """Append a frame: ``image`` (H, W, 3) uint8 RGB at ``time`` seconds ≥ 0, later than the one before.

        A frame lasts until the next one; ``duration`` (seconds) is used for the last. Raises ``ValueError`` for a wrong
        shape or time, ``OutputError`` if the disk refuses.
        """
        if self._file is None:
            raise ValueError("VideoWriter.write belongs inside the with block")
        if image.shape != (self.height, self.width, 3) or image.dtype != np.uint8:
            expected = (self.height, self.width, 3)
            raise ValueError(f"expected a {expected} uint8 frame, got {image.shape} {image.dtype}")
        tick = self._tick(time)
        if tick < 0 or (self._held is not None and self._held.pts is not None and tick <= self._held.pts):
            raise ValueError(f"frame times must start at or after zero and increase; got {time}")
        with self._reported():
            if self._output is None:
                self._open()
            if not self.frames_written:
                self._first_tick = tick
            frame = self._convert(image)
            frame.pts, frame.time_base = tick, self._time_base
            self._encode_held(tick)
            self._held, self._held_duration = frame, duration
        self.frames_written += 1
        if self._chunks is not None and self.frames_written % CHUNK_FRAMES == 0:
            self._chunks.note_state()

    def resume(self) -> Mapping[str, Any] | None:
        """Take over the pieces that are kept, and give what was kept with the last; None when there are none.

        ``frames_written`` then tells how many frames are in the file; the next to write is the one after them.
        """
        state: Mapping[str, Any] | None = None
        with self._reported():
            self._open()
            assert self._chunks is not None
            for chunk, packets in self._chunks.resume():
                shown = sorted((frame.tick, frame.duration) for frame in chunk.frames)
                if state is None:
                    self._first_tick = shown[0][0]
                self._end_tick, self._last_step = sum(shown[-1]), shown[-1][1]
                self.frames_written += len(shown)
                state = chunk.state
                self._mux_later(packets)
        return state

    def _tick(self, time: Fraction) -> int:
        tick = ticks(time, self._time_base)
        if not is_exact(time, self._time_base):
            self._note("some frame times are not whole ticks of the time base and were rounded to the nearest")
        if self._format in ("matroska", "webm") and not is_exact(time, MILLISECOND):
            self._note(f"{self.path.suffix[1:]} keeps time to the millisecond; use mp4 or mov for exact times")
        return tick

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)

    def _open(self) -> None:
        assert self._file is not None
        ticks_per_second = self._time_base.denominator
        # A codec's run-in lies before zero: by default Matroska would move every stream, the picture too, to hide it.
        options = {"avoid_negative_ts": "disabled"}
        if self._format in ("mp4", "mov"):
            flags = "+faststart"
            if not ITUNES_KEYS.issuperset(key.lower() for key in self._metadata):
                flags += "+use_metadata_tags"
            options |= {"movflags": flags, "video_track_timescale": str(ticks_per_second)}
            # Starts and lengths are stored in movie ticks (1 ms by default): make them exact for picture and sound.
            scale = math.lcm(ticks_per_second, self._audio.sample_rate_hz if self._audio else 1000)
            options["movie_timescale"] = str(scale if scale <= MAX_TICKS_PER_SECOND else ticks_per_second)
        self._output = av.open(str(self._file.path), mode="w", format=self._format, container_options=options)
        self._output.metadata.update(self._metadata)
        quality = {"crf": str(self._crf), "preset": self._preset}
        if self._even_width * self._even_height > _LARGE_FRAME:
            quality["rc-lookahead"] = "10"  # each frame looked ahead is held in memory
        quality["x264-params"] = _SEARCH
        if (self._threads or self._chunked) and cv2.checkHardwareSupport(_AVX_512):
            quality["x264-params"] += ":asm=avx2"  # its AVX-512 code gives other bytes in one of a hundred runs
        codec = "libx264"
        if self._format == "webm":
            # VP9 has no presets; its crf runs 0..63 where x264's runs 0..51
            codec, quality = "libvpx-vp9", {"crf": str(round(self._crf * 63 / 51)), "cpu-used": "4", "row-mt": "1"}
        stream = self._output.add_stream(codec, rate=self._rate or Fraction(25), options=quality)
        self._set_up(stream.codec_context)
        if self._chunked is not None:
            self._chunks = ChunkEncoder(
                lambda: self._chunk_encoder(quality), self._time_base, self._chunked.folder, self._chunked.state
            )
        stream.time_base = self._time_base
        self._stream = stream
        if self._audio is not None:
            self._audio.attach(self._output)

    def _set_up(self, context: VideoCodecContext) -> None:
        context.width, context.height, context.pix_fmt = self._even_width, self._even_height, "yuv420p"
        context.time_base = self._time_base
        context.flags |= CodecFlags.frame_duration
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        if self._threads is not None:
            context.thread_count = self._threads

    def _chunk_encoder(self, quality: dict[str, str]) -> VideoCodecContext:
        context = CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.options = quality
        context.framerate = self._rate or Fraction(25)
        self._set_up(context)
        context.flags |= CodecFlags.global_header
        return context

    def _convert(self, image: NDArray[np.uint8]) -> av.VideoFrame:
        odd_columns, odd_rows = self.width % 2, self.height % 2
        if odd_columns or odd_rows:
            image = np.pad(image, ((0, odd_rows), (0, odd_columns), (0, 0)), mode="edge")
        return self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="rgb24"),  # no copy
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_EXACT,
        )

    def _encode_held(self, next_tick: int | None) -> None:
        """Encode the frame that waits to know how long it is shown."""
        frame = self._held
        if frame is None or self._stream is None:
            return
        start = frame.pts or 0
        if next_tick is not None:
            self._last_step = next_tick - start
        elif self._held_duration is not None:
            self._last_step = max(1, ticks(self._held_duration, self._time_base))
        frame.duration = self._last_step or max(1, ticks(1 / (self._rate or Fraction(25)), self._time_base))
        self._held = None
        self._end_tick = start + frame.duration
        if self._chunks is not None:
            self._mux_later(self._chunks.encode(frame, start, frame.duration))
        else:
            self._mux(self._stream.encode(frame))

    def _mux_later(self, packets: list[av.Packet]) -> None:
        """Write what waits and let these wait: the very last packet is changed by `_flush`."""
        if packets:
            self._mux(self._waiting)
            self._waiting = packets

    def _mux(self, packets: list[av.Packet]) -> None:
        assert self._output is not None
        for packet in packets:
            if self._first_dts is None:
                self._first_dts = packet.dts
            if self._audio is not None:
                self._audio.pump((packet.dts or 0) * packet.time_base)
            packet.stream = self._stream
            self._output.mux(packet)

    def _flush(self, stream: VideoStream) -> None:
        """Encode what the encoder still holds.

        The file's length is counted in decoding times (first to last, and the last packet's duration): where uneven
        times meet B-frames it is right only if that duration is made so.
        """
        if self._chunks is None:
            packets = stream.encode(None)
        else:
            self._mux_later(self._chunks.flush())
            packets, self._waiting = self._waiting, []
        first_dts = packets[0].dts if packets and self._first_dts is None else self._first_dts
        if packets and packets[-1].dts is not None and first_dts is not None:
            decoded = packets[-1].dts - first_dts
            packets[-1].duration = max(1, self._end_tick - self._first_tick - decoded)
        self._mux(packets)

    def _finish(self) -> None:
        assert self._file is not None
        if self._output is None or self._stream is None:
            raise OutputError(f"{self.path} was not written: there was no frame to write")
        with self._reported():
            self._encode_held(None)
            self._flush(self._stream)
            if self._audio is not None:
                self._audio.pump(None)
            self._output.close()
            self._check_complete()
        self._close_audio()
        if self._seal is not None:
            self._seal(self._file.path)
        self._file.finish()
        self._file = None

    def _check_complete(self) -> None:
        """A disk that fills while buffers are flushed may go unreported: count what is really in the file."""
        assert self._file is not None
        with av.open(str(self._file.path), mode="r", format=self._format) as written:
            announced = written.streams.video[0].frames
        if self._format in ("mp4", "mov") and announced != self.frames_written:
            raise OutputError(f"{self.path}: only {announced} of {self.frames_written} frames arrived; check the disk")

    def _abandon(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.discard()  # first: closing then spares the second pass over a file that goes away
        if self._output is not None:
            with suppress(Exception):
                self._output.close()
        self._close_audio()
        if file is not None:
            file.discard()

    def _close_audio(self) -> None:
        if self._audio is not None:
            self._audio.close()

    @contextmanager
    def _reported(self) -> Generator[None]:
        try:
            yield
        except MimicaError:
            raise
        except (FFmpegError, OSError, ValueError) as error:
            raise output_error(self.path, error) from error


def _usable_time_base(time_base: Fraction | None, rate: Fraction | None) -> Fraction:
    for exact in (time_base and time_base.denominator, rate and rate.numerator):
        if exact and exact <= MAX_TICKS_PER_SECOND:
            return Fraction(1, exact)
    return DEFAULT_TIME_BASE
