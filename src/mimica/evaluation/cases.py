"""A case: one photo, one driving video, and what is known of the right result; the unit that suites are made of.

This module does not know systems or metrics.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mimica.media.video_reader import open_video

Image = NDArray[np.uint8]
Anchor = Literal["rest", "first"]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is exactly known of a rendered case, frame by frame (T frames).

    Attributes:
        expressions: (T, 52) strengths in the order of `core.motion.EXPRESSION_NAMES`, the same for driver and target.
        angles_deg: (T, 3) yaw, pitch, roll of the target's head. gaze_deg: (T, 2) yaw, pitch (down positive) of both
            eyes' mean, in the head's frame. landmarks: (T, 70, 2) px, the target's.
        flow_frames: (F,) the frames of `source_xy` (F, h, w, 2), px of the photo where it shows this pixel's point,
            `visibility` (F, h, w) 0..1, whether it does, and `part` (F, h, w), index into `synthesis.scene.PART_NAMES`;
            a coarser grid over the same picture.
        shown: (frame, group, place in `without`) of the frames that perform a difficult expression in full.
        without: (S, H, W, 3) those frames with that expression left out.
    """

    expressions: NDArray[np.float32]
    angles_deg: NDArray[np.float32]
    gaze_deg: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    flow_frames: NDArray[np.int64]
    source_xy: NDArray[np.float32]
    visibility: NDArray[np.float32]
    part: NDArray[np.uint8]
    shown: tuple[tuple[int, str, int], ...]
    without: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One thing to animate.

    Attributes:
        suite: name of the suite. name: unique within it, usable as a file name.
        photo_file: the photo, or the video whose first frame it is. driver: the driving video.
        frames: how many frames of the driver are rendered and measured; None for all.
        photo_px: longer side to which a larger photo is shrunk; None keeps it.
        anchor: "first" where the photo is the driver's own first frame, "rest" where a system has to find the
            driver's rest by itself.
        target: video of the right result, None where nobody knows it. truth_file: npz of `Truth`, or None.
        consent: on whose word the photo is animated (see `safety.consent`). same_person: driver and photo.
    """

    suite: str
    name: str
    photo_file: Path
    driver: Path
    consent: str
    frames: int | None = None
    photo_px: int | None = None
    anchor: Anchor = "rest"
    target: Path | None = None
    truth_file: Path | None = None
    same_person: bool = False

    @property
    def key(self) -> str:
        """Unique over all suites."""
        return f"{self.suite}/{self.name}"

    def photo(self) -> Image:
        """(H, W, 3) uint8 RGB, shrunk to `photo_px`, with even sides."""
        import cv2

        from mimica.media.image import load_photo

        if self.photo_file == self.driver:
            image = read_frames(self.photo_file, 1)[0][0]
        else:
            image = load_photo(self.photo_file).image
        scale = min(1.0, (self.photo_px or max(image.shape)) / max(image.shape[:2]))
        height, width = (max(2, 2 * round(side * scale / 2)) for side in image.shape[:2])
        if (height, width) == image.shape[:2]:
            return image
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)

    def driver_frames(self) -> tuple[list[Image], list[Fraction]]:
        """The frames that are measured, and their times in seconds."""
        return read_frames(self.driver, self.frames)

    def target_frames(self, size: tuple[int, int]) -> list[Image] | None:
        """The right result at `size` (height, width), where it is known."""
        import cv2

        if self.target is None:
            return None
        images = read_frames(self.target, self.frames)[0]
        if images[0].shape[:2] == size:
            return images
        return [cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8) for image in images]

    def truth(self) -> Truth | None:
        """The exact numbers of a rendered case."""
        if self.truth_file is None:
            return None
        from mimica.evaluation.truth_files import load_truth

        return load_truth(self.truth_file)

    def inputs(self) -> dict[str, str]:
        """File name → sha256 of everything that goes in."""
        files = dict.fromkeys((self.photo_file, self.driver, self.target, self.truth_file))
        return {path.name: sha256_of(path) for path in files if path is not None}


def read_frames(path: Path, count: int | None = None) -> tuple[list[Image], list[Fraction]]:
    """The first `count` frames of a video (all when None), and their times.

    Raises:
        UnreadableMediaError: it cannot be decoded.
    """
    images: list[Image] = []
    times: list[Fraction] = []
    with open_video(path) as reader:
        for frame in reader:
            images.append(frame.image)
            times.append(frame.time)
            if count is not None and len(images) >= count:
                break
    return images, times


_HASHED: dict[tuple[str, int, int], str] = {}


def sha256_of(path: Path) -> str:
    """Of a file, 64 hex digits; read once while it stays as it is."""
    state = path.stat()
    key = (str(path), state.st_size, state.st_mtime_ns)
    if key not in _HASHED:
        with path.open("rb") as file:
            _HASHED[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _HASHED[key]
