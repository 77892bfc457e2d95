from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from mimica.cli.main import run
from mimica.safety.consent import require_consent
from mimica.safety.ledger import JobFacts, Ledger

PORTRAIT = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))


@pytest.fixture
def receipt(tmp_path: Path) -> str:
    assert run(["consent", "keygen", "--owner", "Alice"]) == 0
    path = str(tmp_path / "alice.jws")
    assert run(["consent", "grant", str(PORTRAIT), "-o", path, "--subject", "Alice", "--to", "Bob",
                "--purpose", "personal", "--purpose", "research", "--adult"]) == 0  # fmt: skip
    return path


def trust_own_key(tmp_path: Path) -> None:
    assert run(["consent", "trust", str(tmp_path / "home" / "keys" / "consent.jwk")]) == 0


def test_from_key_to_revocation(receipt: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["consent", "check", receipt]) == 2
    assert "is not trusted here" in capsys.readouterr().err
    trust_own_key(tmp_path)
    capsys.readouterr()
    assert run(["consent", "check", receipt, "--portrait", str(PORTRAIT), "--purpose", "research"]) == 0
    assert "Alice allows Bob: personal, research" in capsys.readouterr().out
    revocation = tmp_path / "taken-back.jws"
    assert run(["consent", "revoke", receipt, "-o", str(revocation)]) == 0
    assert revocation.read_text().count(".") == 2
    capsys.readouterr()
    assert run(["consent", "check", receipt, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "RevokedReceipt"


def test_a_revocation_is_handed_over(
    receipt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    revocation = tmp_path / "taken-back.jws"
    public = tmp_path / "home" / "keys" / "consent.jwk"
    run(["consent", "revoke", receipt, "-o", str(revocation)])
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "bob"))
    assert run(["consent", "revoke", str(revocation)]) == 2  # not of a trusted key
    assert run(["consent", "trust", str(public)]) == 0
    assert run(["consent", "check", receipt]) == 0
    assert run(["consent", "revoke", str(revocation)]) == 0
    assert run(["consent", "check", receipt]) == 2
    assert "was revoked" in capsys.readouterr().err


def test_what_does_not_fit_is_refused_by_name(receipt: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust_own_key(tmp_path)
    other = tmp_path / "other.png"
    import cv2
    import numpy as np

    cv2.imwrite(str(other), np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for options, kind in [
        (["--portrait", str(other)], "WrongPortrait"),
        (["--purpose", "commercial"], "WrongPurpose"),
        (["--portrait", str(tmp_path / "none.jpg")], "UnreadableMediaError"),
    ]:
        capsys.readouterr()
        run(["consent", "check", receipt, *options, "--json"])
        assert json.loads(capsys.readouterr().out)["error"]["type"] == kind


def test_show_says_that_nothing_was_checked(receipt: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["consent", "show", receipt]) == 0
    assert capsys.readouterr().out.startswith("not checked: Alice allows Bob")
    assert run(["consent", "show", receipt, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is False


def test_nobody_agrees_for_a_minor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["consent", "keygen", "--owner", "Alice"])
    command = ["consent", "grant", str(PORTRAIT), "-o", str(tmp_path / "r"), "--subject", "A", "--to", "B"]
    assert run([*command, "--purpose", "personal"]) == 2
    assert "18 or older" in capsys.readouterr().err
    assert run([*command, "--purpose", "fun", "--adult"]) == 2
    assert "purposes must be some of" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_receipt_that_does_not_hold_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = tmp_path / "note.txt"
    note.write_text("I agree.")
    for path in (note, tmp_path / "none"):
        assert run(["consent", "check", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_the_commands_of_the_howto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `mimica consent` and `mimica ledger` line of docs/howto/consent.md, in order, as a reader would type it."""
    text = (Path(__file__).parents[3] / "docs" / "howto" / "consent.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line.partition("#")[0] for block in blocks for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith(("mimica consent ", "mimica ledger "))]
    assert len(commands) >= 8
    monkeypatch.chdir(tmp_path)
    shutil.copy(PORTRAIT, "me.jpg")
    shutil.copy(PORTRAIT.with_name("driver.mp4"), "actor.mp4")
    monkeypatch.setattr("secrets.randbelow", lambda limit: 40961)  # the id that the page looks up
    with Ledger.open() as ledger:
        ledger.start(JobFacts(require_consent("self")))
    for command in commands:
        assert run(command) == 0, command
        if command[1] == "keygen":
            shutil.copy(tmp_path / "home" / "keys" / "consent.jwk", "alice.jwk")
    assert run(["consent", "revoke", "alice.jws", "-o", "taken-back.jws"]) == 0
    assert run(["consent", "revoke", "taken-back.jws"]) == 0


def test_a_receipt_that_cannot_be_written_exits_with_5(
    receipt: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out, told in ((receipt, "exists already"), (str(tmp_path / "absent" / "a.jws"), "cannot be written")):
        words = ["consent", "grant", str(PORTRAIT), "-o", out, "--subject", "A", "--to", "B", "--purpose", "personal"]
        assert run([*words, "--adult"]) == 5
        assert told in capsys.readouterr().err
    assert run(["consent", "revoke", receipt, "-o", str(tmp_path / "absent" / "b.jws")]) == 5
    trust_own_key(tmp_path)
    assert run(["consent", "check", receipt]) == 0  # nothing was revoked
