"""Any other system, through a folder of films that it made from the same cases.

`SUITE/CASE.mp4` or `SUITE-CASE.mp4` or `CASE.mp4`, names as `mimica evaluate --prepare` lists them in `cases.json`; as
many frames as the driver has (the first N, where the run is limited to N).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mimica.errors import UsageError
from mimica.evaluation.cases import Case, Image, read_frames, sha256_of
from mimica.evaluation.loaded_case import LoadedCase

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")


class FolderSystem:
    """Reads what is in `folder`. Raises UsageError when that is no folder."""

    releases = False

    def __init__(self, name: str, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"--system {name}={folder}: there is no such folder; give the folder of its films")
        self.name, self.folder = name, folder
        self.says = f"films found in the folder {folder.name}"

    def film(self, case: Case) -> Path | None:
        """Where its film of `case` is."""
        stems = (f"{case.suite}/{case.name}", f"{case.suite}-{case.name}", case.name)
        paths = (self.folder / f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)
        return next((path for path in paths if path.is_file()), None)

    def fingerprint(self, case: Case) -> dict[str, str]:
        film = self.film(case)
        return {} if film is None else {film.name: sha256_of(film)}

    def takes(self, case: Case) -> bool:
        return self.film(case) is not None

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        film = self.film(loaded.case)
        assert film is not None
        images = read_frames(film, loaded.case.frames)[0]
        if len(images) != len(loaded.driver):
            raise UsageError(
                f"{film}: has {len(images)} frames, its driver {len(loaded.driver)}; give one frame for each"
            )
        return images
