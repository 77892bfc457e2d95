from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimica.errors import (
    ExpiredReceipt,
    ForbiddenAlgorithm,
    MalformedReceipt,
    MimicaError,
    ReceiptError,
    RevokedReceipt,
    TamperedReceipt,
    UnknownGrantor,
)
from mimica.safety import revocation
from mimica.safety.keys import encode, trusted_keys
from mimica.safety.receipts import TYPE, looks_signed, show_receipt, sign_receipt, verify_receipt
from mimica.safety.signed_statement import sign_statement


def part(value: object) -> str:
    return encode(json.dumps(value, separators=(",", ":")).encode())


def read(token: bytes, number: int) -> dict[str, Any]:
    text = token.split(b".")[number]
    return json.loads(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))


def with_header(token: bytes, **changes: object) -> bytes:
    """The token with another header and the old signature."""
    head = {name: value for name, value in (read(token, 0) | changes).items() if value is not None}
    return b".".join([part(head).encode(), *token.split(b".")[1:]])


def test_terms_survive_signing(alice: Any) -> None:
    terms = replace(alice.terms, drivers=("e5" * 32,), training=True, identifier="0f" * 16)
    receipt = verify_receipt(sign_receipt(terms, alice.key).encode(), now=alice.now)
    assert receipt.terms == terms
    assert receipt.key == alice.key.public.thumbprint


def test_the_payload_speaks_the_terms_of_the_vocabulary(alice: Any) -> None:
    payload = read(alice.grant().read_bytes(), 1)
    record = payload["dpv:hasRecordOfActivity"]
    assert payload["@type"] == "dpv:ConsentReceipt"
    assert record["@type"] == "dpv:ConsentRecord"
    assert record["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert "18 or older" in record["dpv:hasDataSubject"]["attests"]
    assert "revoke" in record["dpv:hasConsentManagement"]["dpv:isExercisedAt"]


def test_every_receipt_has_its_own_identifier(alice: Any) -> None:
    names = {show_receipt(alice.grant().read_bytes())[0].identifier for _ in range(3)}
    assert len(names) == 3


def test_no_changed_byte_is_accepted(alice: Any) -> None:
    """Every byte, one bit of it flipped, and every byte left out: about 4,000 forgeries."""
    token, keys = alice.grant().read_bytes(), trusted_keys()
    for place, byte in enumerate(token):
        flipped = token[:place] + bytes([byte ^ (1 << place % 8)]) + token[place + 1 :]
        for forged in (flipped, token[:place] + token[place + 1 :]):
            with pytest.raises(ReceiptError):
                verify_receipt(forged, keys=keys, now=alice.now)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    content=st.one_of(st.binary(max_size=400), st.text(alphabet="eyJhbGciOiJub25lIn0.-_", max_size=80).map(str.encode))
)
def test_nothing_else_is_a_receipt(alice: Any, content: bytes) -> None:
    with pytest.raises(ReceiptError):
        verify_receipt(content, now=alice.now)


def test_a_line_break_at_the_end_does_no_harm(alice: Any) -> None:
    token = alice.grant().read_bytes()
    plain = verify_receipt(token, now=alice.now)
    assert verify_receipt(token + b"\n", now=alice.now) == verify_receipt(token + b"\r\n", now=alice.now) == plain
    for more in (b" ", b"\n\n", b"\r", b"\x00", b"="):
        with pytest.raises(ReceiptError):
            verify_receipt(token + more, now=alice.now)


def test_another_persons_signature_is_forgery(alice: Any, mallory: Any) -> None:
    token = sign_receipt(alice.terms, mallory.key).encode()
    with pytest.raises(UnknownGrantor, match="not trusted here"):
        verify_receipt(token, now=alice.now)
    with pytest.raises(TamperedReceipt, match="changed or forged"):  # Mallory says that the key is Alice's
        verify_receipt(with_header(token, kid=alice.key.public.thumbprint), now=alice.now)


def test_swapped_payload_is_tampering(alice: Any) -> None:
    first, second = (alice.grant(training=training).read_bytes().split(b".") for training in (False, True))
    with pytest.raises(TamperedReceipt):
        verify_receipt(b".".join([first[0], second[1], first[2]]), now=alice.now)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS256", "ES256", "RS256", "EdDSA", "", None, 7, ["Ed25519"]]
)
def test_other_algorithms_are_forbidden(alice: Any, algorithm: object) -> None:
    token = with_header(alice.grant().read_bytes(), alg=algorithm)
    with pytest.raises(ForbiddenAlgorithm, match="must be signed with Ed25519"):
        verify_receipt(token, now=alice.now)


def test_alg_none_without_signature_is_forbidden(alice: Any) -> None:
    body = alice.grant().read_bytes().split(b".")[1].decode()
    for signature in ("", "AA"):
        token = f"{part({'alg': 'none', 'kid': alice.key.public.thumbprint, 'typ': TYPE})}.{body}.{signature}"
        with pytest.raises(ForbiddenAlgorithm):
            verify_receipt(token.encode(), now=alice.now)


def test_the_public_key_is_no_shared_secret(alice: Any) -> None:
    """The classic confusion: HS256 with the public key as the secret."""
    body = alice.grant().read_bytes().split(b".")[1].decode()
    signed = f"{part({'alg': 'HS256', 'kid': alice.key.public.thumbprint, 'typ': TYPE})}.{body}"
    token = f"{signed}.{encode(hmac.digest(alice.key.public.raw, signed.encode(), sha256))}"
    with pytest.raises(ForbiddenAlgorithm):
        verify_receipt(token.encode(), now=alice.now)


@pytest.mark.parametrize(
    "extra",
    [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"jku": "https://x"}, {"jwk": {}}, {"kid": 3}, {"typ": "JWT"}],
)  # fmt: skip
def test_headers_bring_nothing_else(alice: Any, extra: dict[str, object]) -> None:
    with pytest.raises(MalformedReceipt, match="its header is not that of"):
        verify_receipt(with_header(alice.grant().read_bytes(), **extra), now=alice.now)


def test_a_key_inside_the_receipt_is_never_believed(alice: Any, mallory: Any) -> None:
    token = with_header(sign_receipt(alice.terms, mallory.key).encode(), jwk=mallory.key.public.as_jwk())
    with pytest.raises(MalformedReceipt):
        verify_receipt(token, now=alice.now)


def test_time(alice: Any) -> None:
    receipt = alice.grant().read_bytes()
    end = alice.terms.expires_at
    assert verify_receipt(receipt, now=end - timedelta(seconds=1))
    with pytest.raises(ExpiredReceipt, match=f"expired at {alice.terms.expires_at:%Y-%m-%d}"):
        verify_receipt(receipt, now=end)
    with pytest.raises(ExpiredReceipt, match=f"holds from {alice.terms.issued_at:%Y-%m-%d}"):
        verify_receipt(receipt, now=alice.terms.issued_at - timedelta(minutes=6))
    assert verify_receipt(receipt, now=alice.terms.issued_at - timedelta(minutes=4))  # clocks differ a little


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purposes": ()}, "purposes must be"),
        ({"purposes": ("fun",)}, "purposes must be"),
        ({"purposes": ("personal", "personal")}, "each once"),
        ({"subject": " "}, "must name the person"),
        ({"controller": "x" * 201}, "longer than 200"),
        ({"drivers": ("abc",)}, "64 lower-case"),
        ({"identifier": "../../etc"}, "identifier"),
    ],
)
def test_terms_that_are_none(alice: Any, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MalformedReceipt, match=words):
        replace(alice.terms, **changes)


def test_consent_is_not_for_ever(alice: Any) -> None:
    with pytest.raises(MalformedReceipt, match="within 1825 days"):
        replace(alice.terms, expires_at=alice.now + timedelta(days=1900))
    with pytest.raises(MalformedReceipt, match="end after it begins"):
        replace(alice.terms, expires_at=alice.terms.issued_at)


def resigned(alice: Any, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A receipt that Alice's key really signed, but of another content than a receipt has."""
    payload = replace(alice.terms, identifier="0f" * 16).as_payload()
    change(payload)
    return sign_statement(payload, TYPE, alice.key).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.update(more=1),
        lambda p: p.pop("@type"),
        lambda p: p["dpv:hasRecordOfActivity"]["dpv:hasDataSubject"].update(attests="I am 17."),
        lambda p: p["dpv:hasRecordOfActivity"].update({"dpv:hasConsentStatus": "dpv:ConsentWithdrawn"}),
        lambda p: p["dpv:hasRecordOfActivity"]["dpv:hasProcess"].update(training="no"),
        lambda p: p["dpv:hasRecordOfActivity"]["dpv:hasProcess"].update(training=1),
        lambda p: p["dpv:hasRecordOfActivity"].update({"dct:identifier": ""}),
        lambda p: p["dpv:hasRecordOfActivity"].update({"dpv:hasProcess": []}),
    ],
)
def test_signed_but_no_receipt(alice: Any, change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(MalformedReceipt):
        verify_receipt(resigned(alice, change), now=alice.now)


def test_revoked_here(alice: Any) -> None:
    receipt = alice.grant().read_bytes()
    revocation.revoke(show_receipt(receipt)[0].identifier)
    with pytest.raises(RevokedReceipt, match="took it back"):
        verify_receipt(receipt, now=alice.now)


def test_a_signed_revocation_is_handed_over(alice: Any) -> None:
    receipt = alice.grant().read_bytes()
    identifier = show_receipt(receipt)[0].identifier
    token = revocation.sign_revocation(identifier, alice.key, alice.now).encode()
    assert revocation.is_revocation(token)
    assert not revocation.is_revocation(receipt)
    taken = revocation.verify_revocation(token)
    assert (taken.receipt, taken.key) == (identifier, alice.key.public.thumbprint)
    assert verify_receipt(receipt, now=alice.now)
    path = revocation.revoke(taken.receipt, taken.key, token.decode())
    path.write_bytes(b"damaged")  # does not bring consent back
    with pytest.raises(RevokedReceipt):
        verify_receipt(receipt, now=alice.now)


def test_nobody_takes_back_what_another_gave(alice: Any, mallory: Any) -> None:
    receipt = alice.grant().read_bytes()
    identifier = show_receipt(receipt)[0].identifier
    token = revocation.sign_revocation(identifier, mallory.key).encode()
    with pytest.raises(UnknownGrantor):
        revocation.verify_revocation(token)
    revocation.revoke(identifier, mallory.key.public.thumbprint)  # even if Mallory's key were trusted
    assert verify_receipt(receipt, now=alice.now)


def test_a_receipt_is_no_revocation_and_the_reverse(alice: Any) -> None:
    with pytest.raises(MalformedReceipt):
        revocation.verify_revocation(alice.grant().read_bytes())
    with pytest.raises(MalformedReceipt):
        verify_receipt(revocation.sign_revocation("0f" * 16, alice.key).encode(), now=alice.now)


def test_looks_signed(alice: Any) -> None:
    assert looks_signed(alice.grant().read_bytes() + b"\n")
    assert not looks_signed(b"Creative Commons Attribution 4.0. See https://creativecommons.org")


def test_every_refusal_is_one_line(alice: Any, mallory: Any) -> None:
    for forged in (b"x", with_header(alice.grant().read_bytes(), alg="none"), mallory.grant().read_bytes()):
        with pytest.raises(MimicaError) as caught:
            verify_receipt(forged, label="receipt r.jws", now=alice.now)
        assert str(caught.value).startswith("receipt r.jws: ")
        assert "\n" not in str(caught.value)
