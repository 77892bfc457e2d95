"""Portraits that are being edited: a photo with its consent, in a private folder, until it is erased.

A photo and one small record; no database row, since nothing waits on it. This module does not know edits.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mimica.service.job_files import erase_folder, sync
from mimica.service.problems import Problem

_ID: Final = re.compile(r"[0-9a-f]{32}")
RECORD: Final = "portrait.json"
MOST: Final = 10
"""Of one owner; the oldest makes room for the next."""


@dataclass(frozen=True, slots=True)
class PortraitRecord:
    """A portrait on disk. photo, receipt: names in its folder. settings: consent, purpose, face."""

    id: str
    owner: str
    photo: str
    receipt: str | None
    settings: dict[str, Any]


class Portraits:
    """`DATA/portraits/<id>/`."""

    def __init__(self, data: Path) -> None:
        self._folder = data.absolute() / "portraits"
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def folder(self, identity: str) -> Path:
        """Raises Problem 404 for what is no id."""
        if not _ID.fullmatch(identity):
            raise _no_such_portrait()
        return self._folder / identity

    def keep(self, received: Path, record: PortraitRecord) -> None:
        """Make a received folder that of a portrait; the owner's oldest ones make room."""
        with (received / RECORD).open("x", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        received.rename(self.folder(record.id))
        sync(self._folder)
        mine = [folder for folder, each in self._all() if each.owner == record.owner]
        for folder in sorted(mine, key=lambda path: path.stat().st_mtime)[:-MOST]:
            erase_folder(folder)

    def get(self, owner: str, identity: str) -> PortraitRecord:
        """Raises Problem 404 when there is none, or it is somebody else's."""
        record = _read(self.folder(identity))
        if record is None or record.owner != owner:
            raise _no_such_portrait()
        return record

    def erase(self, owner: str, identity: str) -> None:
        """Forget a portrait. Raises Problem 404."""
        self.get(owner, identity)
        erase_folder(self.folder(identity))

    def sweep(self, older_than_s: float) -> None:
        """Erase portraits that were brought longer ago."""
        limit = time.time() - older_than_s
        for folder in self._folder.iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < limit:
                    erase_folder(folder)

    def question(self, record: PortraitRecord) -> dict[str, Any]:
        """What the studio has to know of it."""
        folder = self.folder(record.id)
        receipt = None if record.receipt is None else str(folder / record.receipt)
        return {"path": str(folder / record.photo), "receipt": receipt, **record.settings}

    def _all(self) -> list[tuple[Path, PortraitRecord]]:
        found = ((folder, _read(folder)) for folder in self._folder.iterdir())
        return [(folder, record) for folder, record in found if record is not None]

    @staticmethod
    def new_id() -> str:
        """A name that nobody can guess."""
        return secrets.token_hex(16)


def _read(folder: Path) -> PortraitRecord | None:
    try:
        return PortraitRecord(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _no_such_portrait() -> Problem:
    return Problem(404, "no-such-portrait", "there is no such portrait; bring the photo again")
