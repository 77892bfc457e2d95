"""Two hundred tries to get a video without consent on record, by flags, environment, files, threads and Python.

None may leave anything.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import mimica
from mimica.cli.main import run
from mimica.errors import ConsentError, InputError
from mimica.safety.ledger import Ledger

TRIES = 200

WORDS = [
    None, "", " ", "no", "yes", "true", "1", "none", "SELF", "Self", "self ", "selff", "consent", "receipt", "null",
    "ficti\0nal", "fictional;self", "self,fictional", "*", "../self", "自", "--",
]  # fmt: skip
RECEIPTS = [None, "absent.jws", "empty.jws", "letter.jws", "unsigned.jws", "folder"]


@pytest.fixture
def desk(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with forged receipts and configuration that nobody should read; the output folder is empty."""
    (tmp_path / "out").mkdir()
    (tmp_path / "empty.jws").touch()
    (tmp_path / "letter.jws").write_text("I agree, yours truly")
    (tmp_path / "unsigned.jws").write_text("eyJhbGciOiJub25lIn0.eyJzdWJqZWN0IjoiQWxpY2UifQ.")
    (tmp_path / "folder").mkdir()
    for name in ("mimica.toml", "mimica.json", ".mimica", "pyproject.toml", ".env"):
        (tmp_path / name).write_text('consent = "self"\nMIMICA_CONSENT=self\n')
    for name in ("CONSENT", "MIMICA_CONSENT", "MIMICA_ANIMATE_CONSENT", "MIMICA_NO_CONSENT", "MIMICA_DEBUG"):
        monkeypatch.setenv(name, "self")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(rng: random.Random, shelf: Path, out: Path) -> list[str]:
    """A random command line that names no valid basis."""
    line = ["animate", str(shelf / "portrait.png"), str(shelf / "actor.mp4"), "-o", str(out)]
    basis = rng.choice(WORDS)
    if basis is not None:
        line += rng.choice([["--consent", basis], [f"--consent={basis}"]])
    receipt = rng.choice(RECEIPTS)
    if receipt is not None and basis != "self ":
        line += ["--receipt", receipt]
    extras = [
        ["--overwrite"], ["--json"], ["--quiet"], ["--debug"], ["--no-audio"], ["--crf", "30"], ["--framing", "crop"],
        ["--face", "1"], ["--device", "cpu"], ["--pose", "0"], ["--label", "always"], ["--purpose", "research"],
        ["--yes"], ["--force"], ["--no-consent"], ["--consent-file", "self"], ["--skip-gate"], ["--", "self"],
    ]  # fmt: skip
    for extra in rng.sample(extras, rng.randint(0, 4)):
        line += extra
    return line


def calls(rng: random.Random, shelf: Path, out: Path) -> Callable[[], Any]:
    """A random call from Python that gives no valid basis."""
    photo, driving = shelf / "portrait.png", shelf / "actor.mp4"
    basis: Any = rng.choice([*WORDS, 1, True, ["self"], b"self"])
    receipt = rng.choice(RECEIPTS)
    kind = rng.randrange(3)
    if kind == 0:
        return lambda: mimica.animate(photo, driving, out, consent=basis, receipt=receipt)
    if kind == 1:
        return lambda: mimica.animate(photo, driving, out)  # type: ignore[call-arg]
    # the networks are not even needed to be refused
    frames: Any = mimica.Animator.frames
    return lambda: list(frames(None, photo, driving, consent=basis, receipt=receipt))


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_no_command_line_without_consent_leaves_anything(
    desk: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(5)
    for number in range(TRIES):
        line = words(rng, shelf, desk / "out" / f"{number}.mp4")
        assert run(line) == 2, line
        told = capsys.readouterr()
        if "--json" in line and "--" not in line:
            assert json.loads(told.out)["error"]["exit_code"] == 2
    assert left(desk / "out") == []


def test_no_call_without_consent_leaves_anything(desk: Path, shelf: Path) -> None:
    rng = random.Random(7)
    for number in range(TRIES):
        with pytest.raises((InputError, TypeError, AttributeError)):
            calls(rng, shelf, desk / "out" / f"{number}.mp4")()
    assert left(desk / "out") == []


def test_nor_do_many_at_once(desk: Path, shelf: Path) -> None:
    rng = random.Random(9)
    tries = [calls(rng, shelf, desk / "out" / "same.mp4") for _ in range(40)]

    def attempt(call: Callable[[], Any]) -> BaseException | None:
        try:
            call()
        except (InputError, TypeError, AttributeError) as error:
            return error
        return None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(attempt, tries))
    assert left(desk / "out") == []


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_nor_does_a_kill_half_way(desk: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of their own, killed at random moments: before, while and after they refuse."""
    monkeypatch.setenv("MIMICA_HOME", str(desk / "home"))
    rng = random.Random(13)
    lines = [words(rng, shelf, desk / "out" / f"{number}.mp4") for number in range(12)]
    code = (
        "import json, os, sys\nfrom mimica.cli.main import run\nlines = json.loads(sys.argv[1])\n"
        "for line in lines:\n    if os.fork() == 0:\n        os._exit(run(line))\n"
        "print('running', flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", code, json.dumps(lines)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as group:
        assert group.stdout is not None
        assert group.stdout.readline()  # of the first that answered, or that all were started
        time.sleep(rng.uniform(0, 0.4))
        os.killpg(group.pid, signal.SIGKILL)
    assert left(desk / "out") == []
    assert left(desk / "home") == []


def test_the_ledger_knows_of_none(desk: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(desk / "home"))
    with pytest.raises(ConsentError):
        mimica.animate(shelf / "portrait.png", shelf / "actor.mp4", desk / "out" / "a.mp4", consent="")
    with Ledger.open() as ledger:
        assert list(ledger.rows()) == []
