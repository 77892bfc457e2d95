"""A case with its pixels decoded and its faces read, once for all systems.

Reading a driver costs more than most systems: its frames and trace are kept while the next case has the same driver.
This module does not know metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mimica.errors import NoFaceError
from mimica.evaluation.cases import Case, Image, Truth
from mimica.evaluation.face_trace import FaceReader, FaceTrace
from mimica.evaluation.identity import IdentityModel
from mimica.evaluation.metrics.comparison import embed_some

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedCase:
    """T frames of a driver, the photo, the traces of both; target and truth where they are known.

    driver_faces: (≤ 8, 128) embeddings of the driver, None for the same person or without dlib.
    """

    case: Case
    photo: Image
    photo_trace: FaceTrace
    driver: list[Image]
    times: list[Fraction]
    driver_trace: FaceTrace
    target: list[Image] | None
    target_trace: FaceTrace | None
    truth: Truth | None
    driver_faces: FloatArray | None

    @property
    def times_s(self) -> list[float]:
        return [float(time) for time in self.times]

    @property
    def reference(self) -> FaceTrace:
        """What the output's motion is compared with: the target's trace where there is one, else the driver's."""
        return self.driver_trace if self.target_trace is None else self.target_trace


class CaseLoader:
    """Loads cases with one reader."""

    def __init__(self, reader: FaceReader, identity: IdentityModel | None) -> None:
        self.reader, self.identity = reader, identity
        self._key: tuple[object, ...] = ()
        self._driver: tuple[list[Image], list[Fraction], FaceTrace] | None = None
        self._faces: FloatArray | None = None

    def load(self, case: Case) -> LoadedCase:
        """Decode and read everything of `case`.

        Raises:
            UnreadableMediaError: photo or driver cannot be decoded.
            NoFaceError: the reader sees no face in the photo, or in no frame of the driver.
        """
        driver, times, driver_trace = self._driving(case)
        photo = case.photo()
        photo_trace = self.reader.read([photo], [0.0])
        if not photo_trace.found[0]:
            raise NoFaceError(f"photo {case.photo_file}: the reader ({self.reader.source}) sees no face in it")
        if not driver_trace.found.any():
            raise NoFaceError(f"driving video {case.driver}: the reader ({self.reader.source}) sees no face in it")
        target = case.target_frames(photo.shape[:2])
        seconds = [float(time) for time in times]
        return LoadedCase(
            case, photo, photo_trace, driver, times, driver_trace, target,
            None if target is None else self.reader.read(target, seconds), case.truth(),
            None if case.same_person else self._faces,
        )  # fmt: skip

    def _driving(self, case: Case) -> tuple[list[Image], list[Fraction], FaceTrace]:
        key = (case.driver, case.frames)
        if self._driver is None or key != self._key:
            images, times = case.driver_frames()
            trace = self.reader.read(images, [float(time) for time in times])
            self._key, self._driver = key, (images, times, trace)
            self._faces = None if self.identity is None else embed_some(self.identity, images, trace)
        return self._driver
