"""The Animator: loaded networks that prepare photos, read drivers, and give released frames to a program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mimica.animation.arguments import check_performance
from mimica.animation.cast import FaceChoice, told
from mimica.animation.driver import Driver
from mimica.animation.driving import WHOLE, DrivingFile
from mimica.animation.kept_motion import KeptMotion
from mimica.animation.networks import Networks
from mimica.animation.prepare import Portrait, prepare
from mimica.animation.report import ProgressCallback
from mimica.animation.retarget import RetargetOptions
from mimica.animation.scene import PhotoScene
from mimica.animation.take import Framing
from mimica.animation.timeline import Timeline
from mimica.faces.actor_choice import ActorChoice
from mimica.media.image import load_photo
from mimica.runtime.weights import registry_sha256
from mimica.safety.admission import admit
from mimica.safety.agreements import Agreements, Consent, ReceiptFiles
from mimica.safety.release import FrameRelease

Image = NDArray[np.uint8]


class Animator:
    """Loaded networks, ready for any number of photos and drivers.

    >>> animator = Animator.load()  # doctest: +SKIP
    >>> for frame in animator.frames("photo.jpg", "actor.mp4", consent="self"):  # doctest: +SKIP
    ...     print(frame.shape)  # (H, W, 3) uint8 RGB
    """

    def __init__(self, networks: Networks) -> None:
        self.networks = networks

    @classmethod
    def load(cls, device: str = "auto") -> Animator:
        """The shipped weights on `device`: auto, cpu, cuda, coreml, directml.

        Raises:
            WeightsError, DeviceError: see `Networks.load`.
        """
        return cls(Networks.load(device))

    def prepare(self, photo: Path | str | Image, face: FaceChoice = "largest", label: str | None = None) -> Portrait:
        """Rig one face of a photo, a file or an array (H, W, 3) uint8 RGB; of several chosen ones the first.

        label: what errors call the photo; when None, the file's name as far as there is one.

        Raises:
            UnreadableMediaError, NoFaceError, FaceChoiceError.
        """
        image = photo if isinstance(photo, np.ndarray) else load_photo(photo).image
        label = label or ("photo" if isinstance(photo, np.ndarray) else f"photo {photo}")
        scene = PhotoScene.of(image, self.networks, face, label)
        return prepare(image, scene.parts[0].face, self.networks, label, scene.faces)

    def read_driver(
        self, driving: Path | str, progress: ProgressCallback | None = None, *, timeline: Timeline = WHOLE,
        actor: ActorChoice = "largest", kept: KeptMotion | None = None,
    ) -> Driver:  # fmt: skip
        """The motion in a driving video, a motion file or a face CSV; see `driving.DrivingFile`."""
        with DrivingFile(Path(driving)) as file:
            return file.read(self.networks, progress, timeline=timeline, actor=actor, kept=kept)

    def frames(
        self, photo: Path | str | Image, driving: Path | str, *, consent: Consent, receipt: ReceiptFiles = None,
        purpose: str = "personal", label: str = "start", framing: Framing = "photo",
        motion: Literal["relative", "absolute"] = "relative", expression: float = 1.0, pose: float = 1.0,
        gaze: float = 1.0, face: FaceChoice = "largest",
    ) -> Iterator[Image]:  # fmt: skip
        """The animation's frames in order, (H, W, 3) uint8 RGB, one for each frame of the driver.

        They are what `animate` would encode: consent is required, the gate has looked, the label and the invisible mark
        are in them, and the ledger has a row. They carry no manifest: whoever makes a file of them has to sign it.

        Raises:
            As `animate`, when the first frame is asked for.
        """
        Agreements.of(consent, receipt).verify(purpose)
        check_performance(framing, motion, expression, pose, gaze, face)
        path, driving = None if isinstance(photo, np.ndarray) else Path(photo), Path(driving)
        image = photo if isinstance(photo, np.ndarray) else load_photo(photo).image
        options = RetargetOptions(motion, expression, pose, gaze)
        scene = PhotoScene.of(image, self.networks, face, "photo" if path is None else f"photo {path}")
        numbers = [part.number for part in scene.parts]
        terms = admit(
            path, image, driving, consent=consent, receipt=receipt, purpose=purpose, label=label,
            weights=registry_sha256(), faces=dict.fromkeys(numbers, driving),
            settings={"framing": framing, "face": told(face), "faces": numbers, **asdict(options)},
        )  # fmt: skip
        drivers = dict.fromkeys(numbers, self.read_driver(driving))
        take = scene.take(drivers, self.networks, options, framing)
        seconds = float(take.times[-1] - take.times[0])
        with FrameRelease(terms, len(take.times), seconds) as release:
            for image, moment in zip(take.unreleased_frames(), take.times, strict=True):
                yield release.frame(image, moment)
