"""Scene: a portrait before it performs, its faces found and chosen, none of it rigged yet.

What admission has to see of it is here, so that nothing is computed for a face before somebody agreed. This module does
not know consent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.animation.cast import Box, FaceChoice, Part, choose_faces, face_in_box
from mimica.animation.clear_copy import COPIES
from mimica.animation.clock import lasts, on_clock
from mimica.animation.driver import Driver
from mimica.animation.keep import Keep
from mimica.animation.networks import Networks
from mimica.animation.prepare import Portrait, prepare
from mimica.animation.report import ProgressCallback, Stage
from mimica.animation.retarget import RetargetOptions
from mimica.animation.source_track import read_source
from mimica.animation.take import Framing, PhotoTake, Role, Take
from mimica.animation.video_take import VideoTake
from mimica.core.records import Face
from mimica.errors import NoFaceError, UsageError
from mimica.faces.finder import FaceFinder
from mimica.media.image import load_photo
from mimica.media.kind import is_video
from mimica.media.video_reader import VideoFrame, VideoInfo, open_video
from mimica.media.video_sampler import sample_frames

Image = NDArray[np.uint8]

LIKELY_FACE = 0.4
"""Width of a face in the shorter side of a picture where none was found, as far as filters are concerned."""
LONGEST_WAIT_S = 30.0
"""A source video must show a face within so many seconds."""
GATE_FRAMES = 8
"""Frames of a source video that the gate looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoScene:
    """A photo with the faces that will perform. faces: all that were found, the performing ones among them."""

    photo: Image
    faces: tuple[Face, ...]
    parts: tuple[Part, ...]
    label: str
    notes: tuple[str, ...] = ()
    portraits: tuple[Portrait, ...] = ()
    """Of `parts`, once they are rigged."""

    @classmethod
    def of(
        cls, photo: Image, networks: Networks, face: FaceChoice, label: str,
        also: Mapping[int, object] | None = None, box: Box | None = None,
    ) -> PhotoScene:  # fmt: skip
        """Find and choose the faces of `photo` (H, W, 3) uint8 RGB. also: numbers that perform whatever the choice.

        box: where the one face is, as a person drew it; nothing is searched for then.

        Raises:
            NoFaceError, FaceChoiceError: see `choose_faces`. UsageError: the box lies outside the photo.
        """
        found = found_faces(photo, networks) if box is None else [face_in_box(box, photo.shape[1], photo.shape[0])]
        parts, notes = choose_faces(found, face, label, also or ())
        return cls(photo, tuple(found), parts, label, notes)

    @property
    def picture(self) -> Image:
        """What the portrait is recognised by."""
        return self.photo

    @property
    def further(self) -> tuple[Image, ...]:
        """Other pictures that the gate has to see."""
        return ()

    @property
    def info(self) -> VideoInfo | None:
        """Of the source video; None: the driver gives the time."""
        return None

    def take(
        self, drivers: Mapping[int, Driver], networks: Networks, options: RetargetOptions, framing: Framing,
        progress: ProgressCallback | None = None,
    ) -> Take:  # fmt: skip
        """Rig every face that performs. drivers: of each, by number, all on one clock. Raises NoFaceError."""
        portraits = self.portraits or self.rigged(networks).portraits
        roles = tuple(
            Role(portrait, drivers[part.number], options)
            for part, portrait in zip(self.parts, portraits, strict=True)
        )  # fmt: skip
        return PhotoTake(roles, framing)

    def rigged(self, networks: Networks) -> PhotoScene:
        """The same with every face rigged that performs: what of a take needs no driver. Raises NoFaceError."""
        made = (prepare(self.photo, part.face, networks, self.label, self.faces) for part in self.parts)
        return replace(self, portraits=tuple(made))


@dataclass(frozen=True, slots=True, eq=False)
class VideoScene:
    """A source video with the one face that will perform. picture: its first frame with a face, (H, W, 3) uint8 RGB."""

    path: Path
    picture: Image
    further: tuple[Image, ...]
    parts: tuple[Part, ...]
    info: VideoInfo
    keep: Keep
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path, networks: Networks, face: FaceChoice, keep: Keep) -> VideoScene:
        """Find and choose the face of a source video in the first frame that shows any.

        Raises:
            UnreadableMediaError: it cannot be decoded.
            NoFaceError: no face within `LONGEST_WAIT_S`. FaceChoiceError: there is no such number.
            UsageError: several faces were chosen.
        """
        label = f"source video {path}"
        frame, found, info = first_faces(path, networks.finder, label)
        parts, notes = choose_faces(found, face, label)
        if len(parts) > 1:
            raise UsageError(f"{label}: one face of a video performs at a time; choose it: --face {parts[0].number}")
        further = tuple(sample_frames(path, GATE_FRAMES))
        return cls(path, frame.image, further, parts, info, keep, notes)

    def take(
        self, drivers: Mapping[int, Driver], networks: Networks, options: RetargetOptions, framing: Framing,
        progress: ProgressCallback | None = None,
    ) -> Take:  # fmt: skip
        """Read the source from end to end and put the driver on its clock; the shorter of both ends the take.

        Raises:
            UsageError: a crop was asked for. NoFaceError: the face is never seen again.
        """
        if framing == "crop":
            raise UsageError(f"source video {self.path}: keeps its whole picture; leave out --framing crop")
        driver = drivers[self.parts[0].number]
        stage = Stage("reading the source", self.info.expected_frames, progress)
        with open_video(self.path) as reader:

            def frames() -> Iterator[tuple[Image, Fraction, Fraction | None]]:
                for frame in reader:
                    yield frame.image, frame.time, frame.duration
                    stage.tell(frame.index + 1)

            source = read_source(frames(), networks, self.parts[0].face)
        if not source.seen:
            raise NoFaceError(f"source video {self.path}: the chosen face is too small or too short to be followed")
        track = source.track()
        times = [time for time in track.times if time - track.times[0] < lasts(driver)]
        played = on_clock(driver, tuple(times), track.durations[: len(times)])
        take = VideoTake(self.path, track, played, networks, self.keep, options)
        if len(times) == len(track.times):
            return take
        ends = (
            f"source video: {len(track.times) - len(times)} frames are left out, for the driver is shorter; see --loop"
        )
        return replace(take, driver=replace(played, notes=(*played.notes, ends)))

    def rigged(self, networks: Networks) -> VideoScene:
        """The same: a face in a video is rigged frame by frame."""
        return self


Scene = PhotoScene | VideoScene


def open_scene(
    path: Path, networks: Networks, face: FaceChoice, keep: Keep, also: Mapping[int, object] | None = None,
    box: Box | None = None,
) -> Scene:  # fmt: skip
    """The portrait in `path`, a photo or a video. See `PhotoScene.of` and `VideoScene.of`."""
    if not is_video(path):
        picture = load_photo(path)
        scene = PhotoScene.of(picture.image, networks, face, f"photo {path}", also, box)
        return replace(scene, notes=(*picture.notes, *scene.notes))
    if also:
        raise UsageError(f"source video {path}: one face of a video performs at a time; leave out --driver")
    if box is not None:
        raise UsageError(f"source video {path}: its face moves, and is found; leave out --box")
    return VideoScene.of(path, networks, face, keep)


def found_faces(photo: Image, networks: Networks) -> list[Face]:
    """Faces of `photo` (H, W, 3) uint8 RGB; when there are none, those of softened and contrast-stretched copies."""
    found = networks.finder.find(photo)
    for make in () if found else COPIES.values():
        found = networks.finder.find(make(photo, LIKELY_FACE * min(photo.shape[:2])))
        if found:
            break
    return found


def first_faces(path: Path, finder: FaceFinder, label: str) -> tuple[VideoFrame, list[Face], VideoInfo]:
    """The first frame of a video that shows a face, and its faces. Raises NoFaceError, UnreadableMediaError."""
    with open_video(path) as reader:
        for frame in reader:
            found = finder.find(frame.image, thorough=frame.index % 15 == 0)
            if found:
                return frame, found, reader.info
            if float(frame.time) > LONGEST_WAIT_S:
                break
    raise NoFaceError(
        f"{label}: no face was found in its first {LONGEST_WAIT_S:.0f} seconds; use a video where the face is larger, "
        "upright and uncovered"
    )
