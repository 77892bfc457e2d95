"""Production: `animate`, a photo and a driving video in, a finished video out. The whole job, top to bottom."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from mimica.animation.animator import Animator, FaceChoice
from mimica.animation.film import FilmFormat, film
from mimica.animation.prepare import choose_face, prepare
from mimica.animation.report import AnimationReport, ProgressCallback
from mimica.animation.request import check_input_file, check_output_file
from mimica.animation.retarget import RetargetOptions
from mimica.animation.take import Framing, PhotoTake, Role
from mimica.media.image import load_photo
from mimica.media.video_reader import open_video
from mimica.runtime.weights import registry_sha256
from mimica.safety.admission import SigningOptions, admit
from mimica.safety.consent import check_basis
from mimica.safety.film_preview import PreviewCallback


def animate(
    photo: Path | str, driving: Path | str, out: Path | str, *, consent: str, receipt: Path | str | None = None,
    framing: Framing = "photo", motion: Literal["relative", "absolute"] = "relative", expression: float = 1.0,
    pose: float = 1.0, gaze: float = 1.0, face: FaceChoice = "largest", crf: int = 16, device: str = "auto",
    audio: bool = True, overwrite: bool = True, purpose: str = "personal", label: str = "start",
    signing: SigningOptions | None = None, progress: ProgressCallback | None = None, animator: Animator | None = None,
    preview: PreviewCallback | None = None,
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
        preview: is given a small labelled and marked JPEG about once a second while frames are made.

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
        weights=registry_sha256(),
        settings={"framing": framing, "face": face, "crf": crf, "audio": audio, **asdict(options)},
    )  # fmt: skip
    with open_video(driving) as reader:
        animator = animator or Animator.load(device)
        face_found = choose_face(animator.networks.finder.find(picture.image), face, f"photo {photo}")
        portrait = prepare(picture.image, face_found, animator.networks, f"photo {photo}")
        driver = animator.read_driver(reader, progress)
        info = reader.info
    sound = audio and info.has_audio
    form = FilmFormat(info.time_base, info.rate, crf, driving if sound else None)
    made = film(PhotoTake(Role(portrait, driver, options), framing), out, terms, form, progress, preview)
    return AnimationReport(
        out=out, frames=made.frames, fps=made.fps, seconds=time.monotonic() - started, size=made.size,
        rate=info.rate, audio=sound, notes=tuple(dict.fromkeys((*picture.notes, *made.notes))),
        consent=terms.consent.basis, release=made.release,
    )  # fmt: skip
