"""Cameras: a clip plays in its own time and loses what is late; a device gives red, green, blue."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mimica.errors import DeviceError, UnreadableMediaError
from mimica.media import VideoWriter
from mimica.media.camera import device_frames, filmed_frames, open_camera
from mimica.media.virtual_camera import VirtualCamera


class Clock:
    """Time that passes only when somebody waits or works."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now_s += seconds


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames at 25 a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoWriter(path, (64, 48), rate=Fraction(25)) as writer:
        for index in range(10):
            writer.write(np.full((48, 64, 3), 20 * index, np.uint8), Fraction(index, 25))
    return path


def test_a_clip_plays_in_its_own_time(clip: Path) -> None:
    clock = Clock()
    frames = list(filmed_frames(clip, clock=clock, wait=clock.wait))
    assert [round(frame.time_s, 4) for frame in frames] == [round(index / 25, 4) for index in range(10)]
    assert [frame.captured_s - 100 for frame in frames] == pytest.approx([frame.time_s for frame in frames])
    assert clock.waited == pytest.approx([0.04] * 9)


def test_whoever_is_slow_misses_frames(clip: Path) -> None:
    clock, seen = Clock(), []
    for frame in filmed_frames(clip, clock=clock, wait=clock.wait):
        seen.append(round(frame.time_s * 25))
        clock.now_s += 0.1  # the viewer's work: two and a half frames
    assert seen == [0, 2, 4, 7, 9]


def test_a_clip_may_begin_again(clip: Path) -> None:
    clock = Clock()
    endless = filmed_frames(clip, again=True, clock=clock, wait=clock.wait)
    times = [next(endless).time_s for _ in range(12)]
    assert times == pytest.approx([index / 25 for index in range(12)])


class Device:
    """In place of cv2.VideoCapture: two pictures, blue in OpenCV's order, then nothing."""

    there = True

    def __init__(self, number: int) -> None:
        self.left, self.released = 2, False

    def isOpened(self) -> bool:
        return self.there

    def set(self, key: int, value: float) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.left -= 1
        return (True, np.full((2, 2, 3), (255, 0, 0), np.uint8)) if self.left >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def test_a_device_gives_red_green_blue_and_tells_when_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", Device)
    frames = open_camera("0")
    assert next(frames).image[0, 0].tolist() == [0, 0, 255]
    assert next(frames).time_s >= 0
    with pytest.raises(UnreadableMediaError, match="camera 0: stopped giving pictures"):
        next(frames)


def test_a_missing_device_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", type("Missing", (Device,), {"there": False}))
    with pytest.raises(UnreadableMediaError, match="camera 3: cannot be opened"):
        next(device_frames(3))


def test_a_virtual_camera_is_sent_each_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[np.ndarray] = []
    camera = SimpleNamespace(device="/dev/video9", send=sent.append, close=lambda: sent.append(np.zeros(0)))
    asked: list[tuple[float, ...]] = []
    monkeypatch.setitem(
        sys.modules, "pyvirtualcam", SimpleNamespace(Camera=lambda *size: (asked.append(size), camera)[1])
    )
    with VirtualCamera(64, 48) as opened:
        opened.show(np.ones((48, 64, 3), np.uint8))
        assert opened.name == "/dev/video9"
    assert asked == [(64, 48, 30.0)]
    assert [picture.shape for picture in sent] == [(48, 64, 3), (0,)]


def test_a_system_without_virtual_camera_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: float) -> None:
        raise RuntimeError("'v4l2loopback' backend: no device found")

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=none))
    with pytest.raises(DeviceError, match=r"virtual camera: cannot be opened .*v4l2loopback on Linux"):
        VirtualCamera(64, 48)
