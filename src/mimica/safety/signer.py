"""Who signs: a private key with its certificates, made on first use or given by the user.

A key made here belongs to an authority of its own that exists only on this machine: its manifests are *valid*, and
*trusted* only by those who were given ``authority.pem``. The authority's private key is thrown away once it has signed
the one certificate, so nobody can issue a second. This module does not know what is signed.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mimica.errors import OutputError, UsageError
from mimica.media.leftovers import remove_leftovers, temporary_path
from mimica.safety.home import private_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import CertificateBuilder, KeyUsage, Name

KEY, CERTIFICATE, AUTHORITY = "key.pem", "certificate.pem", "authority.pem"
VALIDITY: Final = timedelta(days=3650)
BACKDATED: Final = timedelta(days=1)
"""A clock that is corrected by some hours must not make yesterday's key start tomorrow."""

_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class ProvenanceSigner:
    """What C2PA needs to sign. Make one with `local` or `from_files`.

    algorithm: COSE name such as "es256". certificates, private_key: PEM, the signing certificate first.
    timestamp_url: RFC 3161 server asked at each signature, None for none. name: for messages.
    """

    algorithm: str
    certificates: bytes
    private_key: bytes
    timestamp_url: str | None = None
    name: str = "the local signing key"

    def __repr__(self) -> str:
        return f"ProvenanceSigner({self.name}, {self.algorithm}, timestamp_url={self.timestamp_url!r})"

    @classmethod
    def local(cls, folder: Path, timestamp_url: str | None = None) -> ProvenanceSigner:
        """The key of this machine in `folder`, made on first use: folder of mode 700, key of mode 600.

        Raises OutputError when it cannot be made, or is there but cannot be read.
        """
        url = check_timestamp_url(timestamp_url)
        try:
            if not folder.exists():
                _make_local(folder)
            with suppress(OSError):  # as made; a copy may have been opened to others
                (folder / KEY).chmod(0o600)
            return cls("es256", (folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes(), url)
        except OSError as error:
            raise OutputError(
                f"signing key in {folder}: cannot be made or read ({error.strerror}); without a signature nothing is "
                f"written: set MIMICA_HOME to a folder of yours, or move {folder} away to get a new key"
            ) from error

    @classmethod
    def from_files(cls, key: Path, certificate: Path, timestamp_url: str | None = None) -> ProvenanceSigner:
        """The user's own key and certificate chain, PEM files, the signing certificate first and no password.

        Raises UsageError when one cannot be read, they do not belong together, or C2PA knows no such key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
        from cryptography.x509 import load_pem_x509_certificates

        url = check_timestamp_url(timestamp_url)
        key_pem, chain_pem = _read(key, "signing key"), _read(certificate, "certificate")
        try:
            private = load_pem_private_key(key_pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise UsageError(
                f"signing key {key}: is no PEM private key without a password; convert it first"
            ) from error
        try:
            leaf = load_pem_x509_certificates(chain_pem)[0]
        except (ValueError, IndexError) as error:
            raise UsageError(f"certificate {certificate}: holds no PEM certificate; export the chain as PEM") from error
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
            raise UsageError(f"certificate {certificate}: does not belong to the key {key}; put its own first")
        return cls(_algorithm(private, key), chain_pem, key_pem, url, f"the key {key}")


def local_anchors(folder: Path) -> str | None:
    """The local authority's certificate in `folder` as PEM, which makes this machine's manifests trusted here."""
    try:
        return (folder / AUTHORITY).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def check_timestamp_url(url: str | None) -> str | None:
    """`url` itself. Raises UsageError unless it is None or an http(s) address."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii():
        raise UsageError(f"time stamp server {url!r}: give an address such as http://timestamp.digicert.com")
    return url


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{what} {path}: cannot be read ({error.strerror}); give a PEM file") from error


def _algorithm(private: object, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return "ps256"
    raise UsageError(
        f"signing key {path}: C2PA signs with P-256, P-384, P-521, Ed25519 or RSA from 2048 bits; make one"
    )


def _make_local(folder: Path) -> None:
    """All three files appear at once under their name: two processes that start together end up with one key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    authority, certificate = _certificates(authority_key, key.public_key())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private_folder(folder.parent)
    remove_leftovers(folder.parent)
    unfinished = temporary_path(folder)
    unfinished.mkdir(mode=0o700)
    try:
        for name, content in ((KEY, secret), (CERTIFICATE, certificate + authority), (AUTHORITY, authority)):
            handle = os.open(unfinished / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        try:
            unfinished.rename(folder)
        except OSError:
            if not (folder / KEY).exists():  # otherwise another process was first, and its key is as good
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _certificates(authority_key: EllipticCurvePrivateKey, public: EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """A self-signed authority and the signing certificate it issues, both PEM, as C2PA 2.x profiles them (§14.5)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root = authority_key.public_key()
    issuer = _name("Mimica on this machine, authority")
    authority = (
        _certificate(issuer, issuer, root)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root), critical=False)
        .sign(authority_key, SHA256())
    )
    leaf = (
        _certificate(_name("Mimica on this machine"), issuer, public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(authority_key, SHA256())
    )
    return authority.public_bytes(Encoding.PEM), leaf.public_bytes(Encoding.PEM)


def _certificate(subject: Name, issuer: Name, public: EllipticCurvePublicKey) -> CertificateBuilder:
    from cryptography.x509 import CertificateBuilder, random_serial_number

    start = datetime.now(UTC) - BACKDATED
    return (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALIDITY)
    )


def _name(common: str) -> Name:
    from cryptography.x509 import Name, NameAttribute
    from cryptography.x509.oid import NameOID

    # the machine's and the user's names stay out: every viewer of the video could read them
    return Name([NameAttribute(NameOID.ORGANIZATION_NAME, "self-signed"), NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, sign: bool) -> KeyUsage:
    from cryptography.x509 import KeyUsage

    return KeyUsage(
        digital_signature=sign, key_cert_sign=not sign, crl_sign=not sign, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
