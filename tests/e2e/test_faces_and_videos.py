"""Several faces in one photo, and a video in place of the photo, on the demo's portrait."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.animation.animator import Animator
from mimica.animation.retarget import RetargetOptions
from mimica.animation.scene import VideoScene
from mimica.animation.video_take import VideoTake
from mimica.cli.main import run
from mimica.media import VideoWriter, load_photo, open_video, save_image
from mimica.safety.ledger import Ledger
from mimica.safety.manifest_reader import read_manifest

PORTRAIT = Path(__file__).parents[2] / "src" / "mimica" / "demo" / "portrait.jpg"
RATE = Fraction(25)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, one the other's mirror image, and the smaller one at the right."""
    one = load_photo(PORTRAIT).image
    height, width = one.shape[:2]
    picture = np.full((height, width + round(0.8 * width), 3), 90, np.uint8)
    picture[:, :width] = one
    small = one[:, ::-1]
    rows = np.linspace(0, height - 1, round(0.8 * height)).astype(int)
    columns = np.linspace(0, width - 1, round(0.8 * width)).astype(int)
    picture[: len(rows), width : width + len(columns)] = small[rows][:, columns]
    path = tmp_path_factory.mktemp("group") / "group.png"
    save_image(path, picture[:: max(1, height // 400), :: max(1, height // 400)])
    return path


def test_faces_are_listed_and_numbered(group: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chart = tmp_path / "numbered.png"
    assert run(["faces", str(group), "--device", "cpu", "--json", "-o", str(chart)]) == 0
    assert len(json.loads(capsys.readouterr().out)["faces"]) == 2
    assert load_photo(chart).image.shape == load_photo(group).image.shape


def test_two_faces_perform_on_two_bases(group: Path, shelf: Path, tmp_path: Path) -> None:
    out = tmp_path / "both.mp4"
    words = ["animate", str(group), str(shelf / "actor.mp4"), "-o", str(out), "--face", "all", "--device", "cpu"]
    assert run([*words, "--consent", "self"]) == 2  # nobody is two people
    assert not out.exists()
    assert run([*words, "--consent", "fictional,2=historical"]) == 0
    statement = read_manifest(out).statement
    assert statement is not None
    assert statement["consent"]["basis"] == "fictional+historical"
    assert statement["consent"]["faces"] == [{"face": 1, "basis": "fictional"}, {"face": 2, "basis": "historical"}]
    with Ledger.open() as ledger:
        started = [row for row in ledger.rows() if row.event == "started"][-1]
    assert started.settings["faces"] == [1, 2]
    assert [face["basis"] for face in started.consent["faces"]] == ["fictional", "historical"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[NDArray[np.uint8]]]:
    """Seven frames of a camera that moves a little before a portrait, and those frames as they are decoded."""
    photo = load_photo(PORTRAIT).image
    step = max(1, len(photo) // 400)
    photo = photo[::step, ::step]
    path = tmp_path_factory.mktemp("source") / "source.mp4"
    size = (photo.shape[1] // 2 * 2 - 16, photo.shape[0] // 2 * 2 - 16)
    with VideoWriter(path, size, rate=RATE, crf=4) as writer:
        for index in range(7):
            writer.write(np.ascontiguousarray(photo[index : index + size[1], index : index + size[0]]), index / RATE)
    with open_video(path) as reader:
        return path, [frame.image for frame in reader]


@pytest.fixture(scope="module")
def take(source: tuple[Path, list[NDArray[np.uint8]]]) -> VideoTake:
    animator = Animator.load("cpu")
    scene = VideoScene.of(source[0], animator.networks, "largest", "pose")
    driver = animator.read_driver(source[0])
    driver.track.expression[:, 40] = 0.6
    made = scene.take({1: driver}, animator.networks, RetargetOptions(), "photo")
    assert isinstance(made, VideoTake)
    return made


def test_a_source_gives_the_frames_and_their_times(take: VideoTake) -> None:
    assert take.times == tuple(index / RATE for index in range(7))
    assert (take.track.presence == 1).all()


def test_what_the_driver_does_not_move_is_the_sources_own(
    take: VideoTake, source: tuple[Path, list[NDArray[np.uint8]]]
) -> None:
    made = list(take.unreleased_frames())
    assert len(made) == 7
    for frame, own in zip(made, source[1], strict=True):
        changed = (frame != own).any(-1)
        assert changed.any()  # the driver's neutral is not the photo's expression
        assert changed.mean() < 0.35
        crop = take.track.crop(0)
        rows, columns = np.nonzero(changed)
        assert np.abs(columns - crop.center_x_px).max() < 0.75 * crop.side_px
        assert np.abs(rows - crop.center_y_px).max() < 0.75 * crop.side_px
    later = list(take.unreleased_frames(5))  # wherever one begins, a frame is the same
    assert all((frame == again).all() for frame, again in zip(made[5:], later, strict=True))


def test_a_video_is_released_like_any_film(
    source: tuple[Path, list[NDArray[np.uint8]]], shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mp4"
    words = ["animate", str(source[0]), str(shelf / "actor.mp4"), "-o", str(out), "--device", "cpu"]
    assert run([*words, "--consent", "fictional", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rate"] == "25/1"
    assert report["frames"] == 5  # the driver lasts 5/29.97 s: 4.17 frames of the source are begun
    assert any("2 frames are left out" in note for note in report["notes"])
    assert run([*words, "--consent", "fictional", "--framing", "crop"]) == 2
    assert run([*words, "--consent", "fictional", "--box", "1,2,30,40"]) == 2
