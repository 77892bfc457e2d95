"""The Animator: photo and driving video in, frames out; and `animate`, which makes a file of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mimica.animation.encode import read_driver
from mimica.animation.networks import Networks
from mimica.animation.prepare import Portrait, choose_face, prepare
from mimica.animation.report import AnimationReport, Progress, ProgressCallback
from mimica.animation.request import check_input_file, check_output_file
from mimica.animation.retarget import DriverRest, RetargetOptions, driver_rest, retarget
from mimica.core.motion import MotionTrack
from mimica.errors import NoFaceError
from mimica.media.image import load_photo
from mimica.media.video_reader import VideoReader, open_video
from mimica.runtime.weights import read_registry
from mimica.safety.admission import SigningOptions, admit
from mimica.safety.consent import check_basis
from mimica.safety.release import FrameRelease, VideoRelease

Image = NDArray[np.uint8]
FaceChoice = int | Literal["largest"]
Framing = Literal["photo", "crop"]


@dataclass(frozen=True, slots=True, eq=False)
class Driver:
    """A driving video's motion with its times: `times[i]` and `durations[i]` belong to `track[i]`."""

    track: MotionTrack
    rest: DriverRest
    times: tuple[Fraction, ...]
    durations: tuple[Fraction | None, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return float(self.times[-1] - self.times[0])


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

    def prepare(self, photo: Path | str | Image, face: FaceChoice = "largest") -> Portrait:
        """Rig one face of a photo, a file or an array (H, W, 3) uint8 RGB.

        Raises:
            UnreadableMediaError, NoFaceError, FaceChoiceError.
        """
        image = photo if isinstance(photo, np.ndarray) else load_photo(photo).image
        label = "photo" if isinstance(photo, np.ndarray) else f"photo {photo}"
        return prepare(image, choose_face(self.networks.finder.find(image), face, label), self.networks, label)

    def read_driver(self, driving: Path | str | VideoReader, progress: ProgressCallback | None = None) -> Driver:
        """Read the motion of every frame of a driving video.

        Raises:
            UnreadableMediaError: it cannot be decoded.
            NoFaceError: no frame shows a face.
        """
        if not isinstance(driving, VideoReader):
            with open_video(driving) as reader:
                return self.read_driver(reader, progress)
        times: list[Fraction] = []
        durations: list[Fraction | None] = []
        clock = _Stage("reading the driver", driving.info.expected_frames, progress)

        def images() -> Iterator[tuple[Image, float]]:
            for frame in driving:
                times.append(frame.time)
                durations.append(frame.duration)
                yield frame.image, float(frame.time)

        motion = read_driver(images(), self.networks, clock.tell)
        if not motion.seen:
            raise NoFaceError(
                f"driving video {driving.path}: no face was found in any of its {len(times)} frames; use a clip that "
                f"shows the actor's face"
            )
        track = motion.track(np.array([float(t) for t in times], np.float64))
        notes = list(driving.notes)
        lost = len(times) - motion.seen
        if lost:
            notes.append(
                f"the driver's face was not seen in {lost} of {len(times)} frames; its motion was bridged there"
            )
        return Driver(track, driver_rest(track), tuple(times), tuple(durations), tuple(notes))

    def render_unreleased(
        self, portrait: Portrait, driver: Driver, index: int, options: RetargetOptions, framing: Framing = "photo"
    ) -> Image:
        """Frame `index` of the animation, (H, W, 3) uint8 RGB; it depends on no other call.

        It is not released: no consent was asked, and it carries no mark. `frames` and `animate` are the ways out.
        """
        motion = retarget(driver.track, index, driver.rest, portrait.subject, options)
        if framing == "crop":
            return portrait.renderer.render_patch(motion)
        return portrait.renderer.render(motion)

    def frames(
        self, photo: Path | str | Image, driving: Path | str, *, consent: str, receipt: Path | str | None = None,
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
        check_basis(consent, receipt, purpose)
        path = None if isinstance(photo, np.ndarray) else Path(photo)
        image = photo if isinstance(photo, np.ndarray) else load_photo(photo).image
        options = RetargetOptions(motion, expression, pose, gaze)
        terms = admit(
            path, image, Path(driving), consent=consent, receipt=receipt, purpose=purpose, label=label,
            weights=_weights(), settings={"framing": framing, "face": face, **asdict(options)},
        )  # fmt: skip
        named = "photo" if path is None else f"photo {path}"
        portrait = prepare(image, choose_face(self.networks.finder.find(image), face, named), self.networks, named)
        driver = self.read_driver(driving)
        with FrameRelease(terms, len(driver), driver.seconds) as release:
            for index, moment in enumerate(driver.times):
                yield release.frame(self.render_unreleased(portrait, driver, index, options, framing), moment)


def animate(
    photo: Path | str, driving: Path | str, out: Path | str, *, consent: str, receipt: Path | str | None = None,
    framing: Framing = "photo", motion: Literal["relative", "absolute"] = "relative", expression: float = 1.0,
    pose: float = 1.0, gaze: float = 1.0, face: FaceChoice = "largest", crf: int = 16, device: str = "auto",
    audio: bool = True, overwrite: bool = True, purpose: str = "personal", label: str = "start",
    signing: SigningOptions | None = None, progress: ProgressCallback | None = None, animator: Animator | None = None,
) -> AnimationReport:  # fmt: skip
    """Let `photo` perform what the actor does in `driving`, and write it to `out`.

    One frame for each frame of the driver, at its exact time, with its own sound. The file appears only when complete:
    every frame labelled and invisibly marked, the manifest signed and checked, a row in the ledger.

    Args:
        consent: on whose word: self, receipt, fictional, historical, licensed (see `safety.consent`).
        receipt: the written agreement, for consent "receipt".
        framing: "photo" gives the whole photo back, "crop" a square around the head.
        motion: "relative" moves the head from the photo's own pose; "absolute" takes the actor's.
        expression, pose, gaze: scales; 0 keeps the photo's own.
        face: which face of the photo: "largest", or a number as `mimica faces` counts.
        purpose: what it is for: personal, publication, commercial, research; a receipt may allow some only.
        label: the visible "AI": "start" (first seconds and after cuts) or "always".
        signing: whose key signs the manifest; this machine's own when None.
        crf: H.264 quality, 0 (lossless) to 51.
        animator: loaded networks to use again; `device` is then ignored.

    Raises:
        ConsentError, UsageError, UnreadableMediaError, NoFaceError, FaceChoiceError, OutputError, WeightsError,
        DeviceError, GateError, LedgerError: each names its input, the cause and the remedy.
    """
    started = time.monotonic()
    check_basis(consent, receipt, purpose)
    photo, driving, out = Path(photo), Path(driving), Path(out)
    check_input_file(photo, "photo")
    check_input_file(driving, "driving video")
    check_output_file(out, inputs=(photo, driving), overwrite=overwrite)
    picture = load_photo(photo)
    options = RetargetOptions(motion, expression, pose, gaze)
    terms = admit(
        photo, picture.image, driving, consent=consent, receipt=receipt, purpose=purpose, label=label, signing=signing,
        weights=_weights(), settings={"framing": framing, "face": face, "crf": crf, "audio": audio, **asdict(options)},
    )  # fmt: skip
    with open_video(driving) as reader:
        animator = animator or Animator.load(device)
        face_found = choose_face(animator.networks.finder.find(picture.image), face, f"photo {photo}")
        portrait = prepare(picture.image, face_found, animator.networks, f"photo {photo}")
        driver = animator.read_driver(reader, progress)
        info = reader.info
    first = animator.render_unreleased(portrait, driver, 0, options, framing)
    height, width = first.shape[:2]
    stage = _Stage("animating", len(driver), progress)
    sound = audio and info.has_audio
    with VideoRelease(
        out, (width, height), terms, frames=len(driver), seconds=driver.seconds, time_base=info.time_base,
        rate=info.rate, crf=crf, audio_from=driving if sound else None,
    ) as writer:  # fmt: skip
        for index, (moment, duration) in enumerate(zip(driver.times, driver.durations, strict=True)):
            frame = first if index == 0 else animator.render_unreleased(portrait, driver, index, options, framing)
            writer.write(frame, moment, duration)
            stage.tell(index + 1)
    notes = dict.fromkeys((*picture.notes, *driver.notes, *writer.notes))
    return AnimationReport(
        out=out, frames=len(driver), fps=stage.fps, seconds=time.monotonic() - started, size=(width, height),
        rate=info.rate, audio=sound, notes=tuple(notes), consent=terms.consent.basis, release=writer.release,
    )  # fmt: skip


def _weights() -> dict[str, str]:
    """sha256 of every shipped network by name: what made an animation, for its manifest and ledger row."""
    return {name: entry.sha256 for name, entry in read_registry().items()}


class _Stage:
    """Counts frames of one stage and tells the caller."""

    def __init__(self, name: str, total: int | None, progress: ProgressCallback | None) -> None:
        self._state, self._progress = Progress(0, total, 0.0, name), progress
        self._started = time.monotonic()

    @property
    def fps(self) -> float:
        return self._state.fps

    def tell(self, done: int) -> None:
        seconds = max(time.monotonic() - self._started, 1e-6)
        self._state = replace(self._state, done=done, fps=done / seconds)
        if self._progress is not None:
            self._progress(self._state)
