"""A file that appears under its name only when it is complete: written beside the target, then renamed.

On any failure nothing is left; what a killed process left in the folder is removed by the next one. This module does
not know what is written.
"""

from __future__ import annotations

import errno
import os
import weakref
from contextlib import suppress
from pathlib import Path

from mimica.errors import OutputError
from mimica.media.leftovers import hold, remove_leftovers, temporary_path

_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
    errno.EFBIG: "the file has grown beyond what this disk or user may store; choose another folder",
    errno.EACCES: "permission denied; choose a folder that you may write to",
    errno.EPERM: "permission denied; choose a folder that you may write to",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


def output_error(target: Path, error: BaseException) -> OutputError:
    """The failure to write ``target`` as one line that says why and what to do."""
    number = getattr(error, "errno", None)
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    remedy = _REMEDIES.get(number or 0, f"{reason}; check the disk and the folder")
    return OutputError(f"{target} cannot be written: {remedy}")


class UnfinishedFile:
    """``path`` is where to write; ``finish`` gives it the target's name at once, ``discard`` removes it.

    Creating it makes the empty file, so an unwritable folder is found before any work. Raises ``OutputError``.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        if target.is_dir():
            raise OutputError(f"{target} is a folder; give the output a file name")
        if not target.parent.is_dir():
            raise OutputError(f"{target} cannot be written: the folder {target.parent} does not exist; create it first")
        remove_leftovers(target.absolute().parent)
        self._held: int | None = None
        try:
            self._claim(target.absolute())
        except OSError as error:
            raise output_error(target, error) from error

    def _claim(self, target: Path) -> None:
        """Set `path` to a new empty file that is locked for as long as this process writes it, where locks exist."""
        while True:
            self.path = temporary_path(target)
            # an interrupt may come between any two lines, before the caller holds what it must discard
            self._forgotten = weakref.finalize(self, _remove, self.path, os.getpid())
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
            if not hold(descriptor):
                os.close(descriptor)
                return
            if os.fstat(descriptor).st_nlink:  # nobody cleaned it away in the moment before the lock
                self._held = descriptor
                return
            os.close(descriptor)
            self._forgotten.detach()

    def finish(self) -> None:
        """Make the file durable and rename it over the target; ``OutputError`` and nothing left if that fails."""
        try:
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())
            self.path.replace(self.target)
        except OSError as error:
            self.discard()
            raise output_error(self.target, error) from error
        self._let_go()

    def discard(self) -> None:
        """Remove what was written; silent if it is gone."""
        self._forgotten()
        self._let_go()

    def _let_go(self) -> None:
        self._forgotten.detach()
        if self._held is not None:
            with suppress(OSError):
                os.close(self._held)
            self._held = None


def _remove(path: Path, owner: int) -> None:
    """Delete an abandoned file, unless this is a fork of the process that writes it."""
    if os.getpid() == owner:
        with suppress(OSError):
            path.unlink(missing_ok=True)
