"""Bad and odd videos, one row a class: each is refused in its own clear line, or read as it is meant."""

from __future__ import annotations

import struct
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mimica.errors import UnreadableMediaError
from mimica.media import load_photo, open_video
from mimica.media.limits import Limits

Clip = Callable[..., Path]
SECRET = b"root:x:0:0:secret"


def altered(path: Path, box: bytes, at: int, value: bytes) -> Path:
    """The bytes `at` behind the name of the first such box replaced."""
    data = bytearray(path.read_bytes())
    start = data.index(box) + 4 + at
    data[start : start + len(value)] = value
    path.write_bytes(data)
    return path


def cut(path: Path, start: int, end: int | None) -> Path:
    path.write_bytes(path.read_bytes()[start:end])
    return path


def before(path: Path, box: bytes) -> Path:
    return cut(path, 0, path.read_bytes().index(box) - 4)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def without(path: Path, box: bytes) -> Path:
    """The box of that name is called otherwise."""
    data = path.read_bytes()
    path.write_bytes(data.replace(box, b"junk"))
    return path


def sound_file(path: Path) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return path


def playlist(path: Path, text: str) -> Path:
    (path.parent / "secret.txt").write_bytes(SECRET)
    return written(path, text.encode())


MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n"
SEGMENTS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
DASH = '<?xml version="1.0"?><MPD type="static"><BaseURL>http://127.0.0.1:9/</BaseURL></MPD>'

REFUSED: dict[str, tuple[Callable[[Path, Clip], Path], str]] = {
    "nothing in it": (lambda d, clip: written(d / "a.mp4", b""), "empty"),
    "one byte": (lambda d, clip: written(d / "a.mp4", b"\0"), "not a video"),
    "zeros": (lambda d, clip: written(d / "a.mp4", bytes(9000)), "not a video"),
    "text": (lambda d, clip: written(d / "a.mp4", b"Dear all, " * 900), "not a video"),
    "a web page": (lambda d, clip: written(d / "a.mp4", b"<!doctype html><html>" + b"<p>404" * 200), "not a video"),
    "an archive": (lambda d, clip: written(d / "a.mkv", b"PK\3\4" + bytes(900)), "not a video"),
    "a vector drawing": (lambda d, clip: written(d / "a.mp4", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not a v"),
    "subtitles": (lambda d, clip: written(d / "a.srt", b"1\n00:00:00,000 --> 00:00:09,000\nHello\n\n"), "not a video"),
    "a photo": (lambda d, clip: written(d / "a.jpg", b"\xff\xd8\xff\xe0" + bytes(99)), "is a picture"),
    "sound": (lambda d, clip: sound_file(d / "a.wav"), "sound but no picture"),
    "sound called film": (lambda d, clip: sound_file(d / "a.mp4"), "sound but no picture"),
    "a list of parts": (lambda d, clip: playlist(d / "a.m3u8", SEGMENTS.format("secret.txt")), "not a video"),
    "a list called film": (lambda d, clip: playlist(d / "a.mp4", SEGMENTS.format("secret.txt")), "not a video"),
    "a list of addresses": (lambda d, clip: playlist(d / "a.mp4", SEGMENTS.format("http://127.0.0.1:9/")), "not a vid"),
    "a list of lists": (lambda d, clip: playlist(d / "a.mp4", MASTER.format("concat:a|b")), "not a video"),
    "a list through a tunnel": (
        lambda d, clip: playlist(d / "a.avi", SEGMENTS.format("crypto:data:,AAAA")),
        "not a video",
    ),
    "a script of parts": (lambda d, clip: playlist(d / "a.mp4", "ffconcat version 1.0\nfile secret.txt\n"), "not a v"),
    "a session": (lambda d, clip: playlist(d / "a.sdp", SDP), "not a video"),
    "a session called film": (lambda d, clip: playlist(d / "a.mp4", SDP), "not a video"),
    "a manifest of addresses": (lambda d, clip: playlist(d / "a.mpd", DASH), "not a video"),
    "an image sequence": (lambda d, clip: d / "a%03d.png", "no such file"),
    "a pattern": (lambda d, clip: d / "*.mp4", "no such file"),
    "MP4 without index": (lambda d, clip: without(clip(d / "a.mp4"), b"moov"), "damaged or cut-off"),
    "MP4 cut off before its index": (lambda d, clip: before(clip(d / "a.mp4"), b"moov"), "damaged or cut-off"),
    "MP4 of a head alone": (lambda d, clip: cut(clip(d / "a.mp4"), 0, 32), "damaged or cut-off"),
    "MP4 without its tracks": (lambda d, clip: without(clip(d / "a.mp4"), b"trak"), "no video|damaged"),
    "MP4 without its samples": (
        lambda d, clip: without(clip(d / "a.mp4"), b"stbl"),
        "no video|damaged|no frame|cannot",
    ),
    "MP4 of an unknown codec": (lambda d, clip: without(clip(d / "a.mp4"), b"avc1"), "codec|no frame|damaged"),
    "MP4 of a box of 16 EB": (
        lambda d, clip: written(d / "a.mp4", b"\0\0\0\1moov" + b"\xff" * 8 + bytes(64)),
        "damaged or cut-off",
    ),
    "MP4 that lasts for seven hours": (
        lambda d, clip: clip(d / "a.mp4", (0, 7 * 3600 * 25)),
        "claims to last 7:00:00.*, more than the limit of 6:00:00",
    ),
    "MP4 whose pictures are gone": (
        lambda d, clip: written(
            d / "a.mp4",
            (whole := clip(d / "b.mp4").read_bytes())[: whole.index(b"mdat") + 4]
            + bytes(whole.index(b"moov") - whole.index(b"mdat") - 8)
            + whole[whole.index(b"moov") - 4 :],
        ),
        "no frame",
    ),
    "Matroska of a head alone": (lambda d, clip: cut(clip(d / "a.mkv"), 0, 60), "not a video|no video|no frame"),
    "Matroska without its end or middle": (lambda d, clip: cut(clip(d / "a.mkv"), 0, 300), "not a v|no video|no frame"),
    "AVI of a head alone": (
        lambda d, clip: cut(clip(d / "a.avi", codec="mpeg4", time_base=Fraction(1, 25)), 0, 120),
        "not a video|no video|no frame",
    ),
    "GIF of a huge screen": (
        lambda d, clip: written(d / "a.gif", b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;"),
        "more than the limit of 100 million|no frame|not a video",
    ),
    "GIF of no frame": (lambda d, clip: written(d / "a.gif", b"GIF89a\x08\0\x08\0\0\0\0;"), "no frame|not a video"),
    "transport stream of nothing": (
        lambda d, clip: written(d / "a.ts", (b"G\x1f\xff\x10" + b"\xff" * 184) * 90),
        "not a video",
    ),
    "raw frames of a huge size": (
        lambda d, clip: written(d / "a.y4m", b"YUV4MPEG2 W60000 H60000 F25:1 Ip\nFRAME\n" + bytes(999)),
        "more than the limit of 100 million|no frame|not a video",
    ),
}

READ: dict[str, Callable[[Path, Clip], Path]] = {
    "one frame": lambda d, clip: clip(d / "a.mp4", range(1)),
    "two by two pixels": lambda d, clip: clip(d / "a.mp4", image=np.zeros((2, 2, 3), np.uint8)),
    "a clock that starts below zero": lambda d, clip: clip(d / "a.mkv", range(-5, 5)),
    "an hour between two frames": lambda d, clip: clip(d / "a.mp4", (0, 1, 90_000, 90_001)),
    "a rate of 90,000": lambda d, clip: clip(d / "a.mp4", range(9), Fraction(1, 90_000)),
    "a size of half a pixel": lambda d, clip: clip(d / "a.mp4", pixel_aspect=Fraction(1, 50)),
    "turned by 33 degrees": lambda d, clip: clip(d / "a.mp4", rotation=(33.0, False)),
    "a matrix of zeros": lambda d, clip: altered(clip(d / "a.mp4"), b"tkhd", 40, bytes(36)),
    "a matrix of noise": lambda d, clip: altered(clip(d / "a.mp4"), b"tkhd", 40, b"\x91\x3c" * 18),
    "a head that claims months": lambda d, clip: altered(clip(d / "a.mp4"), b"mdhd", 16, b"\x7f" * 4),
    "rubbish behind the end": lambda d, clip: written(d / "b.mp4", clip(d / "a.mp4").read_bytes() + b"\xab" * 5000),
    "another container's name": lambda d, clip: clip(d / "a.mkv").rename(d / "a.mp4"),
    "a name of dashes and colons": lambda d, clip: clip(d / "a.mp4").rename(d / "-http: x|é%d?.mp4"),
    "a size that changes": lambda d, clip: two_sizes(d / "a.ts", clip),
    "a track that points at another file": lambda d, clip: pointing(clip(d / "a.mp4"), d / "secret.txt"),
}


def two_sizes(path: Path, clip: Clip) -> Path:
    parts = [clip(path.with_name(f"{n}.ts"), image=np.full((n, n, 3), 90, np.uint8)).read_bytes() for n in (64, 128)]
    return written(path, b"".join(parts))


def pointing(path: Path, secret: Path) -> Path:
    """The data reference says "elsewhere" (flag 0) in place of "here" (flag 1)."""
    secret.write_bytes(SECRET)
    return altered(path, b"url ", 0, bytes(4))


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_in_one_line(kind: str, tmp_path: Path, clip: Clip, capfd: pytest.CaptureFixture[str]) -> None:
    make, says = REFUSED[kind]
    path = make(tmp_path, clip)
    capfd.readouterr()  # encoders speak
    with pytest.raises(UnreadableMediaError, match=says) as caught, open_video(path) as video:
        list(video)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert "; " in message  # cause; remedy
    assert "secret" not in message
    assert len(message) < len(str(path)) + 220
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", READ)
def test_it_is_odd_but_read(kind: str, tmp_path: Path, clip: Clip, capfd: pytest.CaptureFixture[str]) -> None:
    path = READ[kind](tmp_path, clip)
    capfd.readouterr()
    with open_video(path) as video:
        frames = [(frame.time, frame.image.shape) for frame in video]
    assert frames
    assert {shape for _, shape in frames} == {(video.info.height, video.info.width, 3)}
    times = [time for time, _ in frames]
    assert times == sorted(set(times))
    assert times[0] >= 0
    assert capfd.readouterr() == ("", "")


def test_the_table_is_as_long_as_promised() -> None:
    assert len(REFUSED) + len(READ) >= 50


LIMITED = [
    (Limits(frame_pixels=3000), r"64×48 pixels, more than the limit of 0\.003 million"),
    (Limits(video_s=0.2), r"claims to last 0:00:00\.\d+, more than the limit of 0:00:00\.200"),
    (Limits(video_frames=9), "more than the limit of 9 frames"),
]


@pytest.mark.parametrize(("limits", "says"), LIMITED)
def test_every_limit_holds(limits: Limits, says: str, tmp_path: Path, clip: Clip) -> None:
    with pytest.raises(UnreadableMediaError, match=says):
        open_video(clip(tmp_path / "a.mp4"), limits)


def test_a_file_that_hides_its_length_is_stopped_on_the_way(tmp_path: Path, clip: Clip) -> None:
    path = clip(tmp_path / "a.h264", container_options={})
    with (
        open_video(path, Limits(video_frames=5)) as video,
        pytest.raises(UnreadableMediaError, match="more than the limit of 5 frames"),
    ):
        list(video)


def test_reading_without_a_frame_ends(tmp_path: Path, clip: Clip) -> None:
    """A patience of a nanosecond stands in for a decoder that takes packets and gives nothing."""
    with open_video(clip(tmp_path / "a.mp4")) as video:
        video.limits = Limits(stall_s=1e-9)
        with pytest.raises(UnreadableMediaError, match="without a frame|cannot be read|cut-off"):  # noqa: RUF043
            list(video)


def test_a_photo_and_a_film_are_not_confused(tmp_path: Path, clip: Clip) -> None:
    with pytest.raises(UnreadableMediaError, match="is a video, not a photo"):
        load_photo(clip(tmp_path / "a.mp4"))


def test_two_programs_agree_that_the_hostile_track_shows_the_film(tmp_path: Path, clip: Clip) -> None:
    """A MOV that points elsewhere is decoded from its own data, never from the file it names."""
    path = pointing(clip(tmp_path / "a.mp4"), tmp_path / "secret.txt")
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10
    assert struct.unpack(">I", path.read_bytes()[:4])[0] > 8
