"""Tokens: who may come in. A token is shown once; the file keeps its name and sha256 only.

A token has 256 random bits, so a plain sha256 at rest cannot be turned back; comparisons take the same time wherever
two hashes differ. A page swaps its token for a cookie (`Visitors`). This module does not know routes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session as Transaction

from mimica.errors import UsageError
from mimica.safety.home import write_private
from mimica.service.tables import Session

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LINE: Final = re.compile(rf"({_NAME.pattern}) ([0-9a-f]{{64}})")
SESSION_S: Final = 12 * 3600.0


def sha256_of(secret: str) -> str:
    """sha256 of a secret, 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def make_token(file: Path, name: str) -> str:
    """Add a token for `name` to `file` (made with mode 600) and give it; it cannot be shown again.

    Raises UsageError when the name is taken or odd, OutputError when the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"--make-token {name!r}: use up to 40 letters, digits, dots, dashes and underscores")
    known = read_tokens(file) if file.exists() else {}
    if name in known:
        raise UsageError(f"--make-token {name}: {file} has a token of this name; remove its line first to replace it")
    token = f"mimica_{secrets.token_urlsafe(32)}"
    lines = [f"{each} {digest}" for each, digest in {**known, name: sha256_of(token)}.items()]
    write_private(file, ("\n".join(lines) + "\n").encode(), replace=True)
    return token


def read_tokens(file: Path) -> dict[str, str]:
    """Name → sha256. Raises UsageError when the file is missing, empty, open to others or not in this form."""
    try:
        text = file.read_text(encoding="ascii")
        if os.name != "nt" and file.stat().st_mode & 0o077:
            raise UsageError(f"token file {file}: others can read or write it; run chmod 600 on it")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a token file"
        raise UsageError(
            f"token file {file}: cannot be read ({reason}); make it with --token-file FILE --make-token NAME"
        ) from error
    tokens: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or found[1] in tokens:
            raise UsageError(f"token file {file}, line {number}: is not 'NAME SHA256', or names somebody twice")
        tokens[found[1]] = found[2]
    if not tokens:
        raise UsageError(f"token file {file}: holds no token; add one with --make-token NAME")
    return tokens


@dataclass(frozen=True, slots=True)
class TokenBook:
    """The tokens that open the door."""

    tokens: dict[str, str]

    def owner(self, token: str) -> str | None:
        """Whose token this is. Every hash is compared, so the time tells nothing."""
        digest = sha256_of(token)
        found: str | None = None
        for name, known in self.tokens.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


class Visitors:
    """Pages that have shown a token: their cookies, of which only the sha256 is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def welcome(self, owner: str) -> str:
        """A new cookie for `owner`."""
        cookie = secrets.token_urlsafe(32)
        now = time.time()
        with Transaction(self._engine) as session, session.begin():
            session.execute(delete(Session).where(Session.expires < now))
            session.add(Session(sha256=sha256_of(cookie), owner=owner, expires=now + SESSION_S))
        return cookie

    def owner(self, cookie: str) -> str | None:
        """Whose cookie this is, while it holds."""
        with Transaction(self._engine) as session:
            found = session.scalar(select(Session).where(Session.sha256 == sha256_of(cookie)))
        return found.owner if found is not None and found.expires > time.time() else None

    def farewell(self, cookie: str) -> None:
        """Forget a cookie."""
        with Transaction(self._engine) as session, session.begin():
            session.execute(delete(Session).where(Session.sha256 == sha256_of(cookie)))
