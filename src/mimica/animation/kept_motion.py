"""Kept motion: what the drivers of an unfinished run do, beside its pieces, so that a run that goes on reads it from
there and not from the videos again.

A motion file is kept for each driver. It counts only for the same video, the same networks, the same version of Mimica
and the same part and person; one that is damaged is as if it were not there. This module does not know tracking.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mimica import __version__
from mimica.animation.driver import Driver, with_rests
from mimica.animation.motion_file import MotionAbout, load_motion, save_motion
from mimica.animation.timeline import Timeline
from mimica.core.motion import MotionTrack
from mimica.errors import UnreadableMediaError
from mimica.faces.actor_choice import ActorChoice
from mimica.safety.unfinished_run import MOTION


@dataclass(slots=True)
class KeptMotion:
    """The drivers of one run.

    folder: the run's working folder; it is read when `goes_on`, and written by `save` when it is there. hashes: sha256
    of each driving video. weights: network → sha256. timeline, actor: which part is read, and who is followed.
    """

    folder: Path
    hashes: Mapping[Path, str]
    weights: Mapping[str, str]
    timeline: Timeline
    actor: ActorChoice
    goes_on: bool = False
    _used: dict[Path, Driver] = field(default_factory=dict[Path, Driver])

    def motion(self, video: Path, read: Callable[[], Driver]) -> Driver:
        """The motion of a driving video, mute: the kept one, else what `read` gives, for `save` to keep."""
        found = self._kept(video) if self.goes_on else None
        self._used[video] = _laid_out(read()) if found is None else found
        return self._used[video]

    def save(self) -> None:
        """Keep what was read, now that the folder is there. Raises OutputError."""
        for video, driver in self._used.items():
            if self._kept(video) is None:
                save_motion(self._path(video), driver, self._about(video))
        self._used.clear()

    def _kept(self, video: Path) -> Driver | None:
        try:
            driver, about = load_motion(self._path(video))
        except UnreadableMediaError:
            return None
        return driver if about == self._about(video) else None

    def _about(self, video: Path) -> MotionAbout:
        return MotionAbout(self.hashes[video], dict(self.weights), __version__)

    def _path(self, video: Path) -> Path:
        """Named by everything that decides what is read."""
        facts = {
            "video": self.hashes[video], "weights": dict(self.weights), "mimica": __version__,
            "start": str(self.timeline.start), "end": str(self.timeline.end), "actor": self.actor,
        }  # fmt: skip
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return self.folder / MOTION.replace("*", key[:32])


def _laid_out(driver: Driver) -> Driver:
    """The driver as it comes back from its file: sums over arrays that lie otherwise in memory differ in last bits."""
    track = driver.track
    values = {name: np.ascontiguousarray(getattr(track, name), np.float32) for name in MotionTrack.__slots__}
    cuts = [shot.start for shot in driver.shots if shot.start > 0]
    return with_rests(replace(driver, track=MotionTrack(**values), sound=None), cuts)
