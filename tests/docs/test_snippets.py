"""Every command and every Python block of the pages runs, or a table says why not, and then it still has to parse.

A page's snippets run in order in one folder, in this process, on stand-ins of the names that the pages use: a portrait
of 256 px and a few frames of the shipped driver.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pytest
import typer

from mimica.cli.main import app, run
from mimica.media import VideoWriter, load_photo, open_video, save_image

ROOT: Final = Path(__file__).parents[2]
SHIPPED: Final = ROOT / "src" / "mimica" / "demo"
PAGES: Final = (
    ROOT / "README.md",
    *sorted(page for room in ("tutorial", "howto", "explanation") for page in (ROOT / "docs" / room).glob("*.md")),
)
FENCE: Final = re.compile(r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SHELLS: Final = ("console", "bash", "sh")
LANGUAGES: Final = (*SHELLS, "python", "text", "json", "csv", "toml", "nginx", "mermaid")

NOT_RUN: Final = (
    (r"^git clone ", "fetches the repository"),
    (r"^cd ", "belongs to git clone"),
    (r"^make ", "builds an environment; the target is looked up"),
    (r"^pip install ", "changes the environment; the extra is looked up"),
    (r"^curl ", "needs a running service; tests/e2e asks one the same"),
    (r"^mimica serve", "a server"),
    (r"^mimica live ", "a camera, or a page that waits for a browser"),
    (r"^torchrun ", "several processes that train"),
    (r"^mimica train .", "trains for minutes"),
    (r"^mimica synthesize ", "needs models of others and hours"),
    (r"^mimica evaluate", "measures for minutes"),
    (r"^python -m mimica\.evaluation\.benchmark_writer ", "needs a rig of others"),
    (r"^mimica curate ", "needs films with rights; tests/e2e has rendered ones"),
    (r"^mimica denylist ", "needs an embedding that the user installs"),
    (r"^mimica data ", "needs a data set"),
    (r"--anchors|--timestamp|--signing-key", "needs an authority of others"),
    (r"^mimica consent (trust|check) |--receipt ", "needs another person's key and receipt"),
    (r"MySlate", "a phone's recording"),
    (r"--duration 30 ", "750 frames"),
    (r"^import json, requests", "needs a running service"),
    (r"^from mimica\.scale\.cluster", "needs a cluster"),
    (r"^from pathlib import Path\nfrom mimica\.training", "needs finished trainings"),
)
INSTEAD: Final = {"40961": "out.mp4", "…": "photo.jpg actor.mp4 -o dots.mp4 --consent self"}  # what a reader fills in


@dataclass(frozen=True)
class Snippet:
    """One command, or one Python block."""

    language: str
    text: str

    @property
    def exceptions(self) -> list[str]:
        return [pattern for pattern, _ in NOT_RUN if re.search(pattern, self.text)]


def fences(page: Path) -> list[tuple[str, str]]:
    return [(found["language"], found["text"]) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def commands(block: str) -> Iterator[str]:
    """Command by command: continued lines joined, comments gone, variables filled in, `a && b` in two."""
    variables: dict[str, str] = {}
    block = re.sub(r"\\\n\s*", " ", block)
    for found in re.finditer(r'^(\w+)="([^"]*)"$', block, re.MULTILINE):
        variables[found[1]] = " ".join(found[2].split())
    for line in re.sub(r'^\w+="[^"]*"\n', "", block, flags=re.MULTILINE).splitlines():
        filled = re.sub(r"\$(\w+)", lambda found: variables[found[1]], line)
        for part in shlex.join(shlex.split(filled, comments=True)).split(" '&&' "):
            if part:
                yield part.removeprefix(".venv/bin/")


def snippets(page: Path) -> list[Snippet]:
    found = []
    for language, text in fences(page):
        if language in SHELLS:
            found += [Snippet("console", command) for command in commands(text)]
        elif language == "python":
            found.append(Snippet("python", text))
    return found


EVERY: Final = {page: snippets(page) for page in PAGES}


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-ins, made once: a face, three faces, a face in a large picture, six frames of acting, a slow take."""
    folder = tmp_path_factory.mktemp("shelf")
    large = load_photo(SHIPPED / "portrait.jpg").image
    face = cv2.resize(large, (256, 256), interpolation=cv2.INTER_AREA)
    fresco = np.full((660, 800, 3), 128, np.uint8)
    fresco[108:620, 258:770] = large
    for name in ("photo.jpg", "me.jpg", "other.jpg", "screenshot.png", "drawings/one.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        save_image(folder / name, face)
    save_image(folder / "group.jpg", np.hstack([face, face, face]))
    save_image(folder / "fresco.jpg", fresco)
    with open_video(SHIPPED / "driver.mp4") as clip:
        acting = [frame.image for frame in islice(clip, 6)]
    for name in ("actor", "anna", "ben", "interview", "video", "takes/wave"):
        write(folder / f"{name}.mp4", acting, Fraction(25))
    write(folder / "take.mp4", list(islice(cycle(acting), 75)), Fraction(1))
    (folder / "jobs.csv").write_text(next(text for language, text in fences(PAGE["batch"]) if language == "csv"))
    return folder


PAGE: Final = {page.stem: page for page in PAGES}


def write(path: Path, frames: list[Any], rate: Fraction) -> None:
    path.parent.mkdir(exist_ok=True)
    height, width = frames[0].shape[:2]
    with VideoWriter(path, (width, height), rate=rate) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame, index / rate)


def parse(words: list[str]) -> None:
    """Let the command line read every option and argument of a command without doing it."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    command.make_context("mimica", [part for word in words for part in INSTEAD.get(word, word).split(" ")])


def look_up(command: str) -> None:
    """Check of a command that is not run what can be checked without running it."""
    words = shlex.split(command)
    if "mimica" in words[:5] and words[0] in ("mimica", "torchrun"):
        parse(words[words.index("mimica") + 1 :])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), command
    elif words[0] == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        for named in re.findall(r"\[([\w,-]+)\]", command):
            assert set(named.split(",")) <= set(extras), command


def imports_hold(block: str) -> None:
    """Every name that a block imports from the package is there, also where an extra of its module is not installed."""
    for node in ast.parse(block).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mimica"):
            try:
                exec(compile(ast.Module([node], []), "snippet", "exec"), {})
            except ModuleNotFoundError as error:
                if (error.name or "mimica").startswith("mimica"):
                    raise
                assert {alias.name for alias in node.names} <= defined(str(node.module))


def defined(module: str) -> set[str]:
    """The classes and functions that a module's source defines."""
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}


def execute(snippet: Snippet) -> None:
    if snippet.language == "python":
        frame = load_photo(Path("photo.jpg")).image
        exec(compile(snippet.text, "snippet", "exec"), {"__name__": "snippet", "frame": frame})
        return
    words = shlex.split(snippet.text)
    assert words[0] == "mimica", f"neither run nor excepted: {snippet.text}"
    filled = [part for word in words[1:] for part in INSTEAD.get(word, shlex.quote(word)).split()]
    flat = [
        path
        for word in shlex.split(" ".join(filled))
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    done = (0, 1) if flat[0] == "verify" else (0,)  # 1: a file is not marked, as the stand-in screenshot
    assert run(flat) in done, snippet.text


@pytest.mark.parametrize("page", [page for page in PAGES if EVERY[page]], ids=lambda page: page.stem)
def test_every_snippet_of_a_page(
    page: Path, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shelf, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))
    if page.stem in ("consent", "verify"):  # pages that speak of a film made before
        name = {"consent": "out.mp4", "verify": "video.mp4"}[page.stem]
        (tmp_path / "here" / name).unlink(missing_ok=True)
        assert run(["animate", "photo.jpg", "actor.mp4", "-o", name, "--consent", "self"]) == 0
    wrong = []
    for snippet in EVERY[page]:
        try:
            if not snippet.exceptions:
                execute(snippet)
            elif snippet.language == "python":
                imports_hold(snippet.text)
            else:
                look_up(snippet.text)
        except Exception as error:  # noqa: BLE001 - every snippet of the page is tried and told
            wrong.append(f"{snippet.text}\n  {type(error).__name__}: {error}\n  {capsys.readouterr().err}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_fence_says_its_language(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(fences(page))
    assert [language for language, _ in fences(page) if language not in LANGUAGES] == []


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in NOT_RUN])
def test_no_exception_is_dead(pattern: str) -> None:
    assert any(pattern in snippet.exceptions for every in EVERY.values() for snippet in every)


def test_a_good_share_runs() -> None:
    every = [snippet for page in EVERY.values() for snippet in page]
    executed = [snippet for snippet in every if not snippet.exceptions]
    print(f"{len(executed)} of {len(every)} snippets run, the others are looked up")
    assert len(executed) / len(every) > 0.35
