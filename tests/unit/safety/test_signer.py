"""The key that signs: made once, private, and the user's own checked before anything is computed."""

from __future__ import annotations

import os
import platform
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509 import load_pem_x509_certificates

from mimica.errors import OutputError, UsageError
from mimica.safety.signer import AUTHORITY, CERTIFICATE, KEY, ProvenanceSigner, check_timestamp_url, local_anchors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "signing"


def test_the_key_is_made_once_and_is_private(folder: Path) -> None:
    first = ProvenanceSigner.local(folder)
    assert ProvenanceSigner.local(folder) == first
    assert sorted(path.name for path in folder.parent.iterdir()) == ["signing"]
    if os.name == "posix":
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
        assert modes == {"signing": 0o700, KEY: 0o600, CERTIFICATE: 0o600, AUTHORITY: 0o600}


def test_processes_that_start_together_end_up_with_one_key(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(lambda _: ProvenanceSigner.local(folder), range(8)))
    assert len({signer.private_key for signer in signers}) == 1
    assert sorted(path.name for path in folder.parent.iterdir()) == ["signing"]


def test_the_authority_signed_the_certificate_and_its_key_is_nowhere(folder: Path) -> None:
    signer = ProvenanceSigner.local(folder)
    leaf, authority = load_pem_x509_certificates(signer.certificates)
    leaf.verify_directly_issued_by(authority)
    keys = [path.name for path in folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [KEY]
    assert local_anchors(folder) == authority.public_bytes(Encoding.PEM).decode()


def test_the_certificate_names_no_machine_and_no_person(folder: Path) -> None:
    (leaf, authority) = load_pem_x509_certificates(ProvenanceSigner.local(folder).certificates)
    for certificate in (leaf, authority):
        text = certificate.subject.rfc4514_string() + certificate.issuer.rfc4514_string()
        assert platform.node() not in text
        assert "Mimica on this machine" in text


def test_the_secret_is_in_no_message(folder: Path) -> None:
    assert "PRIVATE" not in repr(ProvenanceSigner.local(folder))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="MIMICA_HOME"):
            ProvenanceSigner.local(tmp_path / "signing")
    finally:
        tmp_path.chmod(0o700)


def test_half_a_key_is_an_error(folder: Path) -> None:
    ProvenanceSigner.local(folder)
    (folder / KEY).unlink()
    with pytest.raises(OutputError, match="away to get a new key"):
        ProvenanceSigner.local(folder)


def test_the_users_own_files_are_taken(folder: Path) -> None:
    local = ProvenanceSigner.local(folder)
    own = ProvenanceSigner.from_files(folder / KEY, folder / CERTIFICATE, "http://time.example/tsa")
    assert (own.algorithm, own.certificates, own.private_key) == ("es256", local.certificates, local.private_key)
    assert own.timestamp_url == "http://time.example/tsa"


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


@pytest.mark.parametrize("content", [b"", b"not a key", pem(ed25519.Ed25519PrivateKey.generate(), b"secret")])
def test_what_is_no_open_key_is_refused(folder: Path, tmp_path: Path, content: bytes) -> None:
    ProvenanceSigner.local(folder)
    key = tmp_path / "own.pem"
    key.write_bytes(content)
    with pytest.raises(UsageError, match=r"own\.pem"):
        ProvenanceSigner.from_files(key, folder / CERTIFICATE)


def test_a_key_and_a_certificate_of_somebody_else_are_refused(folder: Path, tmp_path: Path) -> None:
    ProvenanceSigner.local(folder)
    key = tmp_path / "other.pem"
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(UsageError, match="does not belong to the key"):
        ProvenanceSigner.from_files(key, folder / CERTIFICATE)


def test_a_missing_file_and_a_file_without_certificates_are_named(folder: Path, tmp_path: Path) -> None:
    ProvenanceSigner.local(folder)
    with pytest.raises(UsageError, match=r"absent\.pem"):
        ProvenanceSigner.from_files(tmp_path / "absent.pem", folder / CERTIFICATE)
    with pytest.raises(UsageError, match="no PEM certificate"):
        ProvenanceSigner.from_files(folder / KEY, folder / KEY)


@pytest.mark.parametrize("url", ["", "time.example", "file:///etc/passwd", "ftp://time.example", "http://", "http://ü"])
def test_a_time_stamp_server_is_a_web_address(url: str) -> None:
    with pytest.raises(UsageError, match="time stamp server"):
        check_timestamp_url(url)
