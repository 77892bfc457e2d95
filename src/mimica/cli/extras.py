"""What a command needs beyond the plain installation, said in one line when it is missing.

This module does not know which commands need what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mimica.errors import UsageError


@contextmanager
def extra(name: str, command: str) -> Iterator[None]:
    """Imports inside this block belong to the extra `name`. Raises UsageError when a package of it is missing.

    A missing module of our own is a bug and passes through.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "mimica":
            raise
        raise UsageError(
            f"mimica {command} needs the package {error.name!r}, which is not installed; "
            f"install it with: pip install 'mimica[{name}]'"
        ) from error
