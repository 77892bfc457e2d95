from __future__ import annotations

import resource
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mimica.errors import OutputError, UnreadableMediaError, UsageError
from mimica.media import VideoWriter, open_video

NTSC = Fraction(1001, 30000)
UNEVEN = [0, 1, 2, 7, 9, 24, 25, 40]


def write(path, times, size=(64, 48), **options):
    """A film of rising brightness; returns the writer's notes."""
    with VideoWriter(path, size, **options) as writer:
        for index, time in enumerate(times):
            writer.write(np.full((size[1], size[0], 3), 20 + 2 * index, np.uint8), time)
    assert list(path.parent.glob(".*")) == []
    return writer.notes


def copy_through(source, target, **options):
    """Read a film and write it again, as an animation does."""
    with open_video(source) as video:
        size = (video.info.width, video.info.height)
        with VideoWriter(target, size, time_base=video.info.time_base, rate=video.info.rate, **options) as writer:
            for frame in video:
                writer.write(frame.image, frame.time, frame.duration)
    return writer.notes


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
@pytest.mark.parametrize(
    ("name", "ticks", "time_base", "codec", "pix_fmt"),
    [
        ("constant.mp4", range(8), Fraction(1, 25), "libx264", "yuv420p"),
        ("ntsc.mp4", range(40), NTSC, "libx264", "yuv420p"),
        ("uneven.mp4", UNEVEN, Fraction(1, 60), "libx264", "yuv420p"),
        ("late.mp4", [5, 6, 8], Fraction(1, 30), "libx264", "yuv420p"),
        ("ten_bit.mp4", UNEVEN, NTSC, "libx265", "yuv420p10le"),
        ("offset.mkv", [33, 67, 100, 160], Fraction(1, 1000), "libx264", "yuv420p"),
        ("one.mov", [0], Fraction(1, 24), "libx264", "yuv420p"),
        ("film.avi", range(5), NTSC, "mpeg4", "yuv420p"),
    ],
)
def test_every_output_time_is_the_input_time(tmp_path, clip, times_of, name, ticks, time_base, codec, pix_fmt, ending):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    source = clip(tmp_path / name, ticks, time_base, codec=codec, pix_fmt=pix_fmt, options=options)
    target = tmp_path / f"out{ending}"
    assert copy_through(source, target) == ()
    assert times_of(target) == times_of(source) == [tick * time_base for tick in ticks]


def test_length_of_the_last_frame_is_kept(tmp_path):
    first, again = tmp_path / "a.mp4", tmp_path / "b.mp4"
    with VideoWriter(first, (64, 48), time_base=Fraction(1, 60)) as writer:
        for tick in UNEVEN:
            writer.write(np.full((48, 64, 3), tick, np.uint8), Fraction(tick, 60), Fraction(5, 60))
    copy_through(first, again)
    for path in (first, again):
        assert open_video(path).info.duration_s == Fraction(UNEVEN[-1] + 5, 60)


@pytest.mark.parametrize("ending", [".mkv", ".webm"])
def test_matroska_rounds_to_the_millisecond_and_says_so(tmp_path, times_of, ending):
    path = tmp_path / f"a{ending}"
    notes = write(path, [n * NTSC for n in range(4)], rate=1 / NTSC)
    assert any("millisecond" in note for note in notes)
    assert times_of(path) == [Fraction(ms, 1000) for ms in (0, 33, 67, 100)]


def test_times_between_ticks_are_rounded_with_a_note(tmp_path, times_of):
    path = tmp_path / "a.mp4"
    notes = write(path, [Fraction(0), Fraction(1, 7)], time_base=Fraction(1, 100))
    assert any("rounded" in note for note in notes)
    assert times_of(path) == [0, Fraction(14, 100)]


def test_without_rate_or_time_base_ninety_kilohertz_serve(tmp_path, times_of):
    times = [Fraction(0), Fraction(1, 24), Fraction(1, 20)]
    assert write(tmp_path / "a.mp4", times) == ()
    assert times_of(tmp_path / "a.mp4") == times


def test_stream_is_tagged_and_made_for_players(tmp_path):
    path = tmp_path / "a.mp4"
    write(path, [Fraction(n, 25) for n in range(5)], rate=Fraction(25), metadata={"comment": "made by Mimica"})
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 25
        assert (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries) == (1, 1, 1, 1)
        assert container.metadata["comment"] == "made by Mimica"


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_own_metadata_keys_survive(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    write(path, [Fraction(0)], metadata={"comment": "ünïcode — ok", "mimica_consent": "fictional"})
    metadata = {key.lower(): value for key, value in open_video(path).info.metadata.items()}
    assert metadata["comment"] == "ünïcode — ok"
    assert metadata["mimica_consent"] == "fictional"


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_colours_survive(tmp_path, pattern, ending):
    path = tmp_path / f"a{ending}"
    with VideoWriter(path, (64, 48)) as writer:
        for index in range(3):
            writer.write(pattern, Fraction(index, 25))
    image = next(iter(open_video(path))).image.astype(int)
    for rows, columns in [(slice(4, 20), slice(4, 28)), (slice(28, 44), slice(36, 60))]:
        assert np.abs(image[rows, columns] - pattern[rows, columns]).max() <= 8


@pytest.mark.parametrize("size", [(33, 21), (32, 21), (33, 20), (1, 1)])
def test_odd_sizes_are_padded_by_their_own_edge(tmp_path, size):
    width, height = size
    image = np.full((height, width, 3), 60, np.uint8)
    image[:, -1:] = 200
    with VideoWriter(tmp_path / "odd.mp4", size, crf=0) as writer:
        writer.write(image, Fraction(0))
    assert any("padded" in note for note in writer.notes)
    shown = next(iter(open_video(tmp_path / "odd.mp4"))).image
    assert shown.shape == (height + height % 2, width + width % 2, 3)
    assert (*writer.coded_size[::-1], 3) == shown.shape
    if width % 2:
        assert (np.abs(shown[:, -2:].astype(int) - 200) <= 3).all()


@pytest.mark.parametrize(
    ("source", "target", "codec"),
    [
        ("in.mp4", "out.mp4", "aac"),
        ("in.mp4", "out.mov", "aac"),
        ("in.mp4", "out.mkv", "aac"),
        ("in.mkv", "out.mp4", "aac"),
        ("in.mkv", "out.mp4", "libmp3lame"),
        ("in.mkv", "out.mp4", "flac"),
        ("in.avi", "out.mp4", "libmp3lame"),
        ("in.mov", "out.mov", "pcm_s16le"),
        ("in.mkv", "out.webm", "libopus"),
        ("in.ts", "out.mp4", "aac"),
    ],
)
def test_sound_is_copied_untouched(tmp_path, clip, sound_of, tone, source, target, codec):
    rate = 48000 if codec == "libopus" else 44100
    path = clip(tmp_path / source, range(12), Fraction(1, 25), sound=tone(codec=codec, rate=rate))
    notes = copy_through(path, tmp_path / target, audio_from=path)
    assert not any("re-encoded" in note for note in notes)
    before, after = sound_of(path), sound_of(tmp_path / target)
    if source.endswith(".ts"):  # the ADTS header of each packet is taken off, the clock starts at zero
        assert len(after) == len(before)
        return
    assert [content for _, content in after] == [content for _, content in before]
    tolerance = Fraction(1, 1000) if target.endswith((".mkv", ".webm")) or source.endswith(".mkv") else 0
    assert all(abs(a[0] - b[0]) <= tolerance for a, b in zip(after, before, strict=True))


@pytest.mark.parametrize("start", [Fraction(1, 4), Fraction(7, 10)])
def test_late_sound_stays_late(tmp_path, clip, sound_of, times_of, tone, start):
    path = clip(tmp_path / "in.mp4", range(25), Fraction(1, 25), sound=tone(start=start))
    copy_through(path, tmp_path / "out.mp4", audio_from=path)
    assert sound_of(tmp_path / "out.mp4") == sound_of(path)
    assert times_of(tmp_path / "out.mp4") == times_of(path)


@pytest.mark.parametrize(
    ("target", "codec", "becomes"),
    [("out.mp4", "pcm_s16le", "aac"), ("out.mp4", "adpcm_ima_wav", "aac"), ("out.webm", "pcm_s16le", "opus")],
)
def test_sound_is_re_encoded_only_where_the_container_forbids_it(tmp_path, clip, tone, target, codec, becomes):
    ending = "avi" if codec.startswith("adpcm") else "mkv"
    path = clip(tmp_path / f"in.{ending}", range(25), Fraction(1, 25), sound=tone(codec=codec, seconds=1.0))
    notes = copy_through(path, tmp_path / target, audio_from=path)
    assert any("re-encoded" in note for note in notes)
    with av.open(str(tmp_path / target)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.codec.canonical_name == becomes
        samples = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(stream)])
    assert abs(len(samples) / stream.sample_rate - 1.0) < 0.06
    assert 0.03 < np.abs(samples).mean() < 0.1  # the tone, neither silence nor noise


def test_mute_driver_gives_a_mute_film(tmp_path, clip):
    path = clip(tmp_path / "in.mp4")
    copy_through(path, tmp_path / "out.mp4", audio_from=path)
    assert not open_video(tmp_path / "out.mp4").info.has_audio


def test_an_error_leaves_nothing_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def fail_midway(failure):
        with VideoWriter(path, (64, 48)) as writer:
            for index in range(60):
                writer.write(np.full((48, 64, 3), index, np.uint8), Fraction(index, 25))
            raise failure

    for failure in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(failure):
            fail_midway(failure)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_frame_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="no frame"), VideoWriter(tmp_path / "a.mp4", (64, 48)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room_bytes", [1_000, 60_000])
def test_a_full_disk_is_one_clear_error(tmp_path, capfd, room_bytes):
    dice = np.random.default_rng(1)
    images = dice.integers(0, 255, (20, 96, 128, 3), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write_into_little_room():
        with VideoWriter(tmp_path / "a.mp4", (128, 96), crf=1, preset="ultrafast") as writer:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, before[1]))
            for index, image in enumerate(images):
                writer.write(image, Fraction(index, 25))

    try:
        with pytest.raises(OutputError, match="cannot be written") as caught:
            write_into_little_room()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_places_that_cannot_be_written_are_found_at_once(tmp_path):
    with pytest.raises(OutputError, match="does not exist"), VideoWriter(tmp_path / "no" / "a.mp4", (64, 48)):
        pass
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="is a folder"), VideoWriter(tmp_path / "folder.mp4", (64, 48)):
        pass


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write")
def test_unwritable_folder_is_found_at_once():
    with pytest.raises(OutputError, match="cannot be written"), VideoWriter("/proc/self/a.mp4", (64, 48)):
        pass


def test_the_input_is_never_overwritten(tmp_path, clip):
    path = clip(tmp_path / "in.mp4")
    data = path.read_bytes()
    with pytest.raises(OutputError, match="also the input"), VideoWriter(path, (64, 48), audio_from=path):
        pass
    assert path.read_bytes() == data


def test_unreadable_sound_leaves_nothing(tmp_path):
    with pytest.raises(UnreadableMediaError), VideoWriter(tmp_path / "a.mp4", (4, 4), audio_from=tmp_path / "none"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"path": "a.xyz"}, {"path": "a"}, {"crf": 52}, {"crf": -1}, {"size": (0, 4)}])
def test_wrong_options_are_usage_errors(tmp_path, options):
    wanted = {"path": "a.mp4", "size": (4, 4)} | options
    with pytest.raises(UsageError):
        VideoWriter(tmp_path / wanted.pop("path"), wanted.pop("size"), **wanted)


def test_frames_must_fit_and_move_forward(tmp_path):
    image = np.zeros((48, 64, 3), np.uint8)
    with VideoWriter(tmp_path / "a.mp4", (64, 48)) as writer:
        with pytest.raises(ValueError, match="uint8"):
            writer.write(image[:-1], Fraction(0))
        with pytest.raises(ValueError, match="increase"):
            writer.write(image, Fraction(-1))
        writer.write(image, Fraction(1))
        with pytest.raises(ValueError, match="increase"):
            writer.write(image, Fraction(1))
    with pytest.raises(ValueError, match="with block"):
        writer.write(image, Fraction(2))


def test_pictures_beyond_h264_are_refused_and_large_ones_noted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends at 35.7 million pixels, 8660×5773 are 50.0; use --framing crop"):
        VideoWriter(tmp_path / "a.mp4", (8660, 5773))
    assert "beyond what many players" in VideoWriter(tmp_path / "a.mp4", (6000, 4000)).notes[0]
    assert not VideoWriter(tmp_path / "a.mp4", (4096, 2160)).notes
