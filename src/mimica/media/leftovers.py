"""Temporary files: how they are named, and finding those that a process left when it was killed.

A name carries a tag of this machine; while a file is written, its process holds a lock on it, which the system drops
when that process ends, however it ends. So a file that has our tag, is this user's, was not touched for a minute and
can be locked is surely ours and nobody's any more. Where there are no locks (some network disks, Windows), files in use
refuse to be deleted or stay. This module does not know what is written.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

GRACE_S: Final = 60.0
"""A file that was touched more recently stays: between two steps of its maker it may be without a lock."""
SUFFIX: Final = ".part"
_LONGEST_NAME: Final = 160
"""Bytes of the target's own name that are kept: file systems allow 255 for the whole."""


def temporary_path(target: Path) -> Path:
    """A hidden name beside `target` that no other file has: .NAME.TAG-RANDOM.part."""
    name = os.fsencode(target.name)[:_LONGEST_NAME].decode("utf-8", "ignore")
    return target.with_name(f".{name}.{_tag()}-{secrets.token_hex(4)}{SUFFIX}")


def remove_leftovers(folder: Path) -> list[str]:
    """Delete what killed processes of this user on this machine left in `folder`; gives the names. Never raises."""
    removed: list[str] = []
    with suppress(OSError):
        for path in _candidates(folder):
            with suppress(OSError):
                if _delete(path):
                    removed.append(path.name)
    return removed


def hold(descriptor: int) -> bool:
    """Lock an open file until it is closed or this process ends; whether that worked. Never waits."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@cache
def _tag() -> str:
    """Eight digits for this machine and user, so that nobody deletes what another writes to a shared disk."""
    user = str(os.getuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "")
    return hashlib.sha256(f"mimica {platform.node()} {user}".encode()).hexdigest()[:8]


def _candidates(folder: Path) -> Iterator[Path]:
    pattern = re.compile(rf"\..+\.{_tag()}-[0-9a-f]{{8}}(\.signed)?{re.escape(SUFFIX)}")
    oldest = time.time() - GRACE_S
    with os.scandir(folder) as entries:
        for entry in entries:
            if not pattern.fullmatch(entry.name):
                continue
            status = entry.stat(follow_symlinks=False)
            ours = sys.platform == "win32" or status.st_uid == os.getuid()
            if ours and status.st_mtime < oldest and (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                yield Path(entry.path)


def _delete(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path)
        return True
    first = path.with_name(path.name.replace(f".signed{SUFFIX}", SUFFIX))  # the signed copy's maker holds the first
    if sys.platform == "win32":
        path.unlink()  # refused there while anybody has it open
        return True
    held: list[int] = []
    try:
        for each in {first, path}:
            with suppress(FileNotFoundError):
                held.append(os.open(each, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC))
        if not all(hold(descriptor) for descriptor in held):
            return False
        path.unlink()
        return True
    finally:
        for descriptor in held:
            os.close(descriptor)
