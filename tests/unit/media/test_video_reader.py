from __future__ import annotations

import random
import tracemalloc
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from mimica.errors import UnreadableMediaError
from mimica.media import open_video

NTSC = Fraction(1001, 30000)
UNEVEN = [0, 1, 2, 7, 9, 24, 25, 40]


def middle(image: np.ndarray, row: float, column: float) -> np.ndarray:
    """Mean colour of a 6×6 patch at a relative place."""
    y, x = int(row * image.shape[0]), int(column * image.shape[1])
    return image[y - 3 : y + 3, x - 3 : x + 3].mean((0, 1))


CORNERS = [(0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)]


def corners(image: np.ndarray) -> np.ndarray:
    return np.array([middle(image, row, column) for row, column in CORNERS])


@pytest.mark.parametrize(
    ("name", "ticks", "time_base", "codec", "pix_fmt"),
    [
        ("constant.mp4", range(8), Fraction(1, 25), "libx264", "yuv420p"),
        ("ntsc.mp4", range(12), NTSC, "libx264", "yuv420p"),
        ("uneven.mp4", UNEVEN, Fraction(1, 60), "libx264", "yuv420p"),
        ("late.mp4", [5, 6, 8], Fraction(1, 30), "libx264", "yuv420p"),
        ("ten_bit.mp4", UNEVEN, NTSC, "libx265", "yuv420p10le"),
        ("milliseconds.mkv", [0, 33, 67, 100], Fraction(1, 1000), "libx264", "yuv420p"),
        ("one.mov", [0], Fraction(1, 24), "libx264", "yuv420p"),
        ("film.avi", range(5), Fraction(1, 24), "mpeg4", "yuv420p"),
        ("film.webm", [0, 40, 80], Fraction(1, 1000), "libvpx-vp9", "yuv420p"),
    ],
)
def test_times_are_exactly_those_of_the_file(tmp_path, clip, name, ticks, time_base, codec, pix_fmt):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = clip(tmp_path / name, ticks, time_base, codec=codec, pix_fmt=pix_fmt, options=options)
    with open_video(path) as video:
        frames = list(video)
    assert [frame.time for frame in frames] == [tick * time_base for tick in ticks]
    assert [frame.index for frame in frames] == list(range(len(ticks)))
    assert all(frame.image.shape == (48, 64, 3) and frame.image.dtype == np.uint8 for frame in frames)


def test_ntsc_rate_stays_a_fraction(tmp_path, clip):
    with open_video(clip(tmp_path / "ntsc.mp4", range(30), NTSC)) as video:
        assert video.info.rate == Fraction(30000, 1001)
        assert 29 * NTSC < video.info.duration_s <= 30 * NTSC
        assert video.info.frame_count == video.info.expected_frames == 30


def test_info_speaks_of_sound_and_metadata(tmp_path, clip, tone):
    with open_video(clip(tmp_path / "loud.mp4", sound=tone())) as video:
        assert video.info.has_audio
        assert "major_brand" in video.info.metadata
    with open_video(clip(tmp_path / "mute.mp4")) as video:
        assert not video.info.has_audio
        assert video.notes == ()


def test_reader_can_be_read_again_and_in_part(tmp_path, clip):
    with open_video(clip(tmp_path / "a.mp4", range(10), Fraction(1, 10))) as video:
        whole = list(video)
        part = list(video.frames(Fraction(3, 10), Fraction(6, 10)))
        assert [frame.index for frame in part] == [3, 4, 5]
        assert all(np.array_equal(a.image, b.image) for a, b in zip(part, whole[3:6], strict=True))
        next(iter(video))  # a pass left open is closed by the block


def test_memory_does_not_grow_with_length(tmp_path, clip):
    path = clip(tmp_path / "long.mp4", range(120), image=np.full((120, 160, 3), 90, np.uint8))
    with open_video(path) as video:
        next(video.frames())
        tracemalloc.start()
        count = sum(1 for _ in video)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 120
    assert peak < 8 * 120 * 160 * 3


# The stored picture is red green / blue white; FFmpeg's rotation is counter-clockwise, ours clockwise.
@pytest.mark.parametrize(
    ("counter_clockwise", "mirror", "shown"),
    [(0, False, "RGBW"), (-90, False, "BRWG"), (180, False, "WBGR"), (90, False, "GWRB"), (0, True, "GRWB")],
)
def test_display_matrix_is_applied(tmp_path, clip, pattern, counter_clockwise, mirror, shown):
    path = clip(tmp_path / "turned.mp4", image=pattern, rotation=(counter_clockwise, mirror))
    colours = {"R": (220, 30, 30), "G": (30, 200, 30), "B": (30, 30, 220), "W": (230, 230, 230)}
    with open_video(path) as video:
        image = next(iter(video)).image
        assert image.shape[:2] == (video.info.height, video.info.width)
        assert video.info.rotation_deg == -counter_clockwise % 360
    assert image.flags.c_contiguous
    np.testing.assert_allclose(corners(image), [colours[letter] for letter in shown], atol=6)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_orientation_agrees_with_the_matrix_definition(tmp_path, clip, pattern, turn, mirror):
    path = clip(tmp_path / "turned.mp4", range(2), image=pattern, rotation=(turn, mirror))
    with av.open(str(path)) as container:
        raw = next(container.decode(video=0))
        side = raw.side_data.get("DISPLAYMATRIX")
        matrix = np.frombuffer(bytes(side), np.int32).reshape(3, 3)[:2, :2] / 65536 if side else np.eye(2)
    with open_video(path) as video:
        image = next(iter(video)).image
    for row, column in CORNERS:
        x, y = np.array([column - 0.5, row - 0.5]) @ matrix
        np.testing.assert_allclose(middle(image, y + 0.5, x + 0.5), middle(pattern, row, column), atol=6)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", [1, 5, 9])
def test_matrix_and_range_are_honoured(tmp_path, clip, pattern, matrix, full_range):
    path = clip(tmp_path / "a.mp4", image=pattern, pix_fmt="yuv444p", matrix=matrix, full_range=full_range)
    with open_video(path) as video:
        np.testing.assert_allclose(corners(next(iter(video)).image), corners(pattern), atol=4)


@pytest.mark.parametrize(("height", "matrix"), [(48, 5), (720, 1)])
def test_untagged_colour_is_read_as_players_do(tmp_path, clip, height, matrix):
    image = np.full((height, 64, 3), (200, 40, 60), np.uint8)
    path = tmp_path / "a.avi"  # FFV1 in AVI stores no colour tags
    clip(path, range(2), image=image, codec="ffv1", pix_fmt="yuv444p", matrix=matrix)
    with open_video(path) as video:
        np.testing.assert_allclose(middle(next(iter(video)).image, 0.5, 0.5), (200, 40, 60), atol=3)


def test_odd_sizes_are_read_whole(tmp_path, clip):
    image = np.dstack([np.tile(np.arange(33, dtype=np.uint8) * 7, (21, 1))] * 3)
    with open_video(clip(tmp_path / "odd.mov", image=image, codec="png", pix_fmt="rgb24")) as video:
        assert np.array_equal(next(iter(video)).image, image)


def test_transparency_is_laid_on_white(tmp_path, clip, pattern):
    rgba = np.dstack([pattern, np.full(pattern.shape[:2], 255, np.uint8)])
    rgba[:, :32, 3] = 0
    with open_video(clip(tmp_path / "alpha.mov", image=rgba, codec="png", pix_fmt="rgba")) as video:
        image = next(iter(video)).image
        assert "transparency was laid on white" in video.notes
    assert (image[:, :32] == 255).all()
    assert np.array_equal(image[:, 32:], pattern[:, 32:])


def test_ten_bit_is_reduced_with_a_note(tmp_path, clip, pattern):
    options = {"x265-params": "log-level=none"}
    path = clip(tmp_path / "a.mp4", image=pattern, codec="libx265", pix_fmt="yuv444p10le", options=options)
    with open_video(path) as video:
        np.testing.assert_allclose(corners(next(iter(video)).image), corners(pattern), atol=5)
        assert "10-bit colour was reduced to 8-bit" in video.notes


@pytest.mark.parametrize(
    ("transfer", "name", "white_signal"),
    [(16, "PQ", 0.5806), (18, "HLG", 0.75)],  # 203 cd/m² in each (ITU-R BT.2408)
)
def test_hdr_is_tone_mapped(tmp_path, clip, transfer, name, white_signal):
    signals = np.linspace(0, 1, 16)
    image = np.rint(np.repeat(np.tile(signals, (48, 1)), 4, axis=1)[..., None].repeat(3, 2) * 65535).astype(np.uint16)
    image[24:] = round(white_signal * 65535)
    path = clip(
        tmp_path / "hdr.mp4",
        range(2),
        image=image,
        codec="libx265",
        pix_fmt="yuv420p10le",
        options={"x265-params": "log-level=none", "crf": "8"},
        matrix=9,
        primaries=9,
        transfer=transfer,
    )
    with open_video(path) as video:
        shown = next(iter(video)).image.astype(int)
        assert f"10-bit HDR ({name}) was tone-mapped to 8-bit SDR" in video.notes
    ramp = shown[8, 2::4]
    assert (np.ptp(ramp, axis=1) <= 3).all()  # grey stays grey
    assert (np.diff(ramp[:, 1]) >= -1).all()
    assert ramp[0, 1] <= 1
    assert ramp[-1, 1] >= 254
    assert 225 <= shown[36, 32, 1] <= 240  # diffuse white stays bright and leaves room for highlights


def test_wide_gamut_sdr_is_converted(tmp_path, clip):
    options = {"x265-params": "log-level=none"}
    grey_green = np.full((48, 64, 3), (100, 140, 100), np.uint8)
    path = clip(
        tmp_path / "wide.mp4",
        range(2),
        image=grey_green,
        codec="libx265",
        pix_fmt="yuv420p10le",
        options=options,
        matrix=9,
        primaries=9,
        transfer=14,
    )
    with open_video(path) as video:
        red, green, blue = middle(next(iter(video)).image, 0.5, 0.5)
        assert "BT.2020 wide-gamut colour was converted to BT.709" in video.notes
    assert green > 140 > 95 > red
    assert blue < 105


def test_pixels_that_are_not_square_are_made_square(tmp_path, clip):
    with open_video(clip(tmp_path / "wide.mp4", pixel_aspect=Fraction(3, 2))) as video:
        assert (video.info.width, video.info.height) == (96, 48)
        assert next(iter(video)).image.shape == (48, 96, 3)


def test_animated_gif_is_a_video(tmp_path, clip):
    path = clip(tmp_path / "a.gif", [0, 10, 30], Fraction(1, 100), codec="gif", pix_fmt="rgb8")
    with open_video(path) as video:
        assert [frame.time for frame in video] == [0, Fraction(1, 10), Fraction(3, 10)]


@pytest.mark.parametrize(("name", "first"), [("live.ts", 0), ("recording.mkv", 5_000_000)])
def test_clock_that_starts_anywhere_starts_at_zero(tmp_path, clip, name, first):
    base = Fraction(1, 25) if name.endswith("ts") else Fraction(1, 1000)
    path = clip(tmp_path / name, range(first, first + 5), base)
    with open_video(path) as video:
        assert [frame.time for frame in video] == [n * base for n in range(5)]
        assert video.notes == ()


def make_bad_file(folder, clip, tone, kind):
    path = folder / f"{kind}.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not a film\n" * 500)
    elif kind == "noise":
        path.write_bytes(random.Random(1).randbytes(20_000))
    elif kind == "index cut off":
        clip(path, range(20))
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "picture":
        path = folder / "picture.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    elif kind == "playlist":
        film = clip(folder / "real.ts")
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n")
    elif kind == "script":
        path.write_text(f"ffconcat version 1.0\nfile '{clip(folder / 'real.mp4').name}'\n")
    elif kind == "sound only":
        clip_with_sound = clip(folder / "both.mp4", sound=tone())
        with av.open(str(clip_with_sound)) as source, av.open(str(path), "w") as target:
            stream = target.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(source.streams.audio[0]):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
    elif kind == "song with a cover":
        with av.open(str(path), "w") as target:
            stream = target.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
            stream.disposition = Disposition.attached_pic
            sound = target.add_stream("aac", rate=44100)
            target.mux(stream.encode(av.VideoFrame(64, 48, "rgb24")))
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
            tone.sample_rate = 44100
            target.mux(sound.encode(tone) + sound.encode(None))
    elif kind == "no frames":
        with av.open(str(path), "w", format="mp4") as target:
            stream = target.add_stream("mpeg4", rate=25)
            stream.width, stream.height = 64, 48
            target.start_encoding()
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "no such file"),
        ("folder", "is a folder"),
        ("empty", "empty"),
        ("text", "not a video"),
        ("noise", "not a video"),
        ("index cut off", "cut-off"),
        ("picture", "is a picture"),
        ("playlist", "not a video"),
        ("script", "not a video"),
        ("sound only", "sound but no picture"),
        ("song with a cover", "sound but no picture"),
        ("no frames", "."),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, clip, tone, capfd, kind, says):
    path = make_bad_file(tmp_path, clip, tone, kind)
    with pytest.raises(UnreadableMediaError, match=says) as caught:
        open_video(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert ";" in message  # cause; remedy
    assert capfd.readouterr() == ("", "")


def test_cut_off_film_gives_the_frames_it_has(tmp_path, clip):
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    faststart = {"movflags": "faststart"}
    path = clip(tmp_path / "a.mp4", range(40), image=noise, options={"g": "5"}, container_options=faststart)
    whole = [frame.time for frame in open_video(path)]
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with open_video(path) as video:
        times = [frame.time for frame in video]
        assert any("cut off" in note for note in video.notes)
    assert 0 < len(times) < 40
    assert set(times) <= set(whole)


def test_cut_off_matroska_says_where_it_ends(tmp_path, clip):
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    path = clip(tmp_path / "a.mkv", range(80), image=noise, options={"g": "10"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_video(path) as video:
        count = sum(1 for _ in video)
        assert any("the picture ends at" in note for note in video.notes)
    assert 0 < count < 80


def test_damaged_films_never_raise_anything_else(tmp_path, clip, capfd):
    dice = random.Random(7)
    originals = [
        clip(tmp_path / "a.mp4", range(6)).read_bytes(),
        clip(tmp_path / "a.mkv", range(6)).read_bytes(),
    ]
    path = tmp_path / "damaged"
    decoded = 0
    for trial in range(60):
        data = bytearray(originals[trial % 2])
        for _ in range(dice.randint(1, 40)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            with open_video(path) as video:
                times = [frame.time for frame in video]
        except UnreadableMediaError:
            continue
        decoded += 1
        assert times == sorted(set(times))
    assert decoded > 0
    assert capfd.readouterr() == ("", "")
