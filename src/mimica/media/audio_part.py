"""A part of a file's sound, cut to the sample, played once or again and again; it begins at zero.

A packet holds a thousand samples or more and leans on the one before: a cut within it is only right when the sound is
decoded, cut and encoded again. This module does not know the pictures.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from numpy.typing import NDArray

from mimica.media.audio import AudioTrack, Sound, add_encoder, encoder_rate_hz
from mimica.media.container import best_audio, clock_zero, open_container

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

RUN_IN = Fraction(1, 2)
"""Decoding begins so many seconds early: the first packets after a jump do not sound as they should."""
JITTER_S = Fraction(1, 100)
"""Frames that follow each other this closely are contiguous: some containers round their times to the millisecond."""

Samples = NDArray[np.float32]


class SoundPart:
    """Written in step with the pictures, as `AudioTrack`.

    Raises ``UnreadableMediaError`` if the file cannot be opened.
    """

    def __init__(self, sound: Sound) -> None:
        self.notes: list[str] = []
        self._sound = sound
        self._start = sound.start or Fraction(0)
        with open_container(sound.path) as container:
            stream = best_audio(container)
            self._channels = 0 if stream is None else min(stream.codec_context.channels, 2)
            self.sample_rate_hz = 48_000 if stream is None else encoder_rate_hz(stream)
        self._blocks = self._played() if self._channels else iter(())
        self._next: Samples | None = next(self._blocks, None)
        self._written = 0
        self._target: AudioStream | None = None
        self._output: OutputContainer | None = None

    @property
    def present(self) -> bool:
        """Whether there is any sound to write."""
        return self._next is not None

    def attach(self, output: OutputContainer) -> None:
        """Add the sound's stream to a container whose header is not yet written."""
        if not self.present:
            return
        self._output = output
        self._target, name = add_encoder(output, self.sample_rate_hz, self._channels)
        if self._target.codec_context.sample_rate != self.sample_rate_hz:
            self.sample_rate_hz = self._target.codec_context.sample_rate
            self._blocks = self._played()
            self._next = next(self._blocks, None)
        self.notes.append(f"the sound was cut to the part and re-encoded to {name}")

    def pump(self, until: Fraction | None) -> None:
        """Write the sound up to a little after ``until`` (seconds of the output); all of it for None."""
        if self._output is None or self._target is None:
            return
        rate = self.sample_rate_hz
        while self._next is not None and (until is None or Fraction(self._written, rate) <= until):
            frame = AudioFrame.from_ndarray(self._next, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, self._written, Fraction(1, rate)
            self._written += self._next.shape[1]
            self._output.mux(self._target.encode(frame))
            self._next = next(self._blocks, None)
        if until is None:
            self._output.mux(self._target.encode(None))

    def close(self) -> None:
        """Forget what is not written."""
        self._blocks, self._next = iter(()), None

    @property
    def _layout(self) -> str:
        return "mono" if self._channels == 1 else "stereo"

    def _samples(self, seconds: Fraction) -> int:
        return math.floor(seconds * self.sample_rate_hz + Fraction(1, 2))

    def _played(self) -> Iterator[Samples]:
        """Blocks (channels, n) without a gap from zero on: the part as often as asked, silence where there is none."""
        sound, done = self._sound, 0
        span = None if sound.end is None else sound.end - self._start
        total = math.inf if sound.length is None else self._samples(sound.length)
        turns = sound.times if span is not None else 1
        for turn in range(turns):
            begin = self._samples(turn * (span or Fraction(0)))
            stop = total if span is None else min(total, self._samples((turn + 1) * span))
            with closing(self._decoded()) as blocks:
                for place, block in blocks:
                    first, last = begin + place, int(min(begin + place + block.shape[1], stop))
                    for silence in self._silence(min(first, last) - done):
                        yield silence
                        done += silence.shape[1]
                    heard = block[:, max(done - first, 0) : max(last - first, 0)]
                    if heard.shape[1]:
                        yield np.ascontiguousarray(heard)
                        done += heard.shape[1]
                    if done >= stop:
                        break
            if done >= total:
                return
            if turn + 1 < turns and done:
                for silence in self._silence(int(stop) - done):
                    yield silence
                    done += silence.shape[1]

    def _silence(self, samples: int) -> Iterator[Samples]:
        while samples > 0:
            block = min(samples, self.sample_rate_hz)
            yield np.zeros((self._channels, block), np.float32)
            samples -= block

    def _decoded(self) -> Generator[tuple[int, Samples]]:
        """Blocks (channels, n) and where each begins, in samples from the part's start; some lie before it."""
        early = max(self._start - RUN_IN, Fraction(0))
        for seek in (True, False) if early else (False,):
            blocks = self._decoded_from(early if seek else None)
            first = next(blocks, None)
            if seek and (first is None or first[0] > 0):
                blocks.close()
                continue  # it jumped too far, or the sound begins later: look from the beginning
            if first is not None:
                yield first
                yield from blocks
            return

    def _decoded_from(self, early: Fraction | None) -> Generator[tuple[int, Samples]]:
        container = open_container(self._sound.path)
        try:
            stream = best_audio(container)
            if stream is None or stream.time_base is None:
                return
            zero = clock_zero(container)
            if early is not None:
                container.seek(math.floor((early + zero) / stream.time_base), stream=stream, backward=True)
            resampler = AudioResampler("fltp", self._layout, self.sample_rate_hz)
            expected: int | None = None
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except (FFmpegError, ValueError):
                    continue
                for frame in frames:
                    if frame.pts is None or frame.time_base is None:
                        continue
                    place = self._samples(frame.pts * frame.time_base - zero - self._start)
                    if expected is None or abs(place - expected) > JITTER_S * self.sample_rate_hz:
                        expected = place
                    for ready in resampler.resample(frame):
                        block = np.asarray(ready.to_ndarray(), np.float32).reshape(self._channels, -1)
                        yield expected, block
                        expected += block.shape[1]
        except (FFmpegError, ValueError) as error:
            self.notes.append(f"the sound stops early ({getattr(error, 'strerror', None) or error})")
        finally:
            container.close()


def open_sound(sound: Sound) -> AudioTrack | SoundPart:
    """The sound of a file, ready to be written: untouched when it is all of it, else decoded and cut."""
    return AudioTrack(sound.path) if sound.start is None else SoundPart(sound)
