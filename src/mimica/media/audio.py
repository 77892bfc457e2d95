"""The driver's sound on its way into the output: packets copied untouched, in step with the pictures.

Sound is re-encoded only where the container forbids its codec. This module does not know the pictures.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from av.audio.frame import AudioFrame
from av.error import FFmpegError

from mimica.core.timing import ticks
from mimica.errors import UnreadableMediaError
from mimica.media.container import best_audio, clock_zero, open_container

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

FALLBACK_CODECS = {"mp4": "aac", "mov": "aac", "matroska": "aac", "webm": "libopus"}
AAC_RATES_HZ = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
BIT_RATE = 192_000


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a file: all of it where it lies, or a part that begins at zero and is heard `times` times.

    start, end: seconds of the file; the part is cut to the sample. A `start` of None takes everything, once. length:
    seconds after which the whole is cut off.
    """

    path: Path
    start: Fraction | None = None
    end: Fraction | None = None
    times: int = 1
    length: Fraction | None = None


def copies(codec: str, container: OutputContainer) -> bool:
    """Whether sound of this codec can be stored in the container as it is.

    MP4 counts as forbidding PCM: ISO 23003-5 allows it since 2020, players and browsers do not play it.
    """
    if container.format.name == "mp4" and codec.startswith("pcm_"):
        return False
    return codec in container.supported_codecs


def encoder_rate_hz(stream: AudioStream) -> int:
    """The sample rate of sound that is encoded again: its own where AAC knows it."""
    rate = stream.codec_context.sample_rate
    return rate if rate in AAC_RATES_HZ else 48_000


def add_encoder(output: OutputContainer, rate_hz: int, channels: int) -> tuple[AudioStream, str]:
    """A stream of mono or stereo sound in the codec that suits the container, and the codec's name for a person."""
    encoder = FALLBACK_CODECS[output.format.name]
    rate = 48_000 if encoder == "libopus" else rate_hz
    target = cast("AudioStream", output.add_stream(encoder, rate=rate, bit_rate=BIT_RATE))
    target.layout = "mono" if channels == 1 else "stereo"
    target.codec_context.time_base = Fraction(1, rate)
    return target, "Opus" if encoder == "libopus" else "AAC"


class AudioTrack:
    """One file's sound, read in step with the pictures: every packet keeps its time (less the file's ``clock_zero``).

    Raises ``UnreadableMediaError`` if the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._source: InputContainer = open_container(path)
        self._shift = clock_zero(self._source)
        self._stream = best_audio(self._source)
        self._target: AudioStream | None = None
        self._output: OutputContainer | None = None
        self._encodes = False
        self._last_dts: int | None = None
        self._dropped = 0
        self._packets: Iterator[Packet] = self._read() if self._stream else iter(())
        self._next: Packet | None = next(self._packets, None)
        if len(self._source.streams.audio) > 1:
            self.notes.append("of several sound tracks the one that players choose was kept")

    @property
    def present(self) -> bool:
        """Whether there is any sound to write."""
        return self._next is not None

    @property
    def sample_rate_hz(self) -> int:
        """Samples a second, 48000 if unknown."""
        return (self._stream.sample_rate if self._stream else 0) or 48_000

    @property
    def start(self) -> Fraction:
        """Output time of the first packet in seconds; below zero for a codec's run-in."""
        return self._time(self._next) if self._next is not None else Fraction(0)

    def attach(self, output: OutputContainer) -> None:
        """Add the sound's stream to a container whose header is not yet written."""
        stream = self._stream
        if stream is None or not self.present:
            return
        self._output = output
        codec = stream.codec_context.codec.canonical_name
        if copies(codec, output):
            self._target = output.add_stream_from_template(stream)
            self._target.metadata.update(stream.metadata)
            return
        self._encodes = True
        self._target, name = add_encoder(output, encoder_rate_hz(stream), stream.codec_context.channels)
        self.notes.append(f"{output.format.name} cannot hold {codec} sound: it was re-encoded to {name}")

    def pump(self, until: Fraction | None) -> None:
        """Write the packets up to the first one after ``until`` (seconds of the output); all of them for None."""
        if self._output is None or self._target is None:
            return
        while self._next is not None:
            packet = self._next
            time = self._time(packet)
            for ready in self._encoded(packet) if self._encodes else self._copied(packet):
                self._output.mux(ready)
            self._next = next(self._packets, None)
            if until is not None and time > until:
                return
        if until is None:
            if self._encodes:
                self._output.mux(self._target.encode(None))
            if self._dropped:
                self.notes.append(f"{self._dropped} sound packets without usable timestamps were left out")

    def close(self) -> None:
        """Close the source file."""
        self._packets = iter(())
        self._source.close()

    def _time(self, packet: Packet) -> Fraction:
        tick = packet.pts if packet.pts is not None else packet.dts
        return (tick or 0) * packet.time_base - self._shift

    def _read(self) -> Iterator[Packet]:
        assert self._stream is not None
        demuxed = self._source.demux(self._stream)
        while True:
            try:
                packet = next(demuxed, None)
            except (FFmpegError, ValueError) as error:
                self.notes.append(f"the sound stops early ({getattr(error, 'strerror', None) or error})")
                return
            if packet is None:
                return
            if not packet.size:
                continue
            yield packet

    def _copied(self, packet: Packet) -> list[Packet]:
        assert self._target is not None
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None or (self._last_dts is not None and dts <= self._last_dts):
            self._dropped += 1
            return []
        self._last_dts = dts
        shift = ticks(self._shift, packet.time_base)
        packet.pts = (packet.pts if packet.pts is not None else dts) - shift
        packet.dts = dts - shift
        packet.stream = self._target
        return [packet]

    def _encoded(self, packet: Packet) -> list[Packet]:
        assert self._target is not None
        try:
            frames = packet.decode()
        except (FFmpegError, ValueError):
            self._dropped += 1
            return []
        packets: list[Packet] = []
        for frame in frames:
            if not isinstance(frame, AudioFrame):
                raise UnreadableMediaError(f"{self.path}: its sound cannot be decoded; use --no-audio")
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= ticks(self._shift, frame.time_base)
            packets += self._target.encode(frame)
        return packets
