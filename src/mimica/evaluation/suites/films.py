"""Driving videos and photos in folders: which files count, and in which order.

This module does not open them.
"""

from __future__ import annotations

from pathlib import Path

from mimica.errors import UsageError

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".m4v")
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic")


def files_of(place: Path, suffixes: tuple[str, ...], option: str, what: str) -> list[Path]:
    """The files of a folder, sorted by name, or the one file. Raises UsageError when there is none."""
    if place.is_file() and place.suffix.lower() in suffixes:
        return [place]
    if not place.is_dir():
        raise UsageError(f"{option} {place}: is neither a folder nor a {what}; give a folder of {what}s")
    found = sorted(path for path in place.iterdir() if path.suffix.lower() in suffixes)
    if not found:
        raise UsageError(f"{option} {place}: holds no {what} ({', '.join(suffixes)}); give another folder")
    return found


def spread(paths: list[Path], count: int) -> list[Path]:
    """At most `count` of them, evenly over the list."""
    if len(paths) <= count:
        return paths
    return [paths[index * len(paths) // count] for index in range(count)]
