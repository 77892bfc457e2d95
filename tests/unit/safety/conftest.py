"""A home of its own for every test, and a person with a trusted key who grants receipts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mimica.safety.keys import SigningKey, generate_key, trust
from mimica.safety.perceptual_hash import PortraitPrint
from mimica.safety.receipts import ReceiptTerms, sign_receipt


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MIMICA_HOME", str(folder))
    return folder


@dataclass(frozen=True)
class Grantor:
    """A person with a key. now: the time of the tests. covered: what their receipts allow, for `require_consent`."""

    key: SigningKey
    folder: Path
    now: ClassVar = datetime.now(UTC).replace(microsecond=0)
    portrait: ClassVar = PortraitPrint("a1" * 32, "b2" * 32)
    driver: ClassVar = "c3" * 32

    @property
    def terms(self) -> ReceiptTerms:
        return ReceiptTerms(
            "Alice", "Bob's films", self.portrait, ("personal", "research"), self.now - timedelta(days=1),
            self.now + timedelta(days=30),
        )  # fmt: skip

    @property
    def covered(self) -> dict[str, Any]:
        return {"portrait": self.portrait, "driver_sha256": self.driver, "now": self.now}

    def grant(self, **changes: Any) -> Path:
        """A signed receipt with some terms changed."""
        path = self.folder / "receipt.jws"
        path.write_text(sign_receipt(replace(self.terms, **changes), self.key), encoding="ascii")
        return path


@pytest.fixture
def alice(tmp_path: Path) -> Grantor:
    """Her key is trusted here."""
    key = generate_key("Alice", tmp_path / "alice" / "key.pem")
    trust(key.public)
    return Grantor(key, tmp_path)


@pytest.fixture
def mallory(tmp_path: Path) -> Grantor:
    """Nobody trusts that key."""
    folder = tmp_path / "mallory"
    return Grantor(generate_key("Mallory", folder / "key.pem"), folder)
