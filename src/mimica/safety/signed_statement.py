"""Signed statements: JSON in a compact JWS (RFC 7515) under one algorithm, Ed25519 (RFC 8037, RFC 9864).

The header is exactly `alg`, `kid` and `typ`: no key, address or extension in it is ever followed, and every part has
one spelling, so each changed byte is noticed. This module does not know what a statement means, nor whom to trust.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from mimica.errors import ForbiddenAlgorithm, MalformedReceipt, TamperedReceipt, UnknownGrantor
from mimica.safety.keys import PublicKey, SigningKey, decode, encode

ALGORITHM: Final = "Ed25519"
"""EdDSA over Curve25519 by its name in RFC 9864, which retires "EdDSA" because that leaves the curve open."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a token says. kid: thumbprint of the key that is said to have signed it. payload: the JSON object."""

    kid: str
    payload: dict[str, Any]


def sign_statement(payload: Mapping[str, Any], typ: str, key: SigningKey) -> str:
    """The token for `payload`. typ: what kind of statement it is, so that one kind never passes for another."""
    from joserfc import jws
    from joserfc.jwk import OKPKey

    header = {"alg": ALGORITHM, "kid": key.public.thumbprint, "typ": typ}
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    private = encode(key.private.private_bytes_raw())
    jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": encode(key.public.raw), "d": private})
    return jws.serialize_compact(header, body, jwk, algorithms=[ALGORITHM])


def read_unverified(token: bytes, typ: str, label: str) -> Statement:
    """What a token says, its form checked but not its signature: to look at, never to act on.

    Raises:
        MalformedReceipt: not a compact JWS of this kind, in its one spelling.
        ForbiddenAlgorithm: any algorithm but Ed25519.
    """
    try:
        parts = token.decode("ascii").split(".")
        if len(parts) != 3:
            raise ValueError("it has no three parts")
        header, payload, _ = (decode(part) for part in parts)
        head = _object(header)
        body = _object(payload)
    except ValueError as error:
        raise MalformedReceipt(
            f"{label}: is not a signed statement ({error}); ask for the file again, unchanged"
        ) from error
    algorithm = head.get("alg")
    if algorithm != ALGORITHM:
        raise ForbiddenAlgorithm(
            f"{label}: is signed by {algorithm!r}, which proves nothing here; it must be signed with {ALGORITHM}"
        )
    if head.keys() != {"alg", "kid", "typ"} or head["typ"] != typ or not isinstance(head["kid"], str):
        raise MalformedReceipt(
            f"{label}: its header is not that of a {typ} (members {', '.join(sorted(head))}); ask for the file again"
        )
    return Statement(head["kid"], body)


def verify_statement(token: bytes, typ: str, keys: Mapping[str, PublicKey], label: str) -> Statement:
    """What a token says, when one of `keys` (by thumbprint) signed exactly this.

    Raises:
        MalformedReceipt, ForbiddenAlgorithm: as `read_unverified`.
        UnknownGrantor: its key is not among `keys`.
        TamperedReceipt: the signature does not fit.
    """
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import OKPKey

    said = read_unverified(token, typ, label)
    key = keys.get(said.kid)
    if key is None:
        raise UnknownGrantor(
            f"{label}: is signed by the key {said.kid[:43]}, which is not trusted here; compare it with the person by "
            "another way, then: mimica consent trust THEIR.jwk"
        )
    jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": encode(key.raw)})
    try:
        verified = jws.deserialize_compact(token, jwk, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise TamperedReceipt(
            f"{label}: the signature does not fit what is written, so it was changed or forged; ask for the file again"
        ) from error
    return Statement(said.kid, _object(verified.payload or b""))


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object without double members. Raises ValueError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a member is there twice")
        return found

    try:
        value: object = json.loads(content.decode("utf-8"), object_pairs_hook=once)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("it holds no object")
    return cast("dict[str, Any]", value)
