"""Where the files of jobs lie: one private folder each, under names that the server makes.

No name, path or address that a client sends is ever used here. This module does not know what the files hold.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from mimica.errors import OutputError

_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[a-z0-9-]{1,60}(\.[a-z0-9]{1,8})?")


class JobFiles:
    """`DATA/jobs/<id>/` holds what a job was given and what it made; `DATA/incoming/` what is still being sent."""

    def __init__(self, data: Path) -> None:
        """Raises OutputError when the folders cannot be made."""
        self._jobs, self._incoming = data.absolute() / "jobs", data.absolute() / "incoming"
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self._jobs, self._incoming):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OutputError(f"folder {data}: cannot be used ({error.strerror}); give another with --data") from error

    def folder(self, identity: str) -> Path:
        """The folder of a job."""
        if not _ID.fullmatch(identity):
            raise ValueError("not the id of a job")
        return self._jobs / identity

    def path(self, identity: str, name: str) -> Path:
        """A file of a job."""
        if not _NAME.fullmatch(name):
            raise ValueError("not a name that the server made")
        return self.folder(identity) / name

    def receive(self) -> Path:
        """A new empty folder for an upload that is under way."""
        folder = self._incoming / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        return folder

    def keep(self, received: Path, identity: str) -> None:
        """Make a received folder that of a job; when this returns its files survive a power cut."""
        sync(received)
        received.rename(self.folder(identity))
        sync(self._jobs)

    def erase(self, identity: str) -> None:
        """Remove everything of a job; silent about what is gone already."""
        erase_folder(self.folder(identity))

    def sweep(self, known: set[str], older_than_s: float = 3600.0) -> int:
        """Remove uploads that were never finished and folders that belong to no job; returns how many."""
        limit = time.time() - older_than_s
        strays = list(self._incoming.iterdir())
        strays += [path for path in self._jobs.iterdir() if path.name not in known]
        removed = 0
        for path in strays:
            with suppress(OSError):
                if path.stat().st_mtime < limit:
                    erase_folder(path)
                    removed += 1
        return removed


def sync(folder: Path) -> None:
    """Put a folder's entries on disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def erase_folder(folder: Path) -> None:
    """Remove a folder; what is still open on Windows stays for the sweeper."""
    shutil.rmtree(folder, ignore_errors=True)
