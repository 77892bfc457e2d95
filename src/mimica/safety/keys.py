"""Ed25519 keys: the one that signs a person's receipts, and the public keys of others that this machine trusts.

Private keys lie as PKCS #8 in `home`, mode 600; public keys are handed over as JWK (RFC 8037) and named by their
thumbprint (RFC 7638). Trust is a decision of the person at this machine (`mimica consent trust`): a receipt never
brings its own key. This module does not know what is signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mimica.errors import UsageError
from mimica.safety.home import home, write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_KEY_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public Ed25519 key. raw: its 32 bytes. owner: who it belongs to, as they or the trusting person wrote it."""

    raw: bytes
    owner: str = ""

    @property
    def thumbprint(self) -> str:
        """RFC 7638: 43 characters that name the key; people compare them by another way, such as by phone."""
        members = {"crv": "Ed25519", "kty": "OKP", "x": encode(self.raw)}
        return encode(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())

    def as_jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key, `owner` as a member of ours."""
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(self.raw), "kid": self.thumbprint, "owner": self.owner}

    @classmethod
    def from_jwk(cls, content: bytes, label: str) -> PublicKey:
        """Read what `as_jwk` wrote. Raises UsageError when it is no Ed25519 JWK, or holds a private key."""
        try:
            values: Any = json.loads(content)
            if "d" in values:
                raise UsageError(f"{label}: holds a private key; its owner must hand over the public one only")
            if (values["kty"], values["crv"]) != ("OKP", "Ed25519"):
                raise ValueError(f"key type {values['kty']} {values['crv']}")
            raw = decode(values["x"])
            if len(raw) != 32:
                raise ValueError(f"{len(raw)} bytes")
            key = cls(raw, str(values.get("owner", "")))
            if values.get("kid", key.thumbprint) != key.thumbprint:
                raise ValueError("its kid is not its thumbprint")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{label}: is not a public Ed25519 key as JWK ({error}); ask for the file again"
            ) from error
        return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private Ed25519 key with its public half."""

    private: Ed25519PrivateKey
    public: PublicKey


def key_path() -> Path:
    """Where this person's private key lies."""
    return home() / "keys" / "consent.pem"


def public_key_path() -> Path:
    """Where the public half lies, to be handed over."""
    return home() / "keys" / "consent.jwk"


def generate_key(owner: str, path: Path | None = None) -> SigningKey:
    """Make a new key pair and keep it (mode 600).

    owner: whose key it is. path: of the private key, `key_path()` when None; the public one lies beside it as .jwk.

    Raises:
        OutputError: there is a key already, which is kept, or the folder cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = key_path() if path is None else path
    private = Ed25519PrivateKey.generate()
    key = SigningKey(private, PublicKey(private.public_key().public_bytes_raw(), owner))
    write_private(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(path.with_suffix(".jwk"), _dump(key.public), replace=True)
    return key


def load_signing_key(path: Path | None = None) -> SigningKey:
    """The private key at `path`, `key_path()` when None. Raises UsageError when it is missing or no Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = key_path() if path is None else path
    try:
        private = load_pem_private_key(_read(path), None)
    except FileNotFoundError as error:
        raise UsageError(f"key {path}: there is none yet; make one with: mimica consent keygen") from error
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"key {path}: cannot be read ({error}); give an unencrypted PKCS #8 file") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"key {path}: is no Ed25519 key; make one with: mimica consent keygen")
    owner = ""
    beside = path.with_suffix(".jwk")
    if beside.is_file():
        owner = PublicKey.from_jwk(_read(beside), f"key {beside}").owner
    return SigningKey(private, PublicKey(private.public_key().public_bytes_raw(), owner))


def read_public_key(path: Path) -> PublicKey:
    """A public key that was handed over. Raises UsageError when the file is missing or holds none."""
    try:
        return PublicKey.from_jwk(_read(path), f"key {path}")
    except OSError as error:
        raise UsageError(f"key {path}: cannot be read ({error.strerror}); check the path") from error


def trust(key: PublicKey) -> Path:
    """Trust receipts that `key` signs from now on; gives the file that says so. Raises OutputError."""
    path = _trusted_folder() / f"{key.thumbprint}.jwk"
    write_private(path, _dump(key), replace=True)
    return path


def trusted_keys() -> dict[str, PublicKey]:
    """The keys that this machine trusts, by thumbprint. Raises UsageError when one of their files is damaged."""
    folder = _trusted_folder()
    keys = [read_public_key(path) for path in sorted(folder.glob("*.jwk"))] if folder.is_dir() else []
    return {key.thumbprint: key for key in keys}


def encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Inverse of `encode`; only the one canonical spelling counts. Raises ValueError on any other."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64url ({error})") from error
    if encode(data) != text:
        raise ValueError("not the canonical base64url")
    return data


def _trusted_folder() -> Path:
    return home() / "trusted"


def _dump(key: PublicKey) -> bytes:
    return (json.dumps(key.as_jwk(), indent=1, ensure_ascii=True) + "\n").encode()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_KEY_BYTES)
