"""What can be refused before anything is loaded: the paths of a request.

Cheap checks with clear words, made before the first network is read. This module does not know whether a file holds
a photo or a video: ``media`` finds that out.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from mimica.errors import OutputError, UnreadableMediaError, UsageError

VIDEO_SUFFIXES: Final = (".mp4", ".m4v", ".mov")
"""Matroska and WebM have no place for a C2PA manifest, and nothing leaves without one."""
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")


def check_input_file(path: Path, what: str) -> None:
    """Refuse a path that cannot be `what` ("photo", "driving video").

    Raises UnreadableMediaError when it is missing, a folder, not a regular file, empty or not readable.
    """
    try:
        if not path.exists():
            raise UnreadableMediaError(f"{what} {path}: there is no such file; check the path")
        if path.is_dir():
            raise UnreadableMediaError(f"{what} {path}: is a folder; give a file")
        if not path.is_file():
            raise UnreadableMediaError(f"{what} {path}: is not a regular file; give a file on disk")
        if path.stat().st_size == 0:
            raise UnreadableMediaError(f"{what} {path}: is empty (0 bytes); copy or export it again")
        with path.open("rb"):
            pass
    except OSError as error:
        raise UnreadableMediaError(
            f"{what} {path}: cannot be read ({error.strerror}); check its permissions"
        ) from error


def check_output_file(
    path: Path, *, inputs: tuple[Path, ...], overwrite: bool, suffixes: tuple[str, ...] = VIDEO_SUFFIXES
) -> None:
    """Refuse a path where no video, or other file of `suffixes`, can or should be written; leaves nothing behind.

    Raises UsageError when the path is one of the inputs or its suffix is none of `suffixes`, and
    OutputError when its folder is missing or not writable, when it is a folder, or when it exists and `overwrite` is
    false.
    """
    if path.suffix.lower() not in suffixes:
        kind = "videos" if suffixes == VIDEO_SUFFIXES else "pictures"
        raise UsageError(
            f"output {path}: the name must end in one of {', '.join(suffixes)}, the {kind} that can be signed"
        )
    for source in inputs:
        if path.exists() and source.exists() and path.samefile(source):
            raise UsageError(f"output {path}: is also an input and would be overwritten; give another name")
    if path.is_dir():
        raise OutputError(f"output {path}: is a folder; give a file name such as {path / f'out{suffixes[0]}'}")
    if path.exists() and not overwrite:
        raise OutputError(f"output {path}: exists already; give another name or allow --overwrite")
    folder = path.parent
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise OutputError(f"output {path}: the folder {folder} {problem}; create it first")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"output {path}: the folder {folder} cannot be written ({error.strerror}); choose another"
        ) from error
