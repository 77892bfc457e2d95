"""What a video's face does, frame by frame, as one independent reader saw it: the input of every metric of motion.

A trace holds no pixels. This module does not know who reads (`mediapipe_reader`, `encoder_reader`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import tee
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mimica.evaluation.landmark_layout import Landmarks, eye_opening, layout_of, mouth_opening
from mimica.media.video_reader import open_video

FloatArray = NDArray[np.float64]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrace:
    """One face over T frames; NaN (and `found` False) where none was seen.

    Attributes:
        times_s: (T,) seconds. found: (T,) bool.
        mouth_opening: (T,) gap between the inner lips over the distance of the eyes' outer corners.
        eye_opening: (T, 2) gap between the lids over the width of the eye; the person's right eye (the image's left),
            then the left.
        gaze_deg: (T, 2) yaw, pitch of both eyes' mean in the head's frame; to the image's right and down positive.
        angles_deg: (T, 3) yaw, pitch, roll of the head as in `core.camera.rotation_from_angles`.
        landmarks: (T, N, 2) px, continuous (x, y). box: (T, 4) px, left, top, right, bottom of the face's landmarks.
        expressions: (T, K) strengths, nominally 0..1, named by `expression_names` (those of `core.motion`).
        source: who read it: "mediapipe" or "mimica encoder".
    """

    times_s: FloatArray
    found: NDArray[np.bool_]
    mouth_opening: FloatArray
    eye_opening: FloatArray
    gaze_deg: FloatArray
    angles_deg: FloatArray
    landmarks: FloatArray
    box: FloatArray
    expressions: FloatArray
    expression_names: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        count, names = len(self.times_s), len(self.expression_names)
        shapes = {
            "found": (count,), "mouth_opening": (count,), "eye_opening": (count, 2), "gaze_deg": (count, 2),
            "angles_deg": (count, 3), "box": (count, 4), "expressions": (count, names),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"face trace: {name} has shape {getattr(self, name).shape}, expected {shape}")
        if self.landmarks.ndim != 3 or self.landmarks.shape[::2] != (count, 2):
            raise ValueError(f"face trace: landmarks have shape {self.landmarks.shape}, expected ({count}, N, 2)")

    def __len__(self) -> int:
        return len(self.times_s)

    def __getitem__(self, rows: slice | NDArray[Any]) -> FaceTrace:
        """The same trace with some of its frames."""
        chosen = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return FaceTrace(**chosen, expression_names=self.expression_names, source=self.source)

    @property
    def layout(self) -> Landmarks:
        """Which landmark is what."""
        return layout_of(self.landmarks.shape[1])

    @property
    def eye_distance_px(self) -> FloatArray:
        """(T,) distance of the eyes' outer corners, the ruler of everything that is measured in faces."""
        right, left = self.layout.outer_eye_corners
        return np.linalg.norm(self.landmarks[:, right] - self.landmarks[:, left], axis=-1)

    @property
    def place(self) -> FloatArray:
        """(T, 2) middle of the face's landmarks, x and y, in distances of the eyes' outer corners (the clip's median).

        A turned head's shorter distance of the eyes must not move it, hence the median.
        """
        middle = self.landmarks[:, list(self.layout.face)].mean(1)
        known = self.eye_distance_px[self.found]
        return middle / (np.median(known) if len(known) else np.nan)

    @classmethod
    def from_readings(cls, times_s: Iterable[float], readings: list[Reading | None], empty: Reading) -> FaceTrace:
        """Stack readings; `empty` gives the shapes (and the names) of frames without a face."""
        rows = [empty if reading is None else reading for reading in readings]
        found = np.array([reading is not None for reading in readings], np.bool_)
        points = np.array([row.landmarks for row in rows], np.float64).reshape(-1, *empty.landmarks.shape)
        layout = layout_of(points.shape[1])
        mouth, eyes = mouth_opening(points, layout), eye_opening(points, layout)
        for index, row in enumerate(rows):
            if row.openings is not None:
                mouth[index], eyes[index] = row.openings[0], row.openings[1:]
        face = points[:, list(layout.face)]
        return cls(
            times_s=np.array([float(time) for time in times_s], np.float64), found=found,
            mouth_opening=mouth, eye_opening=eyes,
            gaze_deg=np.array([row.gaze_deg for row in rows], np.float64).reshape(-1, 2),
            angles_deg=np.array([row.angles_deg for row in rows], np.float64).reshape(-1, 3),
            landmarks=points, box=np.concatenate([face.min(1), face.max(1)], -1),
            expressions=np.array([row.expressions for row in rows], np.float64).reshape(-1, len(empty.names)),
            expression_names=empty.names, source=empty.source,
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the trace as npz without pickles; the file takes its place when complete."""
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                **{name: getattr(self, name) for name in _ARRAYS},
                expression_names=np.array(self.expression_names, np.str_),
                source=np.array(self.source, np.str_),
            )
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> FaceTrace:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
            names = tuple(str(name) for name in file["expression_names"])
            return cls(**arrays, expression_names=names, source=str(file["source"]))


_ARRAYS = tuple(field.name for field in fields(FaceTrace) if field.name not in ("expression_names", "source"))


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One frame's face: landmarks (N, 2) px, gaze_deg (2,), angles_deg (3,), expressions (K,) named by `names`.

    openings: of mouth, right and left eye, from a reader that knows better than its landmarks; None measures those.
    """

    landmarks: NDArray[np.floating]
    gaze_deg: NDArray[np.floating]
    angles_deg: NDArray[np.floating]
    expressions: NDArray[np.floating]
    names: tuple[str, ...]
    source: str
    openings: tuple[float, float, float] | None = None

    @classmethod
    def empty(cls, landmarks: int, names: tuple[str, ...], source: str) -> Reading:
        """A frame without a face: NaN everywhere."""
        values = [np.full(shape, np.nan) for shape in ((landmarks, 2), (2,), (3,), (len(names),))]
        return cls(*values, names=names, source=source)


class FaceReader(Protocol):
    """Reads the one face of a video. Frames are read one by one and forgotten; nothing is smoothed over time."""

    @property
    def source(self) -> str:
        """Goes into `FaceTrace.source` and into the report."""
        ...

    def read(self, frames: Iterable[Image], times_s: Iterable[float]) -> FaceTrace:
        """`frames`: T images (H, W, 3) uint8 RGB; `times_s`: their T times in seconds. One pass over both.

        T may be 0 or, for a photo, 1.
        """
        ...

    def close(self) -> None:
        """Release what the reader holds; reading again afterwards is an error."""
        ...


def read_video(path: Path | str, reader: FaceReader) -> FaceTrace:
    """The trace of every frame of a video; frames are decoded one by one and not kept.

    Raises UnreadableMediaError as `open_video` does.
    """
    with open_video(path) as video:
        pictures, clock = tee(video)  # read in step, so that one frame waits at most
        return reader.read((frame.image for frame in pictures), (float(frame.time) for frame in clock))
