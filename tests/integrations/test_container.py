"""The container's file without a container engine: what its steps copy and call exists, and its start is real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

pytest.importorskip("fastapi", reason="needs the extra `serve`")

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from service_process import PATIENCE_S, free_port

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "integrations" / "container"
TEXT = (FOLDER / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STEPS = [line.split(maxsplit=1) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
STAGES = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]


def steps(name: str) -> list[str]:
    return [rest for step, rest in STEPS if step == name]


def test_what_is_copied_from_the_repository_is_there() -> None:
    sources = [words.split() for words in steps("COPY") if "--from" not in words]
    named = [source for words in sources for source in words[:-1] if not source.startswith("--")]
    assert named
    assert all((ROOT / source).exists() for source in named)


def test_what_is_copied_from_a_stage_is_made_there() -> None:
    (copied,) = [words.split() for words in steps("COPY") if "--from" in words]
    stage = copied[0].removeprefix("--from=")
    (body,) = [text for text in STAGES if re.match(rf"\S+ AS {stage}$", text.splitlines()[0])]
    assert f"venv {copied[1]}" in body


def test_its_commands_are_the_makefiles_and_an_extra_of_the_package() -> None:
    import tomllib

    targets = re.findall(r"\bmake ([a-z]+)", " ".join(steps("RUN")))
    assert targets == ["demo", "test"]
    assert all(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) for target in targets)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r"\.\[(\w+)\]", TEXT)) <= set(extras)


def test_it_does_not_run_as_root_and_fetches_nothing_in_its_last_stage() -> None:
    last = STAGES[-1]
    users = re.findall(r"^USER (\S+)", last, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")
    assert not re.search(r"\b(curl|wget|pip|apt-get|ADD)\b", last)


def test_a_build_does_not_carry_what_is_made_here() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv", "runs", "demo-out"} <= set(ignored)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_its_start_makes_a_token_once_and_lets_nobody_in_without(tmp_path: Path) -> None:
    port = free_port()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"MIMICA_HOME": str(tmp_path), "MIMICA_PORT": str(port), "PATH": path}
    api = f"http://localhost:{port}/api/v1"

    def started() -> str:
        with subprocess.Popen(
            [str(FOLDER / "entrypoint.sh"), "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        ) as process:  # fmt: skip
            try:
                health = probed(f"{api}/health", process)
                assert httpx2.get(f"{api}/jobs", timeout=PATIENCE_S).status_code == 401
                assert json.loads(health)
            finally:
                process.terminate()
                told, _ = process.communicate(timeout=PATIENCE_S)
        return told

    first = started()
    kept = (tmp_path / "tokens").read_text(encoding="utf-8")
    assert kept
    again = started()
    assert (tmp_path / "tokens").read_text(encoding="utf-8") == kept
    assert len(first) > len(again)  # the token is shown by the first start only


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_other_words_are_the_command_lines(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [str(FOLDER / "entrypoint.sh"), "--version"], env=os.environ | {"PATH": path, "MIMICA_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    import mimica

    assert mimica.__version__ in run.stdout


def probed(url: str, process: subprocess.Popen[str]) -> str:
    """What `url` answers once it does."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return httpx2.get(url, timeout=PATIENCE_S).raise_for_status().text
        except httpx2.TransportError:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.1)
