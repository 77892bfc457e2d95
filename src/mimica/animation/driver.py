"""Driver: a driving video's motion with its times; read once, then cut, stretched or repeated without its pixels."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.animation.encode import read_motion
from mimica.animation.networks import Networks
from mimica.animation.pipeline import ahead
from mimica.animation.report import ProgressCallback, Stage
from mimica.animation.retarget import DriverRest
from mimica.animation.shots import Shot, measure_shots
from mimica.core.motion import MotionTrack
from mimica.core.timing import format_time
from mimica.errors import FaceChoiceError, NoFaceError, UsageError
from mimica.faces.actor_choice import ActorChoice
from mimica.media.audio import Sound
from mimica.media.video_reader import VideoReader, open_video

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Driver:
    """What an actor does, whoever it is: `times[i]` and `durations[i]`, in seconds, belong to `track[i]`.

    rest: the actor's, wherever no shot has its own. shots: in order, each with its own rest; none when there is no cut.
    rate: nominal frames a second, None when times are irregular. time_base: seconds per tick that makes all times whole
    ones. sound: what is heard, None for a mute driver.
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
        return self.shots[self.shot_at(index)].rest if self.shots else self.rest

    def shot_at(self, index: int) -> int:
        """The number of the shot, from 0, in which frame `index` lies."""
        return max(bisect_right(self.shots, index, key=lambda shot: shot.start) - 1, 0)

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return float(self.times[-1] - self.times[0])


def with_rests(driver: Driver, cuts: Sequence[int] = ()) -> Driver:
    """The same driver with its rests measured anew; cuts: the frames that begin a new shot, rising, without 0."""
    rest, shots = measure_shots(driver.track, np.array([float(time) for time in driver.times]), cuts)
    return replace(driver, rest=rest, shots=shots)


def usual_step(driver: Driver) -> Fraction:
    """How long a frame lasts where nobody says, in seconds: as the rate has it, else as the last step."""
    if driver.rate:
        return 1 / driver.rate
    return driver.times[-1] - driver.times[-2] if len(driver) > 1 else Fraction(1, 25)


def read_driver(
    driving: Path | str | VideoReader, networks: Networks, progress: ProgressCallback | None = None,
    start: Fraction = Fraction(0), end: Fraction | None = None, actor: ActorChoice = "largest",
) -> Driver:  # fmt: skip
    """Read the motion of every frame of a driving video, or of the part from `start` to before `end`, in seconds.

    Times are those of the whole video. The crop settles, motion is smoothed and the rest is measured within what is
    read. actor: whom to follow where several people are seen.

    Raises:
        UnreadableMediaError: it cannot be decoded.
        NoFaceError: no frame shows a face.
        FaceChoiceError: the actor is not there.
        UsageError: the part holds no frame.
    """
    if not isinstance(driving, VideoReader):
        with open_video(driving) as reader:
            return read_driver(reader, networks, progress, start, end, actor)
    times: list[Fraction] = []
    durations: list[Fraction | None] = []
    whole = start == 0 and end is None
    stage = Stage("reading the driver", driving.info.expected_frames if whole else None, progress)

    def images() -> Iterator[tuple[Image, float]]:
        for frame in driving.frames(start, end):
            times.append(frame.time)
            durations.append(frame.duration)
            yield frame.image, float(frame.time)

    motion = read_motion(ahead(images()), networks, stage.tell, actor)
    if not times:
        upto = "the end" if end is None else format_time(end)
        raise UsageError(
            f"driving video {driving.path}: has no frame from {format_time(start)} to {upto}; choose other times with "
            f"--start and --end"
        )
    if not motion.seen and motion.tracker.most_faces:
        raise FaceChoiceError(
            f"driving video {driving.path}: there is no actor {actor}, at most {motion.tracker.most_faces} people are "
            f"seen at once; choose another --actor"
        )
    if not motion.seen:
        raise NoFaceError(
            f"driving video {driving.path}: no face was found in any of its {len(times)} frames; use a clip that "
            f"shows the actor's face"
        )
    times_s = np.array([float(t) for t in times], np.float64)
    track, told = motion.track(times_s)
    rest, shots = measure_shots(track, times_s, motion.cuts(times_s))
    notes = [*driving.notes, *told]
    if shots:
        notes.append(f"the actor is seen in {len(shots)} shots; each is measured from its own rest")
    info = driving.info
    return Driver(
        track, rest, tuple(times), tuple(durations), tuple(notes), shots, info.rate, info.time_base,
        Sound(driving.path) if info.has_audio else None,
    )  # fmt: skip
