from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from mimica.errors import OutputError, UsageError
from mimica.safety.home import home, write_private
from mimica.safety.keys import (
    PublicKey,
    decode,
    encode,
    generate_key,
    key_path,
    load_signing_key,
    public_key_path,
    read_public_key,
    trust,
    trusted_keys,
)


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    """Appendix A.3 of RFC 8037."""
    key = PublicKey(decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_is_made_once_and_read_again(own_home: Path) -> None:
    made = generate_key("Alice")
    assert load_signing_key().public == made.public == read_public_key(public_key_path())
    assert key_path().is_relative_to(own_home)
    with pytest.raises(OutputError, match="exists already and is kept"):
        generate_key("Alice")
    assert load_signing_key().public == made.public


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_modes_whatever_the_umask() -> None:
    before = os.umask(0)
    try:
        generate_key("Alice")
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_path().stat().st_mode) == 0o600
    for folder in (home(), key_path().parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_key_says_how_to_make_one() -> None:
    with pytest.raises(UsageError, match="mimica consent keygen"):
        load_signing_key()


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "ec.pem"
    path.write_bytes(generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UsageError, match="no Ed25519 key"):
        load_signing_key(path)
    path.write_text("-----BEGIN NOTHING-----")
    with pytest.raises(UsageError, match="cannot be read"):
        load_signing_key(path)


def test_nobody_is_trusted_at_first_not_even_oneself() -> None:
    key = generate_key("Alice").public
    assert trusted_keys() == {}
    trust(key)
    assert trusted_keys() == {key.thumbprint: key}


@pytest.mark.parametrize(
    "change",
    [{"kty": "EC"}, {"crv": "X25519"}, {"x": "AAAA"}, {"x": "!"}, {"kid": "other"}, {"x": 5}, {"d": "AAAA"}],
)  # fmt: skip
def test_other_files_are_no_public_key(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "key.jwk"
    path.write_text(json.dumps(PublicKey(bytes(32), "A").as_jwk() | change))
    with pytest.raises(UsageError, match=r"key .*key\.jwk: "):
        read_public_key(path)


def test_a_damaged_trusted_key_is_told_not_skipped(own_home: Path) -> None:
    (own_home / "trusted").mkdir(parents=True)
    (own_home / "trusted" / "x.jwk").write_text("{}")
    with pytest.raises(UsageError, match="is not a public Ed25519 key"):
        trusted_keys()


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A A", "A+/A", "é", "AAA\n"])
def test_only_one_spelling_of_base64url(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        decode(text)


def test_base64url_goes_there_and_back() -> None:
    for length in range(20):
        data = bytes(range(250, 250 - length, -1))
        assert decode(encode(data)) == data


def test_home_follows_the_platform_unless_moved(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    assert home() == own_home
    monkeypatch.setenv("MIMICA_HOME", "")
    assert home().name == "mimica"
    monkeypatch.setenv("MIMICA_HOME", "relative")
    assert home().is_absolute()


def test_private_files_are_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "private" / "file"
    write_private(path, b"one")
    with pytest.raises(OutputError, match="exists already"):
        write_private(path, b"two")
    assert path.read_bytes() == b"one"
    write_private(path, b"three", replace=True)
    assert path.read_bytes() == b"three"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]
    with pytest.raises(OutputError, match="cannot be made private"):
        write_private(path / "below", b"")
