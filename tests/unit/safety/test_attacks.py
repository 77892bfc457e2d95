"""What somebody tries who has read the code: hostile files and names, a home that is not ours, inputs that change."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mimica.cli.main import run
from mimica.errors import GateError, MalformedReceipt, MimicaError, OutputError, UnreadableMediaError, UsageError
from mimica.media import save_image
from mimica.safety import manifest_reader
from mimica.safety.admission import SigningOptions, signing_folder
from mimica.safety.consent import require_consent
from mimica.safety.filetype import file_type
from mimica.safety.gate import Gate
from mimica.safety.home import home, write_private
from mimica.safety.job import ReleaseTerms
from mimica.safety.keys import trusted_keys
from mimica.safety.ledger import JobFacts, Ledger
from mimica.safety.manifest import Source, Statement, sign_file
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.perceptual_hash import PortraitPrint, differing_bits, file_sha256
from mimica.safety.receipts import sign_receipt
from mimica.safety.release import FrameRelease, release_image
from mimica.safety.signer import KEY, ProvenanceSigner
from mimica.safety.tags import AIGC, read_tags
from mimica.safety.verify import verify

from .conftest import Grantor

PICTURE = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202egnihton\u2066\x00"
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX")


class Watching:
    """A gate's classifier that counts, and refuses pictures that are all white."""

    def __init__(self) -> None:
        self.asked = 0

    def classify(self, image: np.ndarray) -> Any:
        self.asked += 1
        return SimpleNamespace(nsfw=0.9 if image.min() == 255 else 0.0)


def terms(**changes: Any) -> ReleaseTerms:
    made = ReleaseTerms(require_consent("fictional"), SigningOptions().signer(), Gate(Watching()))
    return replace(made, **changes)


def shown(text: str) -> bool:
    """Whether every character may go to a terminal."""
    return all(letter == "\n" or letter.isprintable() for letter in text)


# words of strangers on a terminal


def test_a_receipt_whose_names_hold_control_characters_is_none(
    alice: Grantor, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MalformedReceipt, match="cannot be printed"):
        replace(alice.terms, subject=f"Alice{ESCAPES}")
    with pytest.raises(MalformedReceipt, match="cannot be printed"):
        replace(alice.terms, controller="Bob\nAlice")
    assert replace(alice.terms, subject="علی\u200cرضا")  # a name that needs a joiner
    token = alice.folder / "hostile.jws"
    hostile = SimpleNamespace(as_payload=lambda: _with_subject(alice, f"Alice{ESCAPES}"))
    token.write_text(_signed(hostile, alice))
    assert run(["consent", "show", str(token)]) != 0
    told = capsys.readouterr()
    assert shown(told.out + told.err)


def _with_subject(grantor: Grantor, subject: str) -> dict[str, Any]:
    payload = replace(grantor.terms, identifier="ab" * 16).as_payload()
    payload["dpv:hasRecordOfActivity"]["dpv:hasDataSubject"]["schema:name"] = subject
    return payload


def _signed(statement: Any, grantor: Grantor) -> str:
    from mimica.safety.receipts import TYPE
    from mimica.safety.signed_statement import sign_statement

    return sign_statement(statement.as_payload(), TYPE, grantor.key)


def test_what_a_hostile_manifest_says_does_not_reach_the_terminal_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_image(tmp_path / "a.png", PICTURE)
    statement = Statement("0" * 32, 1, "self", f"1{ESCAPES}{'x' * 5000}")
    sign_file(tmp_path / "a.png", tmp_path / "b.png", "image/png", statement, SigningOptions().signer())
    reading = read_manifest(tmp_path / "b.png")
    assert shown(reading.generator)
    assert len(reading.generator) <= 200
    run(["verify", str(tmp_path / "b.png")])
    told = capsys.readouterr()
    assert shown(told.out + told.err)


ODD: list[Any] = [None, 7, "text", [], {}, [1], {"a": 1}, [[]], [{"label": 3}], True]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_manifest_of_any_shape_is_judged_and_never_a_crash(odd: Any) -> None:
    def manifest(**changes: Any) -> dict[str, Any]:
        return {"claim_generator_info": [{"name": "x"}], "assertions": [], "ingredients": [], **changes}

    def assertion(label: str, data: Any) -> dict[str, Any]:
        return manifest(assertions=[{"label": label, "data": data}])

    shapes = [
        manifest(claim_generator_info=odd), manifest(assertions=odd), manifest(ingredients=odd),
        manifest(signature_info=odd), odd, assertion("c2pa.actions.v2", odd),
        assertion("c2pa.actions.v2", {"actions": odd}),
        assertion("c2pa.actions.v2", {"actions": [{"digitalSourceType": odd}]}),
        assertion("c2pa.soft-binding", odd), assertion("c2pa.soft-binding", {"alg": "mimica.mark", "blocks": odd}),
        assertion("c2pa.soft-binding", {"alg": "mimica.mark", "blocks": [{"value": odd}]}),
        assertion("mimica.animation", odd),
    ]  # fmt: skip
    for shape in shapes:
        store = {"active_manifest": "m", "manifests": {"m": shape}, "validation_state": "Valid"}
        reading = manifest_reader._judge(store, [])
        json.dumps(reading.statement)
    for store in (
        {"active_manifest": odd}, {"manifests": odd}, {"validation_results": odd},
        {"validation_results": {"activeManifest": odd}}, {"validation_results": {"activeManifest": {"failure": odd}}},
    ):  # fmt: skip
        assert manifest_reader._judge(store, []).state == "invalid"


@pytest.mark.parametrize("value", ["f" * 6000, "10000", "-1", "0x1", " 1", "1_0", "", "zz"])
def test_a_soft_binding_that_is_no_id_names_no_mark(value: str) -> None:
    data = {"alg": "mimica.mark", "blocks": [{"scope": {}, "value": value}]}
    shape = {"assertions": [{"label": "c2pa.soft-binding", "data": data}]}
    reading = manifest_reader._judge({"active_manifest": "m", "manifests": {"m": shape}}, [])
    assert reading.mark_id is None


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_deeply_nested_words_cost_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for depth in (50, 400, 900):
        reading = read_tags({AIGC: json.dumps({"Label": "1", "deep": nested(depth)})})
        assert reading.generated
        assert reading.aigc == {"Label": "1"}
        shape = {"assertions": [{"label": "mimica.animation", "data": nested(depth)}]}
        store = {"active_manifest": "m", "manifests": {"m": shape}}
        assert manifest_reader._judge(store, []).statement in (None, {})
    save_image(tmp_path / "a.png", PICTURE, {AIGC: json.dumps({"Label": "1", "deep": nested(300)}), "comment": ESCAPES})
    assert run(["verify", "--json", str(tmp_path / "a.png")]) == 1
    assert json.loads(capsys.readouterr().out)["files"][0]["tags"]["generated"] is True


# a stranger's file must not lead to a job of ours


@pytest.mark.parametrize("length", [0, 1, 6, 31, 33])
def test_words_that_name_half_a_job_name_none(tmp_path: Path, length: int) -> None:
    with Ledger.open() as ledger:
        job = (ledger.start(JobFacts(require_consent("fictional"))).job + "0")[:length]
    save_image(tmp_path / "a.png", PICTURE, {AIGC: json.dumps({"Label": "1", "ProduceID": job})})
    assert verify(tmp_path / "a.png").registry == ()
    save_image(tmp_path / "b.png", PICTURE)
    statement = Statement(job, 1, "self", "1")
    sign_file(tmp_path / "b.png", tmp_path / "c.png", "image/png", statement, SigningOptions().signer())
    assert verify(tmp_path / "c.png").registry == ()


# files that are none


@posix
@pytest.mark.timeout(120)
def test_a_pipe_is_refused_and_nobody_waits_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UnreadableMediaError, match="is not a file"):
        file_type(tmp_path / "pipe.mp4")
    assert run(["verify", str(tmp_path / "pipe.mp4"), "/dev/zero"]) == 2
    assert capsys.readouterr().out.count("cannot be read") == 2


# a receipt for one picture, another picture in the file


def test_a_file_that_is_swapped_after_it_was_read_does_not_borrow_its_receipt(alice: Grantor) -> None:
    """The pixels are read first and the file is hashed afterwards: the hash alone must not decide."""
    other_pixels = "".join(f"{15 - int(digit, 16):x}" for digit in alice.portrait.phash)
    swapped = PortraitPrint(alice.portrait.sha256, other_pixels)
    assert differing_bits(swapped.phash, alice.portrait.phash) == 256
    with pytest.raises(MimicaError, match="about another picture"):
        require_consent("receipt", alice.grant(), **(alice.covered | {"portrait": swapped}))


def test_an_input_that_changes_while_it_is_animated_is_noticed(tmp_path: Path) -> None:
    driver = tmp_path / "driver.png"
    save_image(driver, PICTURE)
    allowed = terms(sources=(Source("driver", driver, file_sha256(driver)),))
    save_image(driver, PICTURE[::-1])
    with pytest.raises(OutputError, match=r"driver\.png was changed"):
        release_image(tmp_path / "out.png", PICTURE, allowed)
    assert not (tmp_path / "out.png").exists()


# the gate


def test_frames_beyond_the_announced_length_are_looked_at(own_home: Path) -> None:
    white = np.full((96, 96, 3), 255, np.uint8)
    with FrameRelease(terms(), frames=2, seconds=0.1) as release:
        for index in range(100):
            release.frame(PICTURE, Fraction(index, 25))
        for index in range(100, 149):  # two seconds after the last look, at the latest
            release.frame(PICTURE, Fraction(index, 25))
        with pytest.raises(GateError):
            _ = [release.frame(white, Fraction(index, 25)) for index in range(149, 200)]


# a home that somebody else prepared


@posix
@pytest.mark.skipif(os.name == "posix" and os.getuid() != 0, reason="only root can make folders of others")
def test_a_home_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, 4242, 4242)
    monkeypatch.setenv("MIMICA_HOME", str(theirs))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    for use in (trusted_keys, SigningOptions().signer, lambda: write_private(home() / "a", b"")):
        with pytest.raises(UsageError, match="belongs to somebody else"):
            use()


@posix
def test_a_home_that_everybody_may_write_to_is_refused_also_behind_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (tmp_path / "link").symlink_to(shared)
    for name in ("shared", "link"):
        monkeypatch.setenv("MIMICA_HOME", str(tmp_path / name))
        with pytest.raises(UsageError, match="everybody may write to it"):
            trusted_keys()
    assert list(shared.iterdir()) == []


@posix
def test_a_link_to_a_folder_of_ours_is_as_good_as_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "link"))
    SigningOptions().signer()
    assert (tmp_path / "real" / "signing" / KEY).exists()


@posix
def test_a_signing_key_that_others_can_read_is_closed(own_home: Path) -> None:
    SigningOptions().signer()
    key = signing_folder() / KEY
    key.chmod(0o644)
    ProvenanceSigner.local(signing_folder())
    assert key.stat().st_mode & 0o777 == 0o600


# many at once


def test_many_that_start_together_share_one_key_and_one_chain(own_home: Path) -> None:
    keys: list[bytes] = []
    failures: list[MimicaError] = []

    def job() -> None:
        try:
            keys.append(SigningOptions().signer().private_key)
            with Ledger.open() as ledger:
                ledger.finish(ledger.start(JobFacts(require_consent("fictional"))), "ab" * 32)
        except MimicaError as error:
            failures.append(error)

    threads = [Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(keys)) == 1
    with Ledger.open() as ledger:
        assert ledger.verify().intact
        jobs = list(ledger.jobs())
    assert [job.state for job in jobs] == ["finished"] * 8
    assert len({job.mark_id for job in jobs}) == 8


# a clock that goes back must not revive a receipt


def test_a_receipt_that_was_used_or_revoked_is_not_revived_by_the_clock(alice: Grantor) -> None:
    expired = alice.grant(expires_at=alice.now + timedelta(days=1))
    with pytest.raises(MimicaError, match="expired"):
        require_consent("receipt", expired, **(alice.covered | {"now": alice.now + timedelta(days=2)}))
    with pytest.raises(MimicaError, match="holds from"):
        require_consent("receipt", expired, **(alice.covered | {"now": alice.now - timedelta(days=30)}))
    with Ledger.open(clock=lambda: alice.now + timedelta(days=2)) as ledger:
        ledger.start(JobFacts(require_consent("fictional")))
    with pytest.raises(MimicaError, match="clock"):
        require_consent("receipt", expired, **alice.covered)


# receipts without end


def test_large_and_odd_tokens_are_refused_quickly(alice: Grantor) -> None:
    start = time.process_time()  # the machine's pauses are not ours
    good = sign_receipt(alice.terms, alice.key).encode()
    header, body, signature = good.split(b".")
    tokens = [
        good * 300, b"." * 1_000_000, b"a" * 1_000_000, b"e30." * 3,
        header + b"." + b"W1tb" * 200_000 + b"." + signature,
        header + b"." + body + b"." + b"A" * 900_000, body + b"." + body + b"." + signature, b"\xff" * 5000, b"..",
    ]  # fmt: skip
    for token in tokens:
        path = alice.folder / "odd.jws"
        path.write_bytes(token)
        with pytest.raises(MimicaError) as caught:
            require_consent("receipt", path, **alice.covered)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1000
        assert shown(str(caught.value))
    assert time.process_time() - start < 10
