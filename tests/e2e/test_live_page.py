"""The live page in a real Chromium, whose camera shows the shipped driver."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest

from mimica.media import open_video

sys.path.insert(0, str(Path(__file__).parent))

from service_process import DEMO, ServiceProcess

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed; none is downloaded"),
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]
PATIENCE_MS = 150_000


def film_for_a_camera(path: Path, frames: int = 50) -> Path:
    """The shipped driver as the uncompressed film that Chromium takes for a camera."""
    with open_video(DEMO / "driver.mp4") as clip, path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{clip.info.width} H{clip.info.height} F25:1 Ip A1:1 C420jpeg\n".encode())
        for frame in islice(clip, frames):
            film.write(b"FRAME\n" + cv2.cvtColor(frame.image, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    camera = film_for_a_camera(tmp_path / "camera.y4m")
    arguments = [
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]  # fmt: skip
    arguments += ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    service = ServiceProcess(tmp_path, ("--workers", "0")).start()
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=PATIENCE_MS)
            opened = chromium.new_page(locale="en-GB")
            opened.set_default_timeout(PATIENCE_MS)
            opened.goto(f"{service.url}/#live")
            opened.wait_for_selector("html[data-ready]")
            yield opened
            chromium.close()
    finally:
        service.stop()


def test_a_camera_moves_a_photo(page: Page) -> None:
    asked: list[str] = []
    errors: list[str] = []
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.click("#live-form .primary")
    assert page.locator("#live-error").inner_text() == "Choose a photo first."
    page.set_input_files("#live-drop input[type=file]", DEMO / "portrait.jpg")
    page.click("#live-form .primary")
    assert "on whose word" in page.locator("#live-error").inner_text()
    assert asked == []

    page.click("#live-consent >> text=It is nobody")
    page.click("#live-form .primary")
    page.wait_for_selector("#live-picture[data-shown]", timeout=PATIENCE_MS)
    first = page.get_attribute("#live-picture", "src")
    page.wait_for_selector(f"#live-picture:not([src='{first}'])", timeout=PATIENCE_MS)
    page.click("#live-rest")
    page.wait_for_selector("#live-state:has-text('All motion is measured')", timeout=PATIENCE_MS)
    assert "ms late" in page.locator("#live-numbers").inner_text()

    page.click("#live-stop")
    page.wait_for_selector("#live-form", state="visible")
    assert len(asked) == 1
    assert errors == []
