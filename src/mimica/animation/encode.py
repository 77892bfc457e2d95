"""Encode: a driving video in, its motion out; one pass, a few numbers kept per frame however long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mimica.animation.losses import acting_cuts, bridge_losses, widened
from mimica.animation.networks import ENCODER_PX, EncodedMotion, Networks
from mimica.animation.pipeline import ahead
from mimica.animation.prepare import aligned_crop
from mimica.animation.smoothing import smooth_motion
from mimica.animation.trust import LOST_TRUST, damped, trust_in
from mimica.core.framing import placement_in_photo
from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_NAMES, MotionTrack
from mimica.faces.actor_choice import ActorChoice
from mimica.faces.alignment import extract
from mimica.faces.tracking import FaceTracker

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """The face in one frame: image (192, 192, 3) uint8 RGB of `crop`; lost when the crop is only held."""

    image: NDArray[np.uint8]
    crop: CropFrame
    lost: bool


@dataclass(slots=True)
class MotionReader:
    """Feeds frames to the tracker and the encoder and gathers the motion. Use it once per driving video.

    The tracker's steady crop is shifted and scaled once per track so that the encoder sees faces framed as in training;
    within a track nothing but the tracker moves the crop, so the crop adds no jitter.
    """

    networks: Networks
    tracker: FaceTracker
    rows: list[FloatArray] = field(default_factory=list)
    _adjustment: tuple[float, float, float] = (0.0, 0.0, 1.0)
    _track: int | None = None
    _shots: list[int] = field(default_factory=list)
    _scores: list[float] = field(default_factory=list)
    _tracks: list[int] = field(default_factory=list)

    def add(self, image: NDArray[np.uint8], time_s: float) -> bool:
        """Read one frame (H, W, 3) uint8 RGB; tells whether a face was seen."""
        return self.read(self.look(image, time_s))

    def look(self, image: NDArray[np.uint8], time_s: float) -> Glimpse | None:
        """The first half of `add`: find the face of the next frame; None when there is nobody. Frames in order."""
        tracked = self.tracker.update(image, time_s)
        self._shots.append(self.tracker.cuts)
        found = None if tracked is None else tracked.face
        self._scores.append(np.nan if found is None else found.score)
        self._tracks.append(-1 if tracked is None else tracked.track_id)
        if tracked is None:
            return None
        if self._track != tracked.track_id:
            self._adjustment = self._adjust(image, tracked.crop)
            self._track = tracked.track_id
        crop = self._adjusted(tracked.crop)
        return Glimpse(extract(image, crop, ENCODER_PX), crop, tracked.lost)

    def read(self, glimpse: Glimpse | None) -> bool:
        """The second half: its motion. One thread may look ahead while another reads, both in order."""
        if glimpse is None:
            self.rows.append(np.full(_ROW, np.nan, np.float32))
            return False
        read = self.networks.encode(glimpse.image)
        strengths = self.networks.strengths(read)
        gaze = read.gaze_deg * self.networks.gaze_gain
        self.rows.append(_row(strengths, gaze, read, glimpse.crop, 0.0 if glimpse.lost else 1.0))
        return not glimpse.lost

    def _adjust(self, image: NDArray[np.uint8], crop: CropFrame) -> tuple[float, float, float]:
        better = aligned_crop(image, crop, self.networks)
        shift = (better.center_px - crop.center_px) / crop.side_px
        return float(shift[0]), float(shift[1]), better.side_px / crop.side_px

    def _adjusted(self, crop: CropFrame) -> CropFrame:
        dx, dy, zoom = self._adjustment
        return CropFrame(
            crop.center_x_px + dx * crop.side_px, crop.center_y_px + dy * crop.side_px, crop.side_px * zoom
        )

    def pop(self) -> FloatArray:
        """The row (63,) of the last frame, which is then forgotten: for who reads without end."""
        for kept in (self._shots, self._scores, self._tracks):
            kept.pop()
        return self.rows.pop()

    @property
    def seen(self) -> int:
        """Frames in which a face was seen."""
        return sum(bool(row[-1] > 0) for row in self.rows)

    def cuts(self, times_s: NDArray[np.float64]) -> tuple[int, ...]:
        """Frames that begin a new shot of the actor (see `acting_cuts`); a flash begins none. `times_s` (T,)."""
        return acting_cuts(self._confidence(times_s), times_s, self._camera_cuts())

    def track(self, times_s: NDArray[np.float64]) -> tuple[MotionTrack, tuple[str, ...]]:
        """The motion of all frames, losses filled in, smoothed without lag within each shot, and notes about losses.

        `times_s` (T,) seconds.
        """
        values = np.stack(self.rows)
        values[:, -1] = self._confidence(times_s)
        cuts = self.cuts(times_s)
        read = damped(_as_track(np.nan_to_num(values)), times_s, values[:, -1])
        filled, notes = bridge_losses(read, times_s, cuts)
        smooth = [
            smooth_motion(_as_rows(filled[start:end]), times_s[start:end])
            for start, end in zip((0, *cuts), (*cuts, len(values)), strict=True)
        ]
        rows = np.concatenate([np.concatenate(smooth), filled.confidence[:, None]], 1)
        return _as_track(rows.astype(np.float32)), notes

    def _camera_cuts(self) -> list[int]:
        return [int(frame) + 1 for frame in np.flatnonzero(np.diff(self._shots_without_flashes()))]

    def _confidence(self, times_s: NDArray[np.float64]) -> FloatArray:
        """(T,) how far each frame is believed, 0..1; what a flash shows is not looked at."""
        trust = trust_in(np.array(self._scores, np.float32), np.array(self._tracks, np.int64))
        shown = np.where(self._shots_without_flashes() == np.array(self._shots), trust, 0).astype(np.float32)
        return widened(np.where(shown < LOST_TRUST, 0, shown), times_s, self._camera_cuts())

    def _shots_without_flashes(self) -> NDArray[np.int64]:
        """(T,) the number of each frame's shot: after a flash the tracker counts back."""
        return np.minimum.accumulate(np.array(self._shots, np.int64)[::-1])[::-1]


_ROW = len(EXPRESSION_NAMES) + 3 + 3 + 4 + 1


def _row(
    strengths: FloatArray, gaze_deg: FloatArray, read: EncodedMotion, crop: CropFrame, confidence: float
) -> FloatArray:
    x, y, scale = placement_in_photo(crop, read.placement)
    tail = np.array([x, y, np.log(scale)], np.float32)
    return np.concatenate([strengths, read.angles_deg, tail, gaze_deg.reshape(-1), [np.float32(confidence)]]).astype(
        np.float32
    )


def _as_track(rows: FloatArray) -> MotionTrack:
    """Rows (T, 63) → the track that they are."""
    count = len(EXPRESSION_NAMES)
    return MotionTrack(
        expression=rows[:, :count],
        angles_deg=rows[:, count : count + 3],
        position=rows[:, count + 3 : count + 5],
        scale=np.exp(rows[:, count + 5]),
        gaze_deg=rows[:, count + 6 : count + 10].reshape(-1, 2, 2),
        confidence=rows[:, -1],
    )


def _as_rows(track: MotionTrack) -> FloatArray:
    """A track as rows (T, 62), without its confidence."""
    parts = (track.expression, track.angles_deg, track.position, np.log(track.scale)[:, None])
    return np.concatenate([*parts, track.gaze_deg.reshape(-1, 4)], 1).astype(np.float32)


Told = Callable[[int], None]


def read_motion(
    frames: Iterable[tuple[NDArray[np.uint8], float]], networks: Networks, tell: Told | None = None,
    actor: ActorChoice = "largest",
) -> MotionReader:  # fmt: skip
    """Read every frame of a driver, given as (image, seconds); actor: whom to follow.

    Faces are found in one thread while motion is read in another.
    """
    reader = MotionReader(networks, FaceTracker(networks.finder, actor=actor))
    looks = ahead(reader.look(image, time_s) for image, time_s in frames)
    for count, glimpse in enumerate(looks, start=1):
        reader.read(glimpse)
        if tell is not None:
            tell(count)
    return reader
