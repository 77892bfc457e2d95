"""Mimica itself, with the weights of this installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mimica.evaluation.cases import Case, Image
from mimica.evaluation.loaded_case import LoadedCase
from mimica.runtime.weights import registry_sha256

if TYPE_CHECKING:
    from mimica.animation.animator import Animator
    from mimica.animation.driver import Driver
    from mimica.animation.prepare import Portrait


class MimicaSystem:
    """The Animator as users have it: relative motion, full strength.

    Where the photo is the driver's first frame it is anchored there, without the offset for other people's rest.
    """

    name = "mimica"
    releases = True

    def __init__(self, device: str = "auto") -> None:
        self._device = device
        self._animator: Animator | None = None
        self._driver: tuple[object, Driver] | None = None
        self._portraits: dict[tuple[Path, int | None], Portrait] = {}
        self.says = "this version of Mimica"

    @property
    def animator(self) -> Animator:
        """Loaded when first needed."""
        from mimica.animation.animator import Animator

        if self._animator is None:
            self._animator = Animator.load(self._device)
        return self._animator

    def fingerprint(self, case: Case) -> dict[str, str]:
        return registry_sha256() | {"code": code_sha256()}

    def takes(self, case: Case) -> bool:
        return True

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        from mimica.animation.take import PhotoTake, Role

        return PhotoTake((Role(self._portrait(loaded), self._read(loaded)),)).unreleased_frames()

    def _portrait(self, loaded: LoadedCase) -> Portrait:
        key = (loaded.case.photo_file, loaded.case.photo_px)
        if key not in self._portraits:
            if len(self._portraits) >= 4:
                self._portraits.pop(next(iter(self._portraits)))
            self._portraits[key] = self.animator.prepare(loaded.photo)
        return self._portraits[key]

    def _read(self, loaded: LoadedCase) -> Driver:
        from mimica.animation.driver import Driver
        from mimica.animation.encode import read_motion
        from mimica.animation.shots import measure_shots
        from mimica.errors import NoFaceError

        key = (loaded.case.driver, loaded.case.frames)
        if self._driver is None or self._driver[0] != key:

            def images() -> Iterator[tuple[Image, float]]:
                yield from zip(loaded.driver, loaded.times_s, strict=True)

            motion = read_motion(images(), self.animator.networks, lambda _: None)
            if not motion.seen:
                raise NoFaceError(f"driving video {loaded.case.driver}: no face was found in it")
            track, _ = motion.track(np.array(loaded.times_s))
            rest, shots = measure_shots(track, np.array(loaded.times_s), motion.cuts(np.array(loaded.times_s)))
            self._driver = (
                key,
                Driver(track, rest, tuple(loaded.times), (None,) * len(track), shots=shots),
            )
        driver = self._driver[1]
        if loaded.case.anchor == "rest":
            return driver
        first = driver.track[:1]
        rest = replace(
            driver.rest, expression=np.zeros_like(driver.rest.expression), angles_deg=first.angles_deg[0],
            position=first.position[0], scale=float(first.scale[0]), gaze_deg=first.gaze_deg[0],
        )  # fmt: skip
        return replace(driver, rest=rest, shots=())


def code_sha256() -> str:
    """Of the modules between a photo and a frame, so that a changed renderer is not taken for the old one."""
    import hashlib

    root = Path(__file__).parents[2]
    files = sorted(path for room in ("animation", "faces", "core") for path in (root / room).glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
