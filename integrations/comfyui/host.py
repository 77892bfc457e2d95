"""What ComfyUI lends its nodes: folders, a progress bar and a cancel button.

Everything is asked for when it is needed, so the nodes also run, and are tested, where ComfyUI is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import mimica

ROOMS = ("input", "output", "temp")


def _whole(path: Path | str) -> Path:
    """The absolute path without "..", links kept: a linked folder of films counts as where its link lies."""
    return Path(os.path.abspath(path))  # noqa: PTH100 Path.resolve would follow the links


def _comfy_folders() -> dict[str, Path]:
    """ComfyUI's folders by name; none outside ComfyUI."""
    try:
        import folder_paths
    except ImportError:
        return {}
    return {room: _whole(folder_paths.get_directory_by_type(room)) for room in ROOMS}


def find(name: str, what: str, room: str = "input") -> Path:
    """A file that a workflow names: below `room` when relative, and inside one of ComfyUI's folders in any case.

    Outside ComfyUI any path is taken as it is.
    Raises UsageError for no name, or one that leads elsewhere: a workflow is often somebody else's.
    """
    if not name.strip():
        raise mimica.UsageError(f"{what}: no file was named; write its name in ComfyUI's {room} folder")
    folders = _comfy_folders()
    if not folders:
        return Path(name.strip())
    path = _whole(folders[room] / name.strip())
    if not any(path.is_relative_to(folder) for folder in folders.values()):
        raise mimica.UsageError(f"{what} {name}: lies outside ComfyUI's folders; copy it into {folders[room]}")
    return path


def new_output(prefix: str, suffix: str, folder: Path | str | None = None) -> Path:
    """A name that is still free: in `folder` when given, else in ComfyUI's output folder, else where we are.

    `prefix` may name a folder below, as for ComfyUI's own Save nodes. Raises UsageError when it leads elsewhere,
    OutputError when its folder cannot be made.
    """
    root = _whole(folder if folder is not None else _comfy_folders().get("output", Path.cwd()))
    stem = _whole(root / (prefix.strip() or "mimica"))
    if root not in stem.parents:
        raise mimica.UsageError(f"filename_prefix {prefix}: leads out of {root}; name a folder below it")
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise mimica.OutputError(
            f"filename_prefix {prefix}: its folder cannot be made ({error.strerror}); choose another"
        ) from error
    names = (stem.with_name(f"{stem.name}_{number:05}{suffix}") for number in count(1))
    return next(path for path in names if not path.exists())


def shown(path: Path, *, moving: bool = False) -> dict[str, Any]:
    """What makes ComfyUI show `path` in the node itself; nothing for a file outside its output folder."""
    output = _comfy_folders().get("output")
    if output is None or not path.is_relative_to(output):
        return {}
    below = path.relative_to(output)
    subfolder = below.parent.as_posix().removeprefix(".")
    entry = {"filename": below.name, "subfolder": subfolder, "type": "output"}
    return {"images": [entry], **({"animated": (True,)} if moving else {})}


def progress_bar() -> Callable[[mimica.Progress], None] | None:
    """Tells ComfyUI how far the work is, and ends it when the person cancels; None outside ComfyUI."""
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted
        from comfy.utils import ProgressBar
    except ImportError:
        return None
    bar = ProgressBar(1)

    def tell(progress: mimica.Progress) -> None:
        throw_exception_if_processing_interrupted()
        bar.update_absolute(progress.done, progress.total or progress.done + 1)

    return tell
