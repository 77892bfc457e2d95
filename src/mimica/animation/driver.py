"""Driver: a driving video's motion with its times; read once, then cut, stretched or repeated without its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.animation.encode import read_motion
from mimica.animation.networks import Networks
from mimica.animation.report import ProgressCallback, Stage
from mimica.animation.retarget import DriverRest, driver_rest
from mimica.core.motion import MotionTrack
from mimica.errors import NoFaceError
from mimica.media.audio import Sound
from mimica.media.video_reader import VideoReader, open_video

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What is filmed without a cut, from frame `start` on: `rest` is the actor's there."""

    start: int
    rest: DriverRest


@dataclass(frozen=True, slots=True, eq=False)
class Driver:
    """What an actor does, whoever it is: `times[i]` and `durations[i]`, in seconds, belong to `track[i]`.

    rest: the actor's, wherever no shot has its own. shots: in order, each with its own rest; none when there is no cut.
    rate: nominal frames a second, None when times are irregular. time_base: seconds per tick that makes all times whole.
    sound: what is heard, None for a mute driver.
    """

    track: MotionTrack
    rest: DriverRest
    times: tuple[Fraction, ...]
    durations: tuple[Fraction | None, ...]
    notes: tuple[str, ...] = ()
    shots: tuple[Shot, ...] = ()
    rate: Fraction | None = None
    time_base: Fraction | None = None
    sound: Sound | None = None

    def __len__(self) -> int:
        return len(self.times)

    def rest_at(self, index: int) -> DriverRest:
        """The rest from which frame `index` is measured."""
        before = [shot for shot in self.shots if shot.start <= index]
        return before[-1].rest if before else self.rest

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return float(self.times[-1] - self.times[0])


def read_driver(
    driving: Path | str | VideoReader, networks: Networks, progress: ProgressCallback | None = None
) -> Driver:
    """Read the motion of every frame of a driving video.

    Raises:
        UnreadableMediaError: it cannot be decoded.
        NoFaceError: no frame shows a face.
    """
    if not isinstance(driving, VideoReader):
        with open_video(driving) as reader:
            return read_driver(reader, networks, progress)
    times: list[Fraction] = []
    durations: list[Fraction | None] = []
    stage = Stage("reading the driver", driving.info.expected_frames, progress)

    def images() -> Iterator[tuple[Image, float]]:
        for frame in driving:
            times.append(frame.time)
            durations.append(frame.duration)
            yield frame.image, float(frame.time)

    motion = read_motion(images(), networks, stage.tell)
    if not motion.seen:
        raise NoFaceError(
            f"driving video {driving.path}: no face was found in any of its {len(times)} frames; use a clip that "
            f"shows the actor's face"
        )
    track = motion.track(np.array([float(t) for t in times], np.float64))
    notes = list(driving.notes)
    lost = len(times) - motion.seen
    if lost:
        notes.append(f"the driver's face was not seen in {lost} of {len(times)} frames; its motion was bridged there")
    info = driving.info
    return Driver(
        track, driver_rest(track), tuple(times), tuple(durations), tuple(notes), rate=info.rate,
        time_base=info.time_base, sound=Sound(driving.path) if info.has_audio else None,
    )  # fmt: skip
