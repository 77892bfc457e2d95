"""Production: `animate`, a photo and a driving video in, a finished video out. The whole job, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from mimica.animation.animator import Animator
from mimica.animation.arguments import check_film, check_performance
from mimica.animation.cast import Box, FaceChoice, told
from mimica.animation.clock import REST_S, lasts, on_clock
from mimica.animation.driver import Driver
from mimica.animation.driving import WHOLE, DrivingFile
from mimica.animation.film import FilmFormat, film
from mimica.animation.keep import AudioFrom, Keep
from mimica.animation.kept_motion import KeptMotion
from mimica.animation.parts import PARTS, Part
from mimica.animation.pipeline import meanwhile
from mimica.animation.report import AnimationReport, ProgressCallback
from mimica.animation.request import check_input_file, check_output_file
from mimica.animation.retarget import RetargetOptions
from mimica.animation.scene import PhotoScene, Scene, open_scene
from mimica.animation.take import Framing, Take
from mimica.animation.timeline import Timeline
from mimica.errors import UsageError
from mimica.faces.actor_choice import ActorChoice
from mimica.media.audio import Sound
from mimica.media.frame_size import check_frame_size
from mimica.runtime.weights import registry_sha256
from mimica.safety.admission import SigningOptions, admit
from mimica.safety.agreements import Agreements, Consent, ReceiptFiles
from mimica.safety.film_preview import PreviewCallback
from mimica.safety.unfinished_run import UnfinishedRun, terms_facts


def animate(
    photo: Path | str, driving: Path | str, out: Path | str, *, consent: Consent, receipt: ReceiptFiles = None,
    framing: Framing = "photo", motion: Literal["relative", "absolute"] = "relative", expression: float = 1.0,
    pose: float = 1.0, gaze: float = 1.0, face: FaceChoice = "largest", crf: int = 16, device: str = "auto",
    audio: bool = True, overwrite: bool = True, purpose: str = "personal", label: str = "start",
    signing: SigningOptions | None = None, progress: ProgressCallback | None = None, animator: Animator | None = None,
    preview: PreviewCallback | None = None, drivers: Mapping[int, Path | str] | None = None, keep: Keep | None = None,
    audio_from: AudioFrom = "driver", timeline: Timeline = WHOLE, actor: ActorChoice = "largest",
    parts: tuple[Part, ...] = PARTS, box: Box | None = None, resume: bool = False,
) -> AnimationReport:  # fmt: skip
    """Let `photo` perform what the actor does in `driving`, and write it to `out`.

    `driving` is a video, a motion file or a face CSV. One frame for each frame of the driver, at its exact time, with
    its own sound. The file appears only when complete: every frame labelled and invisibly marked, the manifest signed
    and checked, a row in the ledger.

    Args:
        consent: on whose word: self, receipt, fictional, historical, licensed (see `safety.consent`); one basis, or
            one for each face by its number.
        receipt: the written agreement, for consent "receipt"; of several faces each its own, by number.
        framing: "photo" gives the whole photo back, "crop" a square around the head.
        motion: "relative" moves the head from the photo's own pose; "absolute" takes the actor's.
        expression, pose, gaze: scales; 0 keeps the photo's own.
        face: which faces of the photo: "largest", "all", "left", "right" (of the picture), or numbers as
            `mimica faces` counts.
        purpose: what it is for: personal, publication, commercial, research; a receipt may allow some only.
        label: the visible "AI": "start" (first seconds and after cuts) or "always".
        signing: whose key signs the manifest; this machine's own when None.
        crf: H.264 quality, 0 (lossless) to 51.
        animator: loaded networks to use again; `device` is then ignored.
        preview: is given a small labelled and marked JPEG about once a second while frames are made.
        drivers: driving videos of single faces, by number; they perform besides those that `face` chooses. `driving`
            gives time, length and sound; a face whose own driver is over rests.
        keep: what a video given as `photo` keeps of its own performance: "pose" (when None), "expression", "both" or
            "none" (see `animation.keep`). Its frames and times are then the output's, and the shorter of both videos
            ends it.
        box: left, top, width, height of the face in pixels, where none is found; see `cast.Box`.
        audio_from: whose sound, the driver's or that of a video given as `photo`.
        timeline: which part of the driver is played, how often, which way round and at which rate.
        actor: whom of several people in the driver: "largest", "left", "right", or a number.
        parts: what of the motion is taken over; see `animation.parts`.
        resume: go on with a run that was killed, from the pieces that it left beside `out`; the same inputs, settings
            and weights are required, and consent is asked again. Without such a run it begins anew.

    Raises:
        ConsentError, UsageError, UnreadableMediaError, NoFaceError, FaceChoiceError, OutputError, WeightsError,
        DeviceError, GateError, LedgerError: each names its input, the cause and the remedy.
    """
    started = time.monotonic()
    Agreements.of(consent, receipt).verify(purpose)
    check_performance(framing, motion, expression, pose, gaze, face)
    check_film(crf=crf, keep=keep, audio_from=audio_from, timeline=timeline, actor=actor, parts=parts, box=box)
    parts = tuple(parts)
    own = {number: Path(file) for number, file in (drivers or {}).items()}
    photo, driving, out = Path(photo), Path(driving), Path(out)
    check_input_file(photo, "photo")
    check_input_file(driving, "driving video")
    for file in own.values():
        check_input_file(file, "driving video")
    check_output_file(out, inputs=(photo, driving, *own.values()), overwrite=overwrite)
    options = RetargetOptions(motion, expression, pose, gaze, parts)
    with meanwhile(lambda: animator or Animator.load(device)) as loading, DrivingFile(driving) as file:
        animator = loading.result()
        scene = open_scene(photo, animator.networks, face, keep or "pose", own, box)
        if isinstance(scene, PhotoScene):
            _check_photo(photo, keep, audio_from)
        playing = {part.number: own.get(part.number, driving) for part in scene.parts}
        terms = admit(
            photo, scene.picture, driving, consent=consent, receipt=receipt, purpose=purpose, label=label,
            signing=signing, weights=registry_sha256(), faces=playing, also_look_at=scene.further,
            settings={
                "framing": framing, "face": told(face) if box is None else list(box), "faces": list(playing),
                "crf": crf, "audio": audio,
                "actor": actor, "timeline": timeline.as_dict(), **asdict(options),
                **({} if isinstance(scene, PhotoScene) else {"keep": scene.keep, "audio_from": audio_from}),
            },
        )  # fmt: skip
        if framing == "photo":
            height, width = scene.picture.shape[:2]
            check_frame_size(out, (width, height))
        run = UnfinishedRun(out)
        goes_on = resume and run.job(terms_facts(terms)) is not None  # refused before anything is read
        hashes = {source.path: source.sha256 for source in terms.sources if source.path is not None}
        kept = KeptMotion(run.folder, hashes, terms.weights, timeline, actor, goes_on)
        networks = animator.networks
        with meanwhile(lambda: scene.rigged(networks)) as rigging:
            driver = file.read(networks, progress, timeline=timeline, actor=actor, kept=kept)
        scene = rigging.result()
    cast, said = _on_one_clock(
        playing, driving, driver,
        lambda path: animator.read_driver(path, progress, timeline=timeline, actor=actor, kept=kept),
    )  # fmt: skip
    take = scene.take(cast, animator.networks, options, framing, progress)
    clock = scene.info or driver
    sound = _sound(photo, scene, driver, audio_from, take) if audio else None
    form = FilmFormat(clock.time_base, clock.rate, crf, sound)
    made = film(take, out, terms, form, progress, preview, resume, kept.save)
    return AnimationReport(
        out=out, frames=made.frames, fps=made.fps, seconds=time.monotonic() - started, size=made.size,
        rate=clock.rate, audio=sound is not None, notes=tuple(dict.fromkeys((*scene.notes, *said, *made.notes))),
        consent=terms.consent.told, release=made.release,
    )  # fmt: skip


def _check_photo(photo: Path, keep: Keep | None, audio_from: AudioFrom) -> None:
    """Raises UsageError when something of a video is asked of a photo."""
    if audio_from == "source":
        raise UsageError(f"photo {photo}: has no sound of its own; leave out --audio-from source")
    if keep is not None:
        raise UsageError(f"photo {photo}: has no performance of its own to keep; leave out --keep {keep}")


def _sound(photo: Path, scene: Scene, driver: Driver, audio_from: AudioFrom, take: Take) -> Sound | None:
    """What is heard, None when there is nothing."""
    sound, length = driver.sound, Fraction(lasts(driver))
    if audio_from == "source" and scene.info is not None:
        sound, length = Sound(photo) if scene.info.has_audio else None, scene.info.duration_s
    shown = take.times[-1] - take.times[0] + (take.durations[-1] or 0)
    if sound is None or scene.info is None or length is None or length <= shown + Fraction(1, 20):
        return sound
    return replace(sound, start=sound.start or Fraction(0), length=shown)


def _on_one_clock(
    playing: Mapping[int, Path], driving: Path, driver: Driver, read_other: Callable[[Path], Driver]
) -> tuple[dict[int, Driver], list[str]]:
    """Each face's driver at the times of the main one, and what a person should know about those that end sooner."""
    read = {driving: driver}
    notes: list[str] = []
    for path in dict.fromkeys(playing.values()):
        if path == driving:
            continue
        other = read_other(path)
        read[path] = on_clock(other, driver.times, driver.durations)
        if lasts(other) + REST_S < lasts(driver):
            notes.append(f"driving video {path}: is over after {lasts(other):.1f} s; its face rests from then on")
    return {number: read[path] for number, path in playing.items()}, notes
