"""A filmed face through its video: where it is and what it does in every frame, read in a first pass, without pixels.

Half a kilobyte a frame stays in memory, so an hour fits; the second pass (``video_take``) reads the pixels again. One
person is followed within one shot: after a cut nobody can tell who is shown, and consent was given for one person, so
from there on the source stays as it is. This module does not know the driver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mimica.animation.eyeball import KnownEye
from mimica.animation.networks import ENCODER_PX, FACE_PX, EncodedMotion, Networks
from mimica.animation.occlusion import LOOK_PX, FaceMemory, Look
from mimica.animation.prepare import aligned_crop, rigged_photo
from mimica.animation.retarget import DriverRest, driver_rest
from mimica.animation.smoothing import smooth_motion
from mimica.core.camera import gaze_direction
from mimica.core.framing import ORIGIN_IN_CROP, crop_around, placement_in_photo
from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, MotionTrack
from mimica.core.records import Face
from mimica.faces.alignment import extract, face_crop
from mimica.faces.tracking import FaceTracker, TrackedFace

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

MARKS = 70
_EXPRESSION = len(EXPRESSION_NAMES)
_ROW = _EXPRESSION + 3 + 3 + 4 + 2 * MARKS
"""Expression, angles, place with log scale, gaze, landmarks in sides of the crop."""

SAME_PLACE, SAME_SIZE = 1.2, 1.7
"""A face that was lost and is found again is the same one within so many crops and at most so many times larger."""
EYE_FRAMES = 6
"""Frames with open eyes from which the eyes' colours are read."""
MOST_LOOKS = 32
"""Small crops that are kept to learn how the face usually looks."""
FADE_S = 0.2
"""Before a face is lost and after it is found the performance fades in so many seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceTrack:
    """What is known of a filmed face before its pixels are read again.

    rows: (T, 205) smoothed without lag; see `_ROW`. presence: (T,) 0..1, how much of the performance is laid over the
    frame. rest: the source's own. eyes: left and right, as open eyes show them. memory: of its
    usual look. times, durations: of the frames.
    """

    rows: FloatArray
    presence: FloatArray
    rest: DriverRest
    eyes: tuple[KnownEye, KnownEye] | None
    memory: FaceMemory
    times: tuple[Fraction, ...]
    durations: tuple[Fraction | None, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times)

    def crop(self, index: int) -> CropFrame:
        """The tight crop of frame `index`."""
        x, y, log_scale = map(float, self.rows[index, _EXPRESSION + 3 : _EXPRESSION + 6])
        return crop_around(x, y, float(np.exp(log_scale)))

    def encoded(self, index: int) -> EncodedMotion:
        """What the encoder would have read in that crop."""
        row = self.rows[index]
        crop = self.crop(index)
        return EncodedMotion(
            row[:_EXPRESSION], row[_EXPRESSION : _EXPRESSION + 3],
            (*ORIGIN_IN_CROP, float(row[_EXPRESSION + 5] - np.log(crop.side_px))),
            row[_EXPRESSION + 6 : _EXPRESSION + 10].reshape(2, 2), row[_EXPRESSION + 10 :].reshape(MARKS, 2),
        )  # fmt: skip


@dataclass(slots=True)
class SourceReader:
    """Feeds a video's frames to tracker and encoder and gathers what `SourceTrack` holds. Use it once.

    chosen: the face to follow, in pixels of the first frame that shows one.
    """

    networks: Networks
    chosen: Face
    seen: int = 0
    """Frames in which the face was seen."""
    rows: list[FloatArray] = field(default_factory=list)
    times: list[Fraction] = field(default_factory=list)
    durations: list[Fraction | None] = field(default_factory=list)
    _tracker: FaceTracker | None = None
    _adjustment: tuple[float, float, float] = (0.0, 0.0, 1.0)
    _track: int | None = None
    _last: CropFrame | None = None
    _open_eyes: list[tuple[float, int, Image]] = field(default_factory=list)
    _cut_at: Fraction | None = None
    _looks: list[Look] = field(default_factory=list)
    _look_every: int = 4

    def add(self, image: Image, time: Fraction, duration: Fraction | None) -> bool:
        """Read one frame (H, W, 3) uint8 RGB; tells whether the chosen face was seen."""
        self.times.append(time)
        self.durations.append(duration)
        tracker = self._tracker = self._tracker or FaceTracker(self.networks.finder, self.chosen)
        tracked = tracker.update(image, float(time))
        if not tracker.cuts:
            self._cut_at = None  # what looked like a cut was a flash
        elif self._cut_at is None and self._last is not None:
            self._cut_at = time
        if tracked is None or tracked.lost or self._cut_at is not None or not self._same(tracked):
            self.rows.append(np.full(_ROW, np.nan, np.float32))
            return False
        if self._track != tracked.track_id:
            better = aligned_crop(image, tracked.crop, self.networks)
            shift = (better.center_px - tracked.crop.center_px) / tracked.crop.side_px
            self._adjustment = (float(shift[0]), float(shift[1]), better.side_px / tracked.crop.side_px)
            self._track = tracked.track_id
        self._last = tracked.crop
        self.rows.append(self._read(image, self._adjusted(tracked.crop)))
        return True

    def _read(self, image: Image, crop: CropFrame) -> FloatArray:
        read = self.networks.encode(extract(image, crop, ENCODER_PX))
        x, y, scale = placement_in_photo(crop, read.placement)
        marks = crop_around(x, y, scale).to_crop(crop.to_image(read.landmarks))
        row = np.concatenate(
            [read.expression, read.angles_deg, [x, y, np.log(scale)], read.gaze_deg.reshape(-1), marks.reshape(-1)]
        ).astype(np.float32)
        if self.seen % self._look_every == 0:
            self._looks.append(self._look(image, crop_around(x, y, scale)))
            if len(self._looks) > MOST_LOOKS:  # every other one, from all over the video so far
                self._looks, self._look_every = self._looks[::2], 2 * self._look_every
        self.seen += 1
        shut = float(row[EXPRESSION_INDEX["eyeBlink_L"]] + row[EXPRESSION_INDEX["eyeBlink_R"]])
        if len(self._open_eyes) < EYE_FRAMES or shut < self._open_eyes[-1][0] - 0.02:
            self._open_eyes = sorted([*self._open_eyes, (shut, len(self.rows), image)], key=lambda one: one[0])
            del self._open_eyes[EYE_FRAMES:]
        return row

    def _look(self, image: Image, crop: CropFrame) -> Look:
        maps = self.networks.rig(extract(image, crop, FACE_PX))
        return Look(extract(image, crop, LOOK_PX), maps["canonical"], maps["face"])

    def _same(self, tracked: TrackedFace) -> bool:
        """Whether a face is where the last one was, or the chosen one at the beginning."""
        last = self._last or face_crop(self.chosen)
        if self._track == tracked.track_id:
            return True
        away = float(np.linalg.norm(tracked.crop.center_px - last.center_px)) / last.side_px
        larger = abs(float(np.log(tracked.crop.side_px / last.side_px)))
        return away < SAME_PLACE and larger < np.log(SAME_SIZE)

    def _adjusted(self, crop: CropFrame) -> CropFrame:
        dx, dy, zoom = self._adjustment
        return CropFrame(
            crop.center_x_px + dx * crop.side_px, crop.center_y_px + dy * crop.side_px, crop.side_px * zoom
        )

    def track(self) -> SourceTrack:
        """What was gathered, gaps bridged, smoothed without lag. Wants at least one frame with the face."""
        moments = np.array([float(moment) for moment in self.times], np.float64)
        values = np.stack(self.rows)
        known = np.flatnonzero(~np.isnan(values[:, 0]))
        for column in range(_ROW):
            values[:, column] = np.interp(moments, moments[known], values[known, column])
        rows = smooth_motion(values, moments)
        seen = np.zeros(len(rows), np.float32)
        seen[known] = 1
        notes: list[str] = []
        if self._cut_at is not None:
            notes.append(
                f"source video: there is a cut at {float(self._cut_at):.2f} s; who is shown after it cannot be told, "
                "so the source stays as it is from there on; give each shot as a video of its own"
            )
        lost = len(rows) - len(known) - sum(self._cut_at is not None and time >= self._cut_at for time in self.times)
        if lost:
            notes.append(f"source video: the face was not seen in {lost} of {len(rows)} frames; they stay as they are")
        track = SourceTrack(
            rows, faded(seen, moments), _rest(rows, seen), None, FaceMemory.of(self._looks), tuple(self.times),
            tuple(self.durations), tuple(notes),
        )  # fmt: skip
        return replace(track, eyes=self._eyes(track))

    def _eyes(self, track: SourceTrack) -> tuple[KnownEye, KnownEye]:
        rings: tuple[list[FloatArray], list[FloatArray]] = ([], [])
        offsets: tuple[list[FloatArray], list[FloatArray]] = ([], [])
        for _, index, image in self._open_eyes:
            portrait = rigged_photo(image, track.crop(index), track.encoded(index), self.networks)
            for side, name in enumerate(("left_eye", "right_eye")):
                ball = portrait.renderer.eyeballs[name]
                gaze = portrait.reading.gaze_deg[side]
                read = portrait.renderer.mesh.rotation @ gaze_direction(float(gaze[0]), float(gaze[1]))
                rings[side].append(ball.rings)
                offsets[side].append((ball.axis - read).astype(np.float32))
        left, right = (
            KnownEye(np.median(rings[side], axis=0), np.median(offsets[side], axis=0).astype(np.float64))
            for side in (0, 1)
        )
        return left, right


def read_source(
    frames: Iterable[tuple[Image, Fraction, Fraction | None]], networks: Networks, chosen: Face
) -> SourceReader:
    """Read every frame of a source, given as (image, time, duration)."""
    reader = SourceReader(networks, chosen)
    for image, time, duration in frames:
        reader.add(image, time, duration)
    return reader


def faded(seen: FloatArray, times_s: NDArray[np.float64]) -> FloatArray:
    """(T,) 1 where the face is seen (T,), 0 where it is not, easing to 0 within `FADE_S` of where it is lost."""
    gone = times_s[seen < 0.5]
    if not len(gone):
        return np.ones(len(seen), np.float32)
    after = np.searchsorted(gone, times_s)
    before = np.abs(times_s - gone[np.maximum(after - 1, 0)])
    behind = np.abs(gone[np.minimum(after, len(gone) - 1)] - times_s)
    share = np.clip(np.minimum(before, behind) / FADE_S, 0, 1)
    return (share * share * (3 - 2 * share) * seen).astype(np.float32)


def _rest(rows: FloatArray, seen: FloatArray) -> DriverRest:
    return driver_rest(
        MotionTrack(
            rows[:, :_EXPRESSION],
            rows[:, _EXPRESSION : _EXPRESSION + 3],
            rows[:, _EXPRESSION + 3 : _EXPRESSION + 5],
            np.exp(rows[:, _EXPRESSION + 5]),
            rows[:, _EXPRESSION + 6 : _EXPRESSION + 10].reshape(-1, 2, 2),
            seen,
        )
    )
