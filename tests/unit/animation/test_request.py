from __future__ import annotations

import os
from pathlib import Path

import pytest

from mimica.animation.request import check_input_file, check_output_file
from mimica.errors import OutputError, UnreadableMediaError, UsageError


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"not empty")
    return path


def test_a_plain_file_passes(photo: Path) -> None:
    check_input_file(photo, "photo")


def test_unusable_inputs_are_named_with_cause(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    for path, words in [(tmp_path / "none.jpg", "no such file"), (tmp_path, "is a folder"), (empty, "is empty")]:
        with pytest.raises(UnreadableMediaError, match=words) as caught:
            check_input_file(path, "photo")
        assert str(path) in str(caught.value)
        assert caught.value.exit_code == 3


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UnreadableMediaError, match="not a regular file"):
        check_input_file(tmp_path / "pipe.mp4", "driving video")


def test_a_name_too_long_for_the_system(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError):
        check_input_file(tmp_path / ("x" * 5000), "photo")


def test_a_good_output_leaves_nothing_behind(tmp_path: Path, photo: Path) -> None:
    check_output_file(tmp_path / "out.mp4", inputs=(photo,), overwrite=True)
    assert list(tmp_path.iterdir()) == [photo]


def test_output_over_an_input_is_refused(tmp_path: Path) -> None:
    driving = tmp_path / "clip.mp4"
    driving.write_bytes(b"x")
    link = tmp_path / "link.mp4"
    link.symlink_to(driving)
    for out in (driving, link, tmp_path / "." / "clip.mp4"):
        with pytest.raises(UsageError, match="is also an input"):
            check_output_file(out, inputs=(driving,), overwrite=True)


@pytest.mark.parametrize("name", ["out", "out.avi", "out.jpg", ".mp4"])
def test_output_that_is_no_video_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must end in"):
        check_output_file(tmp_path / name, inputs=(), overwrite=True)


def test_output_that_exists(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"x")
    check_output_file(out, inputs=(), overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        check_output_file(out, inputs=(), overwrite=False)


def test_output_folders_that_cannot_be_written(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    for out, words in [
        (tmp_path / "none" / "out.mp4", "does not exist"),
        (photo / "out.mp4", "is not a folder"),
        (tmp_path / "folder.mp4", "is a folder"),
    ]:
        with pytest.raises(OutputError, match=words):
            check_output_file(out, inputs=(), overwrite=True)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc, which even root cannot write")
def test_a_folder_that_refuses_writing() -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        check_output_file(Path("/proc/out.mp4"), inputs=(), overwrite=True)


@pytest.mark.parametrize("name", ["out.mkv", "out.webm"])
def test_a_container_without_a_place_for_a_manifest_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="that can be signed"):
        check_output_file(tmp_path / name, inputs=(), overwrite=True)
