"""The denylist: people who asked not to be animated, recognised locally; off until somebody is put on it.

What is kept is an embedding of a face, which is biometric data (GDPR art. 9, BIPA): put people on it only at their own
request. So it is opt-in, sealed at rest (AES-256-GCM, its key in another file with mode 600), holds no names and no
pictures, each entry ends by itself, and `erase` leaves nothing. Sealing protects copies and backups of the file, not
from somebody who can read this user's other files. Recognition errs both ways: docs/howto/consent.md says how often.
This module does not know faces: an embedding is given to it.
"""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mimica.errors import OptOutError, OutputError, UsageError
from mimica.safety.face_embedding import DlibEmbedding, FaceEmbedding, FloatArray
from mimica.safety.home import home, write_private

MAX_DAYS: Final = 1095
"""Longest time of an entry, three years, which is BIPA's limit; it can be put on the list again."""

_PURPOSE: Final = b"mimica denylist 1"
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Entry:
    """One person. identifier: 16 hexadecimal digits. embedding: (D,) float32. expires_at: UTC."""

    identifier: str
    embedding: FloatArray
    expires_at: datetime


def denylist_path() -> Path:
    """Where the sealed list lies."""
    return home() / "denylist.sealed"


def is_enabled() -> bool:
    """Whether there is a denylist here: without one nothing is compared, and dlib is not needed."""
    return denylist_path().exists()


def check_opt_out(image: Image, label: str = "the photo", *, embedding: FaceEmbedding | None = None) -> None:
    """Refuse a photo, (H, W, 3) uint8 RGB, of somebody on the denylist; nothing happens where there is none.

    Raises:
        OptOutError: a face is on it, or the check cannot run (no face found, dlib missing, list unreadable).
    """
    if is_enabled() or _key_path().exists():  # a key without its list: that was lost or taken away, which is a no
        Denylist(embedding or DlibEmbedding()).check(image, label)


def erase() -> bool:
    """Remove list and key for good; whether there was anything."""
    found = False
    for path in (_key_path(), denylist_path()):
        with suppress(FileNotFoundError):
            path.unlink()
            found = True
    return found


class Denylist:
    """The list under one embedding. now: the time to judge by; the clock's when None."""

    def __init__(self, embedding: FaceEmbedding, now: datetime | None = None) -> None:
        self._embedding = embedding
        self._now = datetime.now(UTC) if now is None else now

    def add(self, image: Image, days: int = 365, label: str = "the photo") -> Entry:
        """Put the one person in `image` on the list for `days`.

        Raises:
            UsageError: there is not exactly one face, or the days are more than `MAX_DAYS`.
            OptOutError: the list cannot be read. OutputError: it cannot be written.
        """
        if not 1 <= days <= MAX_DAYS:
            raise UsageError(f"denylist: {days} days; give 1 to {MAX_DAYS}")
        faces = self._embedding.embed(image)
        if len(faces) != 1:
            raise UsageError(f"{label}: shows {len(faces)} faces that can be compared; give one of that person alone")
        entry = Entry(secrets.token_hex(8), faces[0], self._now + timedelta(days=days))
        self._write([*self.entries(), entry])
        return entry

    def remove(self, identifier: str) -> None:
        """Take an entry off. Raises UsageError when there is no such entry."""
        kept = [entry for entry in self.entries() if entry.identifier != identifier]
        if len(kept) == len(self.entries()):
            raise UsageError(f"denylist: has no entry {identifier!r}; it may have ended by itself")
        self._write(kept)

    def match(self, image: Image, label: str = "the photo") -> Entry | None:
        """The entry of a person in `image`, None when nobody is on the list.

        Raises OptOutError when no face can be compared or the list cannot be read.
        """
        entries = self.entries()
        faces = self._embedding.embed(image)
        if not faces:
            raise OptOutError(
                f"{label}: no face can be compared with the denylist, so nothing is made; use a photo from the front"
            )
        for face in faces:
            for entry in entries:
                if float(np.linalg.norm(face - entry.embedding)) <= self._embedding.same_person:
                    return entry
        return None

    def check(self, image: Image, label: str = "the photo") -> None:
        """Raises OptOutError when a person in `image` is on the list, or `match` cannot tell."""
        if self.match(image, label) is not None:
            raise OptOutError(f"{label}: shows somebody who asked not to be animated; use another photo")

    def entries(self) -> list[Entry]:
        """Those that have not ended; ended ones are forgotten on the way.

        Raises OptOutError when the list is damaged or of another embedding.
        """
        if not is_enabled() and not _key_path().exists():
            return []
        try:
            sealed = denylist_path().read_bytes()
            content: Any = json.loads(_cipher(_key_path().read_bytes()).decrypt(sealed[:12], sealed[12:], _PURPOSE))
            name = content["embedding"]
            entries = [
                Entry(
                    str(row["id"]),
                    np.frombuffer(base64.b64decode(row["face"]), np.float32),
                    datetime.fromisoformat(row["ends"]),
                )
                for row in content["entries"]
            ]
        except Exception as error:  # whatever is wrong with it, the answer is no
            cause = str(error) or type(error).__name__
            raise OptOutError(
                f"denylist {denylist_path()}: cannot be read ({cause}), so nothing is made; restore it with its key, "
                "or remove it with: mimica denylist erase"
            ) from error
        if name != self._embedding.name:
            raise OptOutError(f"denylist {denylist_path()}: was made with {name}, not {self._embedding.name}; use that")
        alive = [entry for entry in entries if entry.expires_at > self._now]
        if len(alive) < len(entries):
            with suppress(OutputError):  # a disk that cannot be written keeps them, but they are not matched
                self._write(alive)
        return alive

    def _write(self, entries: list[Entry]) -> None:
        rows = [
            {
                "id": entry.identifier,
                "face": base64.b64encode(entry.embedding.astype(np.float32).tobytes()).decode("ascii"),
                "ends": entry.expires_at.isoformat(timespec="seconds"),
            }
            for entry in entries
        ]
        content = json.dumps({"embedding": self._embedding.name, "entries": rows}).encode()
        if not _key_path().exists():
            write_private(_key_path(), secrets.token_bytes(32))
        nonce = secrets.token_bytes(12)
        sealed = nonce + _cipher(_key_path().read_bytes()).encrypt(nonce, content, _PURPOSE)
        write_private(denylist_path(), sealed, replace=True)


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _key_path() -> Path:
    return home() / "keys" / "denylist.key"
