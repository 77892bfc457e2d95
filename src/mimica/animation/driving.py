"""Driving: any file that can drive a portrait, a video, a motion file or a face CSV, opened and read alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mimica.animation.driver import Driver, read_driver
from mimica.animation.face_csv import load_face_csv
from mimica.animation.kept_motion import KeptMotion
from mimica.animation.motion_file import load_motion
from mimica.animation.networks import Networks
from mimica.animation.report import ProgressCallback
from mimica.animation.timeline import Timeline
from mimica.faces.actor_choice import ActorChoice
from mimica.media.audio import Sound
from mimica.media.video_reader import VideoReader, open_video

WHOLE: Final = Timeline()


class DrivingFile:
    """A file that drives; use it in a ``with`` block. What is wrong with it is told before any network is needed."""

    def __init__(self, path: Path) -> None:
        """Raises UnreadableMediaError or NoFaceError."""
        self._path = path
        self._video: VideoReader | None = None
        self._driver: Driver | None = None
        if path.suffix.lower() == ".npz":
            self._driver = load_motion(path)[0]
        elif path.suffix.lower() == ".csv":
            self._driver = load_face_csv(path)
        else:
            self._video = open_video(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._video is not None:
            self._video.close()

    def read(
        self, networks: Networks, progress: ProgressCallback | None = None, *, timeline: Timeline = WHOLE,
        actor: ActorChoice = "largest", kept: KeptMotion | None = None,
    ) -> Driver:  # fmt: skip
        """The driver as `timeline` plays it; of a video only the part that is played is read.

        kept: holds what a run that goes on has read of the video before.

        Raises:
            UsageError: the part is empty. UnreadableMediaError, NoFaceError, FaceChoiceError: see `read_driver`.
        """
        if self._driver is not None:
            return timeline.apply(self._driver)
        video = self._video
        assert video is not None

        def read() -> Driver:
            return read_driver(video, networks, progress, timeline.start, timeline.end, actor)

        if kept is None:
            return timeline.apply(read())
        sound = Sound(self._path) if video.info.has_audio else None
        return timeline.apply(replace(kept.motion(self._path, read), sound=sound))
