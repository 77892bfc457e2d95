"""Parts of a sound: cut to the sample, repeated without a gap, silent where there is nothing to hear."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mimica.media.audio import AudioTrack, Sound
from mimica.media.audio_part import SoundPart, open_sound
from mimica.media.video_writer import VideoWriter

RATE = 44_100


def ramp(path: Path, seconds: float, codec: str = "pcm_f32le", late: float = 0.0, seed: int = 0) -> np.ndarray:
    """A file of noise under a slow swell, whose samples are known; with it the samples, mono."""
    count = int(seconds * RATE)
    time = np.arange(count) / RATE
    noise = np.random.default_rng(seed).normal(0, 1, count)
    smooth = np.convolve(noise, np.hanning(64) / 32, "same")
    samples = (0.25 * smooth * (1.2 + np.sin(2 * np.pi * 1.3 * time))).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        stream.codec_context.time_base = Fraction(1, RATE)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, int(late * RATE), Fraction(1, RATE)
        if codec.startswith("pcm"):
            frame = av.AudioResampler("flt", "mono", RATE).resample(frame)[0]
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return samples


def heard(part: SoundPart) -> np.ndarray:
    blocks = list(part._played())
    return np.concatenate(blocks, axis=1)[0] if blocks else np.zeros(0, np.float32)


@pytest.mark.parametrize(("start", "end"), [("0.1", "0.9"), ("1.2345", "1.9"), ("0", "0.00101"), ("1.7", None)])
def test_a_part_is_cut_to_the_sample(tmp_path, start, end):
    samples = ramp(tmp_path / "in.mkv", 2.0)
    begin, stop = round(Fraction(start) * RATE), None if end is None else round(Fraction(end) * RATE)
    found = heard(SoundPart(Sound(tmp_path / "in.mkv", Fraction(start), None if end is None else Fraction(end))))
    want = samples[begin:stop]
    assert len(found) == pytest.approx(len(want), abs=RATE // 1000)  # Matroska counts in milliseconds
    lag = max(range(-50, 51), key=lambda k: float(np.dot(found[60:-60], np.roll(want, k)[: len(found)][60:-60]))) if (
        len(found) > 500
    ) else 0  # fmt: skip
    assert abs(lag) <= RATE // 1000


@pytest.mark.parametrize("start", ["0.25", "1.2"])
def test_compressed_sound_of_an_mp4_is_cut_to_the_sample(tmp_path, start):
    """Where the codec's run-in lies and how the packets fall makes no difference, nor does seeking."""
    samples = ramp(tmp_path / "in.mp4", 2.0, "aac")
    begin = round(Fraction(start) * RATE)
    found = heard(SoundPart(Sound(tmp_path / "in.mp4", Fraction(start), Fraction(start) + Fraction(1, 2))))
    assert len(found) == RATE // 2
    scores = {k: float(np.dot(found, samples[begin + k : begin + k + len(found)])) for k in range(-40, 41)}
    assert max(scores, key=lambda k: scores[k]) == 0


def test_a_loop_has_no_gap_and_no_drift(tmp_path):
    ramp(tmp_path / "in.mp4", 2.0, "aac")
    once = heard(SoundPart(Sound(tmp_path / "in.mp4", Fraction(1, 3), Fraction(1, 3) + Fraction(1, 7))))
    looped = heard(SoundPart(Sound(tmp_path / "in.mp4", Fraction(1, 3), Fraction(1, 3) + Fraction(1, 7), 10)))
    assert len(looped) == round(10 * Fraction(1, 7) * RATE)
    for turn in range(10):
        place = round(turn * Fraction(1, 7) * RATE)
        np.testing.assert_array_equal(looped[place : place + len(once) - 1], once[:-1])


def test_the_length_cuts_a_loop(tmp_path):
    ramp(tmp_path / "in.mp4", 1.0, "aac")
    sound = Sound(tmp_path / "in.mp4", Fraction(0), Fraction(1, 2), 4, Fraction(13, 10))
    assert len(heard(SoundPart(sound))) == round(1.3 * RATE)


def test_where_nothing_is_heard_is_silence_between_loops(tmp_path):
    """The sound ends before the picture: each turn of the loop begins on time all the same."""
    ramp(tmp_path / "in.mp4", 0.5, "aac")
    looped = heard(SoundPart(Sound(tmp_path / "in.mp4", Fraction(0), Fraction(4, 5), 2)))
    second = round(Fraction(4, 5) * RATE)
    assert np.abs(looped[int(0.6 * RATE) : second]).max() == 0
    np.testing.assert_array_equal(looped[second : second + RATE // 3], looped[: RATE // 3])


def test_a_part_without_sound_has_none(tmp_path):
    ramp(tmp_path / "in.mp4", 0.5, "aac")
    assert not SoundPart(Sound(tmp_path / "in.mp4", Fraction(2), Fraction(3), 2)).present


def test_late_sound_stays_late_in_a_part(tmp_path):
    samples = ramp(tmp_path / "in.mp4", 1.0, "aac", late=0.5)
    found = heard(SoundPart(Sound(tmp_path / "in.mp4", Fraction(1, 4), Fraction(1))))
    assert np.abs(found[: RATE // 4 - 1200]).max() == 0
    np.testing.assert_allclose(np.abs(found[RATE // 4 :]).mean(), np.abs(samples[: RATE // 2]).mean(), rtol=0.15)


def test_all_of_a_sound_is_copied_and_a_part_is_not(tmp_path, clip, tone):
    path = clip(tmp_path / "in.mp4", sound=tone())
    whole, part = open_sound(Sound(path)), open_sound(Sound(path, Fraction(0)))
    assert isinstance(whole, AudioTrack)
    assert isinstance(part, SoundPart)
    whole.close()
    part.close()


@pytest.mark.parametrize("ending", ["mp4", "mov", "webm"])
def test_the_written_part_plays_in_step(tmp_path, ending):
    samples = ramp(tmp_path / "in.mp4", 2.0, "aac")
    sound = Sound(tmp_path / "in.mp4", Fraction(1, 2), Fraction(3, 2), 2)
    with VideoWriter(tmp_path / f"out.{ending}", (64, 48), rate=Fraction(25), audio_from=sound) as writer:
        for index in range(50):
            writer.write(np.zeros((48, 64, 3), np.uint8), Fraction(index, 25))
    assert any("re-encoded" in note for note in writer.notes)
    found = heard(SoundPart(Sound(tmp_path / f"out.{ending}", Fraction(0))))
    if ending == "webm":  # Opus runs at 48 kHz
        assert len(found) / 48_000 == pytest.approx(2, abs=0.03)
        return
    want = np.concatenate([samples[RATE // 2 : RATE * 3 // 2]] * 2)
    assert len(found) == pytest.approx(len(want), abs=1024)
    middle = slice(RATE // 4, 2 * RATE - RATE // 4)
    scores = {k: float(np.dot(np.roll(found[: len(want)], -k)[middle], want[middle])) for k in range(-40, 41)}
    assert max(scores, key=lambda k: scores[k]) == 0
