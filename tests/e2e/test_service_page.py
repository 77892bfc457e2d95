"""The page in a real Chromium, the whole way: refused without consent, made, watched, played, verified, edited, erased.

With MIMICA_SCREENSHOTS=DIR the pictures of every step are kept there.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from service_process import DEMO, ServiceProcess, short_driver

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed; none is downloaded"),
    pytest.mark.slow,
    pytest.mark.timeout(2400),
]
PATIENCE_MS = 240_000  # a machine may be busy
PHONE = {"width": 360, "height": 780}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    running = ServiceProcess(tmp_path_factory.mktemp("page")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # long enough for a preview to be seen on a fast machine too
    return short_driver(tmp_path_factory.mktemp("driver") / "driver.mp4", 40)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    sandbox = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*fake, *sandbox], timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


class Visit:
    """A page, what it asked for, and what went wrong on it."""

    def __init__(self, browser: Browser, service: ServiceProcess, scheme: str = "light", size: object = None) -> None:
        self.context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport=size or {"width": 1280, "height": 860},  # type: ignore[arg-type]
            locale="en-GB",
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.asked: list[tuple[str, str]] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.asked.append((request.method, request.url)))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda told: self.errors.append(told.text) if told.type == "error" else None)
        self.page.goto(service.url)
        self.page.wait_for_selector("html[data-ready]")
        self._service = service

    def picture(self, name: str) -> None:
        folder = os.environ.get("MIMICA_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    def close(self) -> None:
        hosts = {urlsplit(url).netloc for _, url in self.asked if url.startswith(("http", "ws"))}
        self.context.close()
        assert hosts == {urlsplit(self._service.url).netloc}, "the page asked somebody else"


@pytest.fixture
def visit(browser: Browser, service: ServiceProcess) -> Iterator[Visit]:
    visiting = Visit(browser, service)
    yield visiting
    visiting.close()


def test_the_whole_way(visit: Visit, driver: Path) -> None:
    page = visit.page
    visit.picture("1-open")

    # refused, and nothing is sent
    page.get_by_role("button", name="Animate").click()
    assert page.locator("#animate-error").inner_text() == "Choose a photo first."
    page.set_input_files("#photo-drop-input", DEMO / "portrait.jpg")
    page.set_input_files("#driver-drop-input", driver)
    page.get_by_role("button", name="Animate").click()
    assert "On whose word" not in page.locator("#animate-error").inner_text()
    assert "on whose word" in page.locator("#animate-error").inner_text()
    assert not [url for method, url in visit.asked if method == "POST" and url.endswith("/jobs")]
    visit.picture("2-refused")

    # by keyboard alone: the refusal put the focus on the first answer
    assert page.evaluate("document.activeElement.value") == "self"
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "fictional"
    page.keyboard.press("Enter")

    # progress, with a preview
    page.wait_for_url(re.compile("#job/[0-9a-f]{32}$"))
    page.wait_for_selector("#job-preview:not([hidden])", state="attached")  # the job may be done by now
    until(page, "document.querySelector('#job-preview').naturalWidth > 100")
    visit.picture("3-progress")

    # the result beside its performance, in step
    page.wait_for_selector("#result-video", timeout=PATIENCE_MS)
    until(page, "document.querySelector('#result-video').readyState >= 2")
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelector('#result-video').currentTime > 0.05")
    until(page, "document.querySelector('#driver-video').currentTime > 0")
    until(page, "document.querySelector('#result-video').ended")
    visit.picture("4-result")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    saved = waiting.value
    assert re.fullmatch(r"mimica-[0-9a-f]{8}\.mp4", saved.suggested_filename)

    # verified
    page.get_by_role("button", name="Verify it").click()
    page.wait_for_selector(".answer h2", timeout=PATIENCE_MS)
    assert page.locator(".answer h2").inner_text() == "Yes, marked as made by a machine."
    visit.picture("5-verified")

    # erased, after a question
    page.get_by_role("link", name="Gallery").click()
    page.wait_for_selector(".cards li img")
    visit.picture("6-gallery")
    identity = page.locator(".cards li").get_attribute("data-job")
    page.get_by_role("button", name=re.compile("^Erase,")).click()
    page.get_by_role("button", name="Keep it").click()
    assert page.locator(".cards li").count() == 1
    page.get_by_role("button", name=re.compile("^Erase,")).click()
    page.get_by_role("button", name="Erase", exact=True).click()
    page.wait_for_selector(".cards li", state="detached")
    assert page.evaluate(f"fetch('/api/v1/jobs/{identity}').then((answer) => answer.status)") == 404
    assert [error for error in visit.errors if "404" not in error] == []

    # consent is not remembered
    page.get_by_role("link", name="Animate").click()
    assert page.locator("#animate-consent input:checked").count() == 0


def test_a_slider_moves_the_face(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="Sliders").click()
    page.set_input_files("#sliders-drop-input", DEMO / "portrait.jpg")
    page.get_by_role("button", name="Open the sliders").click()
    assert "on whose word" in page.locator("#sliders-error").inner_text()
    assert not [url for method, url in visit.asked if method == "POST" and "portraits" in url]
    page.locator("#sliders-consent").get_by_text("It is nobody").click()
    page.get_by_role("button", name="Open the sliders").click()
    page.wait_for_selector("#studio-picture[data-drawn]", timeout=PATIENCE_MS)
    before = pixels(page)
    slider = page.get_by_role("slider", name="smile", exact=True)
    slider.focus()
    drawn = int(page.get_attribute("#studio-picture", "data-drawn") or 0)
    page.keyboard.press("End")
    until(page, f"Number(document.querySelector('#studio-picture').dataset.drawn) > {drawn}")
    after = pixels(page)
    assert sum(abs(a - b) for a, b in zip(before, after, strict=True)) / len(before) > 0.2
    visit.picture("7-sliders")
    with page.expect_download(timeout=PATIENCE_MS) as waiting:
        page.get_by_role("button", name="Save the picture").click()
    assert waiting.value.suggested_filename == "mimica.png"
    page.get_by_role("button", name="Back to the photo").click()
    until(page, f"Number(document.querySelector('#studio-picture').dataset.drawn) > {drawn + 1}")
    assert slider.input_value() == "0"
    assert visit.errors == []


def test_a_performance_can_be_recorded(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Record").click()
    page.wait_for_timeout(3000)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector("#driver-drop .bar >> text=from the camera")
    assert page.evaluate("document.querySelector('#driver-drop video').src").startswith("blob:")
    assert visit.errors == []


@pytest.mark.parametrize(("scheme", "size"), [("dark", None), ("light", PHONE), ("dark", PHONE)])
def test_every_view_fits_by_day_by_night_and_on_a_phone(
    browser: Browser, service: ServiceProcess, scheme: str, size: dict[str, int] | None
) -> None:
    visiting = Visit(browser, service, scheme, size)
    page = visiting.page
    for view in ("animate", "sliders", "gallery", "verify"):
        page.goto(f"{service.url}/#{view}")
        page.wait_for_selector(f"#{view}:not([hidden]) h1")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{view} is wider than the screen by {wide} px"
        visiting.picture(f"8-{view}-{scheme}-{'phone' if size else 'wide'}")
    assert visiting.errors == []
    visiting.close()


def test_it_speaks_italian_and_remembers_night(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Italiano").click()
    page.wait_for_selector("h1 >> text=Una foto recita.")
    assert page.get_attribute("html", "lang") == "it"
    visit.picture("9-italian")
    page.get_by_role("button", name="Scuro o chiaro").click()
    dark = page.evaluate("getComputedStyle(document.body).color")
    page.reload()
    page.wait_for_selector("h1 >> text=Una foto recita.")
    assert page.evaluate("getComputedStyle(document.body).color") == dark


def test_everything_that_can_be_used_has_a_name(visit: Visit) -> None:
    page = visit.page
    nameless = """[...document.querySelectorAll('button, a, input, select, [role=group]')].filter((element) =>
      element.offsetParent !== null && !element.ariaHidden && !(element.ariaLabel || element.textContent.trim() ||
      element.getAttribute("aria-label") || element.labels?.length)).map((element) => element.outerHTML)"""
    for view in ("animate", "sliders", "gallery", "verify"):
        page.goto(f"{page.url.split('#')[0]}#{view}")
        page.wait_for_selector(f"#{view}:not([hidden])")
        assert page.evaluate(nameless) == []


def test_the_two_languages_have_the_same_words() -> None:
    import json

    folder = Path(__file__).parents[2] / "src" / "mimica" / "service" / "page" / "words"
    english, italian = (json.loads((folder / f"{code}.json").read_text()) for code in ("en", "it"))
    assert set(english) <= set(italian)
    assert {key for key in set(italian) - set(english) if not key.startswith("control.")} == set()
    braces = re.compile(r"\{\w+\}")
    assert all(set(braces.findall(english[key])) == set(braces.findall(italian[key])) for key in english)


def until(page: Page, expression: str, seconds: float = PATIENCE_MS / 1000) -> None:
    """Wait for JavaScript to be true. Playwright's own way needs eval, which the page's policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def pixels(page: Page) -> list[int]:
    """The face's picture as a list of small grey values."""
    return page.evaluate("""() => { const c = document.createElement('canvas'); c.width = c.height = 64;
      const g = c.getContext('2d'); g.drawImage(document.querySelector('#studio-picture'), 0, 0, 64, 64);
      return Array.from(g.getImageData(0, 0, 64, 64).data).filter((_, i) => i % 4 === 1); }""")
