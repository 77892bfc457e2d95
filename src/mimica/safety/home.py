"""Where a person's keys, trusted keys, revocations, ledger and denylist live: one private folder.

`MIMICA_HOME` moves it; else it is the platform's folder for application data (platformdirs). Folders are made with mode
700 and files with mode 600 where the platform has modes. This module does not know what is kept there.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from mimica.errors import OutputError, UsageError
from mimica.media.leftovers import remove_leftovers, temporary_path

HOME_VARIABLE: Final = "MIMICA_HOME"


def home() -> Path:
    """The folder, which may not exist yet: `MIMICA_HOME`, or such as ~/.local/share/mimica.

    Raises UsageError when it is somebody else's, or everybody may write to it: keys and trust would be theirs.
    """
    asked = os.environ.get(HOME_VARIABLE, "").strip()
    if asked:
        folder = Path(asked).expanduser().absolute()
    else:
        from platformdirs import user_data_path

        folder = user_data_path("mimica", appauthor=False)
    _require_own(folder)
    return folder


def _require_own(folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        status = folder.stat()
    except OSError:  # not there yet; whoever needs it will say what is wrong
        return
    user = os.getuid()
    if status.st_uid not in (user, 0) and user != 0:
        problem = "belongs to somebody else"
    elif status.st_mode & stat.S_IWOTH:
        problem = "is not private: everybody may write to it"
    else:
        return
    raise UsageError(f"home {folder}: {problem}; set {HOME_VARIABLE} to a folder of your own, or chmod 700 it")


def private_folder(path: Path) -> Path:
    """Make `path` for this user alone (mode 700), as well as the home above it; one that exists stays as it is.

    Raises OutputError when it cannot be made or is a file.
    """
    try:
        if path != home() and path.is_relative_to(home()):
            home().mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"folder {path}: cannot be made private ({error.strerror}); set {HOME_VARIABLE} to a folder of your own"
        ) from error
    return path


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file that only this user can read (mode 600), whole or not at all, durably.

    Raises OutputError when it exists and `replace` is false, or cannot be written.
    """
    private_folder(path.parent)
    remove_leftovers(path.parent)  # of a killed process: it may hold half a key
    temporary = temporary_path(path)
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            _place(temporary, path)
    except FileExistsError as error:
        raise OutputError(f"{path}: exists already and is kept; move it away first") from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); check the disk and the folder") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _place(temporary: Path, path: Path) -> None:
    """Give `temporary` the name `path` unless that is taken, even by another process in this moment."""
    if os.name == "nt":  # renaming never replaces there
        temporary.rename(path)
        return
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        temporary.replace(path)
