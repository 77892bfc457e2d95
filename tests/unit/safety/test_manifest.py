"""Manifests: what is signed is read back; what is changed, hidden or appended is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from mimica.errors import OutputError
from mimica.media import VideoWriter, save_image
from mimica.safety import manifest as manifests
from mimica.safety.filetype import file_type
from mimica.safety.manifest import Source, Statement, sign_file
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.padding import filled_padding
from mimica.safety.signer import AUTHORITY, ProvenanceSigner, local_anchors

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
STATEMENT = Statement("ab" * 16, 4711, "self", "1.2.3", receipt_sha256="c0" * 32, ledger_row="d1" * 32)


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "signing"
    ProvenanceSigner.local(folder)
    return folder


@pytest.fixture
def signer(signing: Path) -> ProvenanceSigner:
    return ProvenanceSigner.local(signing)


def media(path: Path) -> Path:
    if path.suffix in (".mp4", ".mov", ".m4v"):
        with VideoWriter(path, (64, 48), rate=Fraction(25)) as writer:
            for index in range(3):
                writer.write(PICTURE, Fraction(index, 25))
    else:
        save_image(path, PICTURE)
    return path


@pytest.fixture
def sign(tmp_path: Path, signer: ProvenanceSigner) -> Callable[..., Path]:
    def make(name: str, statement: Statement = STATEMENT) -> Path:
        source = media(tmp_path / name)
        target = source.with_name(f"signed-{name}")
        sign_file(source, target, file_type(source).mime or "", statement, signer)
        return target

    return make


@pytest.mark.parametrize("name", ["a.mp4", "a.m4v", "a.mov", "a.png", "a.jpg", "a.webp"])
def test_what_was_signed_is_read_back(sign: Callable[..., Path], name: str) -> None:
    reading = read_manifest(sign(name))
    assert (reading.state, reading.problems) == ("valid", ())
    assert reading.statement == STATEMENT.assertion()
    assert (reading.mark_id, reading.generated, reading.generator) == (4711, True, "Mimica 1.2.3")


def test_its_own_authority_makes_it_trusted_and_another_does_not(
    sign: Callable[..., Path], signing: Path, tmp_path: Path
) -> None:
    signed = sign("a.png")
    ProvenanceSigner.local(tmp_path / "other")
    assert read_manifest(signed, local_anchors(signing)).state == "trusted"
    assert read_manifest(signed, (tmp_path / "other" / AUTHORITY).read_text()).state == "valid"


def test_the_manifest_forbids_training_and_binds_the_mark(sign: Callable[..., Path]) -> None:
    import c2pa

    with c2pa.Reader(str(sign("a.png"))) as reader:
        active: dict[str, Any] = reader.get_active_manifest() or {}
    found = {item["label"]: item["data"] for item in active["assertions"]}
    uses = {entry["use"] for entry in found["cawg.training-mining"]["entries"].values()}
    assert uses == {"notAllowed"}
    assert found["c2pa.soft-binding"] == {"alg": "mimica.mark", "blocks": [{"scope": {}, "value": "1267"}]}
    assert "thumbnail" not in json.dumps(active)


def test_a_photo_without_a_manifest_is_bound_by_our_own_hash_and_its_name_stays_private(
    sign: Callable[..., Path], tmp_path: Path
) -> None:
    photo = media(tmp_path / "my-secret-name.jpg")
    driver = tmp_path / "driver.mkv"
    driver.write_bytes(b"\x1aE\xdf\xa3" + bytes(50))
    sources = (Source("photo", photo, "e2" * 32), Source("driver", driver, "f3" * 32))
    signed = sign("a.mp4", replace(STATEMENT, sources=sources))
    reading = read_manifest(signed)
    assert reading.state == "valid"
    assert sorted(reading.ingredients) == ["driver", "photo"]
    assert reading.statement is not None
    assert reading.statement["inputs"] == {"photo": {"sha256": "e2" * 32}, "driver": {"sha256": "f3" * 32}}
    assert b"my-secret-name" not in signed.read_bytes()


def test_the_manifests_of_inputs_are_kept(sign: Callable[..., Path]) -> None:
    photo, driver = sign("photo.jpg"), sign("driver.mp4")
    sources = (Source("photo", photo, "e2" * 32), Source("driver", driver, "f3" * 32))
    reading = read_manifest(sign("out.mp4", replace(STATEMENT, sources=sources)))
    assert (reading.state, reading.chained) == ("valid", 2)


def test_a_damaged_input_is_noted_and_does_not_stop_the_signature(signer: ProvenanceSigner, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff" + bytes(99))
    statement = replace(STATEMENT, sources=(Source("photo", broken, "e2" * 32),))
    notes = sign_file(media(tmp_path / "a.png"), tmp_path / "b.png", "image/png", statement, signer)
    assert len(notes) == 1
    assert "photo" in notes[0]
    assert read_manifest(tmp_path / "b.png").state == "valid"


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.jpg", "a.webp"])
def test_one_changed_byte_of_the_picture_is_noticed(sign: Callable[..., Path], name: str) -> None:
    signed = sign(name)
    content = bytearray(signed.read_bytes())
    content[-40] ^= 1
    signed.write_bytes(content)
    assert read_manifest(signed).state == "invalid"


def test_a_changed_statement_is_noticed(sign: Callable[..., Path]) -> None:
    signed = sign("a.mp4")
    content = signed.read_bytes()
    assert content.count(b"self") >= 1
    position = content.index(b"self", content.index(b"mimica.animation"))
    signed.write_bytes(content[:position] + b"SELF" + content[position + 4 :])
    assert read_manifest(signed).state == "invalid"


@pytest.mark.parametrize("box", [b"free", b"skip"])
def test_data_hidden_in_boxes_that_the_library_does_not_hash_is_noticed(sign: Callable[..., Path], box: bytes) -> None:
    signed = sign("a.mp4")
    with signed.open("ab") as file:
        file.write((16).to_bytes(4, "big") + box + b"stranger")
    reading = read_manifest(signed)
    assert reading.state == "invalid"
    assert any(box.decode() in problem and "no signature covers" in problem for problem in reading.problems)


def test_a_source_type_that_does_not_exist_is_invalid_though_the_library_accepts_it(
    sign: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "DIGITAL_SOURCE_TYPE", "http://cv.iptc.org/newscodes/digitalsourcetype/honestPhoto")
    reading = read_manifest(sign("a.png"))
    assert reading.state == "invalid"
    assert "honestPhoto" in reading.problems[0]
    assert not reading.generated


def test_a_strangers_manifest_is_not_ours(sign: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "ASSERTION", "com.example.edit")
    reading = read_manifest(sign("a.png"))
    assert (reading.state, reading.ours, reading.generated) == ("valid", False, True)


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.jpg", "a.webp"])
def test_files_without_a_manifest_have_none(tmp_path: Path, name: str) -> None:
    assert read_manifest(media(tmp_path / name)).state == "absent"


def test_a_format_without_a_place_for_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1aE\xdf\xa3" + bytes(50))
    reading = read_manifest(path)
    assert (reading.state, reading.problems) == ("absent", ("this format has no place for a manifest",))


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.jpg", "a.webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_off_files_are_never_valid(sign: Callable[..., Path], name: str, share: float) -> None:
    signed = sign(name)
    content = signed.read_bytes()
    signed.write_bytes(content[: int(len(content) * share)])
    assert read_manifest(signed).state in ("invalid", "absent")


def test_a_failing_signer_leaves_nothing(tmp_path: Path, signer: ProvenanceSigner) -> None:
    source, target = media(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    bad = replace(signer, certificates=signer.certificates[:400])
    with pytest.raises(OutputError, match="could not be signed"):
        sign_file(source, target, "video/mp4", STATEMENT, bad)
    assert not target.exists()


def test_a_time_stamp_server_that_does_not_answer_leaves_nothing(tmp_path: Path, signer: ProvenanceSigner) -> None:
    source, target = media(tmp_path / "a.png"), tmp_path / "b.png"
    silent = replace(signer, timestamp_url="http://127.0.0.1:9/none")
    with pytest.raises(OutputError, match=r"127\.0\.0\.1:9"):
        sign_file(source, target, "image/png", STATEMENT, silent)
    assert not target.exists()


def test_a_manifest_that_lies_elsewhere_is_not_fetched(tmp_path: Path, signer: ProvenanceSigner) -> None:
    import c2pa

    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    source, target = media(tmp_path / "a.jpg"), tmp_path / "b.jpg"
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        info = c2pa.C2paSignerInfo(signer.algorithm, signer.certificates, signer.private_key, None)
        action = {"action": "c2pa.created", "digitalSourceType": manifests.DIGITAL_SOURCE_TYPE}
        label = {"label": "c2pa.actions.v2", "data": {"actions": [action]}}
        with c2pa.Builder({"claim_generator_info": [{"name": "stranger"}], "assertions": [label]}) as builder:
            builder.set_no_embed()
            builder.set_remote_url(f"http://127.0.0.1:{server.server_port}/manifest.c2pa")
            builder.sign_file(source, target, c2pa.Signer.from_info(info))
        assert b"manifest.c2pa" in target.read_bytes()
        reading = read_manifest(target)
        server.shutdown()
    assert reading.state == "absent"
    assert "not fetched" in reading.problems[0]
    assert asked == []


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.png", "a.jpg", "a.webp"])
def test_data_hidden_in_the_padding_of_the_signature_is_noticed(sign: Callable[..., Path], name: str) -> None:
    signed = sign(name)
    content = signed.read_bytes()
    (place,) = (match.end() for match in re.finditer(rb"cpadY..\0", content, re.DOTALL))
    room = len(content[place:]) - len(content[place:].lstrip(b"\0"))
    assert room > 500, "the library reserves a kilobyte and does not look at it"
    for at, secret in ((place, b"x"), (place + room - 6, b"secret")):
        signed.write_bytes(content[:at] + secret + content[at + len(secret) :])
        reading = read_manifest(signed)
        assert reading.state == "invalid"
        assert reading.problems == (f"{len(secret)} bytes in the padding of the manifest, which no signature covers",)
    signed.write_bytes(content)
    assert read_manifest(signed).state == "valid"


def test_the_padding_of_a_manifest_in_many_jpeg_segments_is_found(tmp_path: Path) -> None:
    def segment(number: int, content: bytes) -> bytes:
        head = b"" if number == 1 else b"\0\0\0\0jumb"  # every further segment repeats the box's head
        body = b"JP\0\1" + number.to_bytes(4, "big") + head + content
        return b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body

    for secret, told in ((b"", []), (b"!!", ["2 bytes in the padding of the manifest"])):
        store = b"\0" * 60 + b"cpadY\x01\x00" + (secret + bytes(256))[:256] + b"rest"
        path = tmp_path / "a.jpg"
        path.write_bytes(b"\xff\xd8" + segment(1, store[:65]) + segment(2, store[65:]) + b"\xff\xda\0\0")
        assert filled_padding(path, "image/jpeg") == told


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg", "image/webp", "video/mp4", "video/x-matroska"])
@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\0" * 40, b"\xff\xd8\xff\xeb\0\0" * 9])
def test_odd_files_have_no_padding(tmp_path: Path, mime: str, content: bytes) -> None:
    (tmp_path / "odd").write_bytes(content)
    assert filled_padding(tmp_path / "odd", mime) == []


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        (("photo",), "expression, pose or gaze was changed"),
        (("photo", "driver"), "animated with the motion of another"),
    ],
)
def test_the_manifest_tells_an_edit_from_an_animation(roles: tuple[str, ...], words: str) -> None:
    sources = tuple(Source(role, None, "ab" * 32) for role in roles)
    definition = manifests._definition(replace(STATEMENT, sources=sources), [])
    assert words in definition["assertions"][0]["data"]["actions"][0]["description"]
