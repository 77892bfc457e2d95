"""What survives what: layer by layer, from the whole file to a picture of its screen."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import mimica
from mimica.cli.main import run
from mimica.media import load_photo, open_video, save_image
from mimica.media.video_sampler import sample_frames
from mimica.safety import manifest
from mimica.safety.admission import SigningOptions
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import Release, ReleaseTerms
from mimica.safety.release import VideoRelease, release_image

PORTRAIT = Path(mimica.__file__).parent / "demo" / "portrait.jpg"
FRAMES, RATE = 50, Fraction(25)
Image = NDArray[np.uint8]
Change = Callable[[Image], Image]


class Innocent:
    """A gate's classifier that lets everything pass: what is shown here is known."""

    def classify(self, _: Image) -> Any:
        return SimpleNamespace(nsfw=0.0)


@pytest.fixture(scope="module")
def terms() -> ReleaseTerms:
    return ReleaseTerms(require_consent("fictional"), SigningOptions().signer(), Gate(Innocent()))


@pytest.fixture(scope="module")
def released(terms: ReleaseTerms, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Release]:
    """Two seconds of the demo's portrait, swaying, as the release writes them."""
    portrait = load_photo(PORTRAIT).image
    height, width = portrait.shape[:2]
    path = tmp_path_factory.mktemp("released") / "a.mp4"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "randbelow", lambda _: 17611)  # its mark: every run tests the same pictures
        with VideoRelease(path, (width, height), terms, frames=FRAMES, seconds=2.0, rate=RATE) as writer:
            for index in range(FRAMES):
                sway = np.array([[1, 0, 4 * np.sin(index / 5)], [0, 1, 2 * np.cos(index / 7)]], np.float32)
                moved = cv2.warpAffine(portrait, sway, (width, height), borderMode=cv2.BORDER_REFLECT)
                writer.write(moved, index / RATE)
    assert writer.release is not None
    return path, writer.release


def encode_again(source: Path, target: Path, crf: int, change: Change = lambda image: image) -> Path:
    """What anyone with a video editor does: decode, change the pictures, encode anew."""
    with open_video(source) as video, av.open(str(target), "w") as output:
        stream: Any = None
        for frame in video:
            image = change(frame.image)
            if stream is None:
                stream = output.add_stream("libx264", rate=25, options={"crf": str(crf)})
                stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], "yuv420p"
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        output.mux(stream.encode(None))
    return target


def half(image: Image) -> Image:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def cropped(image: Image) -> Image:
    """A tenth is cut off each direction, unevenly."""
    height, width = image.shape[:2]
    top, left = round(0.03 * height), round(0.06 * width)
    rows, columns = int(0.9 * height) // 2 * 2, int(0.9 * width) // 2 * 2
    return image[top : top + rows, left : left + columns]


def test_the_output_verifies_on_every_layer(released: tuple[Path, Release]) -> None:
    path, release = released
    found = mimica.verify(path)
    assert found.marked
    assert (found.manifest.state, found.manifest.mark_id) == ("trusted", release.mark_id)
    assert (found.mark.found, found.mark.mark_id) == (True, release.mark_id)
    assert found.registry is not None
    (record,) = found.registry
    assert record.job.started.job == release.job
    assert record.found_by == ("file", "manifest", "mark", "tags")
    assert (found.tags.generated, found.tags.job) == (True, release.job)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("crf", "change"),
    [(28, lambda image: image), (23, half), (23, cropped)],
    ids=["crf 28", "half size, crf 23", "a tenth cropped, crf 23"],
)
def test_the_mark_survives_ordinary_processing_and_names_the_job(
    released: tuple[Path, Release], tmp_path: Path, crf: int, change: Change
) -> None:
    path, release = released
    found = mimica.verify(encode_again(path, tmp_path / "again.mp4", crf, change))
    assert found.manifest.state == "absent"
    assert (found.mark.found, found.mark.mark_id) == (True, release.mark_id)
    assert found.marked
    assert found.registry is not None
    assert [(record.job.started.job, record.found_by) for record in found.registry] == [(release.job, ("mark",))]


def test_remuxing_loses_the_manifest_and_not_the_mark(released: tuple[Path, Release], tmp_path: Path) -> None:
    path, release = released
    target = tmp_path / "copy.mp4"
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    found = mimica.verify(target)
    assert found.manifest.state == "absent"
    assert found.mark.mark_id == release.mark_id
    assert found.marked


def test_a_screenshot_of_one_frame_still_names_the_job(released: tuple[Path, Release], tmp_path: Path) -> None:
    path, release = released
    frame = sample_frames(path)[10]
    save_image(tmp_path / "shot.png", frame)
    found = mimica.verify(tmp_path / "shot.png")
    assert (found.kind, found.manifest.state, found.mark.mark_id) == ("image", "absent", release.mark_id)
    assert found.registry is not None
    assert found.registry[0].job.started.job == release.job


def on_a_desktop(frame: Image) -> Image:
    """A screenshot of the whole screen: the player's picture at 0.8 of its size on a plain background."""
    screen = np.full((720, 1280, 3), (60, 70, 90), np.uint8)
    small = cv2.resize(frame, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    screen[80 : 80 + small.shape[0], 300 : 300 + small.shape[1]] = small
    return screen


def through_a_camera(frame: Image, tilt: float = 0.02) -> Image:
    """A photograph of the screen: enlarged, turned by a degree, seen a little from the side, soft, noisy."""
    height, width = frame.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    cosine, sine = np.cos(np.deg2rad(1)), np.sin(np.deg2rad(1))
    seen = 1.5 * (corners - corners.mean(axis=0)) @ np.array([[cosine, sine], [-sine, cosine]])
    seen[1] *= 1 + tilt
    seen[2] *= 1 - tilt
    matrix = cv2.getPerspectiveTransform(corners, (seen + np.array([640, 480])).astype(np.float32))
    picture = cv2.warpPerspective(frame, matrix, (1280, 960), borderValue=(40, 40, 40)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 3, picture.shape)
    brighter = 255 * (cv2.GaussianBlur(picture, (0, 0), 0.7) / 255) ** 0.9
    return np.clip(brighter + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [on_a_desktop, through_a_camera])
def test_a_picture_of_the_screen_still_names_the_job(
    released: tuple[Path, Release], tmp_path: Path, change: Change
) -> None:
    path, release = released
    save_image(tmp_path / "screen.jpg", change(sample_frames(path)[10]))
    found = mimica.verify(tmp_path / "screen.jpg")
    assert found.mark.mark_id == release.mark_id
    assert found.registry is not None
    assert found.registry[0].job.started.job == release.job


def test_a_picture_of_the_screen_from_the_side_is_beyond_the_mark(
    released: tuple[Path, Release], tmp_path: Path
) -> None:
    """A limit, stated: when this fails, the mark has become better, and SECURITY.md must say so."""
    save_image(tmp_path / "screen.jpg", through_a_camera(sample_frames(released[0])[10], tilt=0.08))
    assert not mimica.verify(tmp_path / "screen.jpg").marked


def test_a_released_picture_verifies(terms: ReleaseTerms, tmp_path: Path) -> None:
    release = release_image(tmp_path / "a.jpg", load_photo(PORTRAIT).image, terms)
    found = mimica.verify(tmp_path / "a.jpg")
    assert (found.manifest.state, found.mark.mark_id) == ("trusted", release.mark_id)
    assert found.tags.generated


def test_an_appended_byte_is_told_and_the_mark_still_counts(released: tuple[Path, Release], tmp_path: Path) -> None:
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(released[0].read_bytes() + b"x")
    found = mimica.verify(changed)
    assert found.manifest.state == "invalid"
    assert found.marked


def test_the_command_says_it_all_and_exits_with_0(
    released: tuple[Path, Release], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(released[0])]) == 0
    told = capsys.readouterr().out
    assert "marked as made by a machine" in told
    assert f"id {released[1].mark_id}" in told
    assert released[1].job[:12] in told


def test_the_command_speaks_json(released: tuple[Path, Release], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--json", str(released[0]), str(PORTRAIT)]) == 1
    first, second = json.loads(capsys.readouterr().out)["files"]
    assert (first["marked"], first["manifest"]["state"], first["mark"]["mark_id"]) == (
        True, "trusted", released[1].mark_id,
    )  # fmt: skip
    assert (second["marked"], second["manifest"]["state"], second["registry"]) == (False, "absent", [])


def test_unmarked_files_exit_with_1(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(shelf / "landscape.png")]) == 1
    assert run(["verify", str(shelf / "actor.mp4")]) == 1
    assert "not marked" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["letter.mp4", "letter.png", "empty.mp4", "folder.mp4", "absent.mp4", "truncated.png"])
def test_what_cannot_be_read_exits_with_2(shelf: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(shelf / name), str(shelf / "landscape.png")]) == 2
    told = capsys.readouterr()
    assert "cannot be read" in told.out
    assert "Traceback" not in told.out + told.err


def test_without_a_ledger_the_rest_is_still_told(
    released: tuple[Path, Release], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "elsewhere"))
    found = mimica.verify(released[0])
    assert (found.manifest.state, found.registry, found.mark.mark_id) == ("valid", None, released[1].mark_id)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("term", "code"), [("trainedAlgorithmicMedia", 0), ("digitalCapture", 1)])
def test_a_strangers_manifest_is_read_and_what_it_says_decides(
    terms: ReleaseTerms, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str, code: int
) -> None:
    monkeypatch.setattr(manifest, "ASSERTION", "com.example.edit")
    monkeypatch.setattr(manifest, "DIGITAL_SOURCE_TYPE", f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}")
    target = tmp_path / "theirs.png"
    manifest.sign_file(
        shelf / "landscape.png", target, "image/png", manifest.Statement("0" * 32, 1, "self", "9"), terms.signer
    )
    found = mimica.verify(target)
    assert (found.manifest.state, found.manifest.ours, found.manifest.generated) == ("trusted", False, code == 0)
    assert not found.mark.found
    assert not found.registry
    assert run(["verify", "-q", str(target)]) == code
