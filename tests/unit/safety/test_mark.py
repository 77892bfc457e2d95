"""The mark as its users see it: written and read back, through the damage that pictures and clips meet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimica.errors import UsageError
from mimica.media import load_photo
from mimica.safety.mark import MARK_ID_BITS, Marker, engine, engines, read_mark

PHOTO = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"
MARK_ID = 0xBEEF


@cache
def portrait(width_px: int = 512, height_px: int = 512) -> np.ndarray:
    return np.asarray(cv2.resize(load_photo(PHOTO).image, (width_px, height_px), interpolation=cv2.INTER_AREA))


@cache
def marked(width_px: int = 512, height_px: int = 512) -> np.ndarray:
    return Marker(MARK_ID).mark(portrait(width_px, height_px))


@cache
def clip() -> tuple[np.ndarray, ...]:
    """8 marked frames of the portrait moving over its own, still background."""
    frames = []
    for index in range(8):
        shifted = np.roll(portrait(), index, axis=1)
        frame = portrait().copy()
        frame[130:400, 160:340] = shifted[130:400, 160:340]
        frames.append(Marker(MARK_ID).mark(frame))
    return tuple(frames)


def psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2)))


def encoded(frames: list[np.ndarray], crf: int) -> Iterator[np.ndarray]:
    """The frames after H.264 at that quality."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.height, stream.width, stream.pix_fmt = frames[0].shape[0], frames[0].shape[1], "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        output.mux(stream.encode())
    file.seek(0)
    with av.open(file) as video:
        yield from (frame.to_ndarray(format="rgb24") for frame in video.decode(video=0))


def turned(frame: np.ndarray, angle_deg: float) -> np.ndarray:
    height, width = frame.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)
    return np.asarray(cv2.warpAffine(frame, matrix, (width, height)))


def jpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def resized(frame: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, (1 << MARK_ID_BITS) - 1), st.integers(112, 700), st.integers(112, 700))
def test_every_id_comes_back_at_every_size(mark_id: int, width_px: int, height_px: int) -> None:
    reading = read_mark([Marker(mark_id).mark(portrait(width_px, height_px))])
    assert (reading.found, reading.mark_id, reading.frames) == (True, mark_id, 1)
    assert reading.confidence > 0.5


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (64, 100), (3840, 2160)])
def test_the_smallest_and_the_largest_sizes(size: tuple[int, int]) -> None:
    assert read_mark([marked(*size)]).mark_id == MARK_ID


@pytest.mark.parametrize("size", [(64, 64), (384, 384), (1024, 768)])
def test_what_is_added_stays_above_40_db(size: tuple[int, int]) -> None:
    assert psnr_db(portrait(*size), marked(*size)) > 40


def test_on_flat_grey_the_mark_stays_within_two_levels() -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    difference = Marker(1).mark(grey).astype(int) - 128
    assert 1 <= np.abs(difference).max() <= 2


def test_the_same_frame_and_id_give_the_same_pixels_and_leave_the_frame_alone() -> None:
    frame = portrait().copy()
    assert (Marker(MARK_ID).mark(frame) == Marker(MARK_ID).mark(frame)).all()
    assert (frame == portrait()).all()


def test_the_order_of_frames_changes_nothing() -> None:
    marker = Marker(7)
    marker.mark(portrait(200, 300))
    assert (marker.mark(portrait()) == Marker(7).mark(portrait())).all()


@pytest.mark.parametrize(
    "picture",
    [
        portrait(),
        np.zeros((256, 256, 3), np.uint8),
        np.full((100, 300, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8),
        np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((16, 16)))[..., None].repeat(3, 2).astype(np.uint8) * 255,
    ],
    ids=["portrait", "black", "white", "noise", "chessboard"],
)
def test_unmarked_pictures_are_not_found(picture: np.ndarray) -> None:
    reading = read_mark([picture])
    assert (reading.found, reading.mark_id, reading.geometry) == (False, None, None)
    assert reading.confidence < 0.5


ODD = [
    np.zeros((0, 0, 3), np.uint8),
    np.zeros((1, 1, 3), np.uint8),
    np.zeros((64, 64), np.uint8),
    np.zeros((64, 64, 4), np.uint8),
    np.zeros((64, 64, 3), np.float32),
    np.zeros((16, 2000, 3), np.uint8),
]


@pytest.mark.parametrize("frames", [[], *([picture] for picture in ODD), ODD])
def test_odd_pictures_read_as_not_found(frames: list[np.ndarray]) -> None:
    assert read_mark(frames).found is False


def test_frames_of_another_size_are_skipped() -> None:
    assert read_mark([marked(), portrait(200, 300), marked()]).frames == 2


@pytest.mark.parametrize(
    "wrong", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3)), np.zeros((63, 99, 3), np.uint8), "x"]
)
def test_wrong_frames_are_refused_by_name(wrong: object) -> None:
    with pytest.raises(UsageError, match="frame to mark"):
        Marker(1).mark(wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "damage",
    [
        lambda frame: jpeg(frame, 70),
        lambda frame: frame[:, ::-1],
        lambda frame: resized(frame, 0.5),
        lambda frame: resized(frame, 2.0),
        lambda frame: np.asarray(cv2.resize(frame, (530, 512))),
        lambda frame: frame[28:-24, 40:-12],
        lambda frame: frame[80:, 102:],
        lambda frame: turned(frame, 3),
        lambda frame: turned(frame, -1),
        lambda frame: cv2.copyMakeBorder(frame, 0, 0, 130, 130, cv2.BORDER_CONSTANT),
        lambda frame: cv2.convertScaleAbs(frame, alpha=0.8, beta=10),
        lambda frame: (255 * (frame / 255.0) ** 1.4).astype(np.uint8),
        lambda frame: cv2.GaussianBlur(frame, (0, 0), 1.2),
        lambda frame: cv2.putText(frame.copy(), "HELLO WORLD", (10, 200), 0, 1.8, (255, 255, 255), 6),
        lambda frame: np.repeat(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None], 3, 2),
    ],
    ids=[
        "jpeg",
        "mirror",
        "half",
        "double",
        "squeezed",
        "crop10",
        "crop20",
        "turn3",
        "turn-1",
        "bars",
        "darker",
        "gamma",
        "blur",
        "text",
        "grey",
    ],
)
def test_one_picture_survives(damage: Callable[[np.ndarray], np.ndarray]) -> None:
    assert read_mark([damage(marked())]).mark_id == MARK_ID


def test_a_picture_on_a_large_grey_desk_is_found() -> None:
    """Flat surroundings, where a running sum of squares may end below zero, must not spoil the rest."""
    desk = cv2.copyMakeBorder(marked(), 300, 310, 320, 290, cv2.BORDER_CONSTANT, value=(30, 30, 30))
    assert read_mark([desk]).mark_id == MARK_ID


def test_the_geometry_is_reported() -> None:
    geometry = read_mark([turned(marked()[:, ::-1], 3)]).geometry
    assert geometry is not None
    assert geometry.mirrored
    assert geometry.rotation_deg == pytest.approx(3, abs=0.5)
    assert (geometry.scale_x, geometry.scale_y) == pytest.approx((1, 1), abs=0.02)


@pytest.mark.parametrize("crf", [28, 32])
def test_a_clip_survives_encoding(crf: int) -> None:
    assert read_mark(encoded(list(clip()), crf)).mark_id == MARK_ID


def test_a_clip_survives_half_size_and_crf_28() -> None:
    assert read_mark(encoded([resized(frame, 0.5) for frame in clip()], 28)).mark_id == MARK_ID


def test_a_clip_survives_a_tenth_cut_away_and_crf_28() -> None:
    cut = [frame[40:500, 14:474] for frame in clip()]
    assert read_mark(encoded(cut, 28)).mark_id == MARK_ID


def test_the_built_in_engine_is_this_mark() -> None:
    ours = engine()
    assert ours.read_mark([ours.Marker(9).mark(portrait())]).mark_id == 9


def test_an_absent_engine_is_named() -> None:
    with pytest.raises(UsageError, match=r"'stegastamp': no installed package.*mimica, trustmark, videoseal"):
        engine("stegastamp")


def test_a_plug_in_takes_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in = SimpleNamespace(Marker=Marker, read_mark=read_mark)

    def points(group: str) -> list[SimpleNamespace]:
        assert group == "mimica.marks"
        broken = SimpleNamespace(name="half", load=lambda: SimpleNamespace(Marker=Marker))
        return [SimpleNamespace(name="other", load=lambda: plug_in), broken]

    monkeypatch.setattr(engines, "entry_points", points)
    assert engine("other") is plug_in
    with pytest.raises(UsageError, match="has no read_mark"):
        engine("half")


@pytest.mark.parametrize("error", [ImportError("no torch"), RuntimeError("a\nmess"), KeyError("x"), MemoryError()])
def test_a_plug_in_that_throws_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def load() -> None:
        raise error

    monkeypatch.setattr(engines, "entry_points", lambda group: [SimpleNamespace(name="bad", load=load)])
    with pytest.raises(UsageError, match="'bad': its package cannot be loaded") as caught:
        engine("bad")
    assert "\n" not in str(caught.value)


def test_a_plug_in_cannot_take_the_name_of_a_bound_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        pytest.fail("somebody else's trustmark was loaded")

    points = [SimpleNamespace(name=name, load=load) for name in ("trustmark", "videoseal", "mimica")]
    monkeypatch.setattr(engines, "entry_points", lambda group: points)
    assert engine("trustmark").__name__ == "mimica.marks.trustmark"  # type: ignore[attr-defined]
    assert engine().Marker is Marker
