"""`mimica animate`: a photo performs a driving video.

This module does not know how frames are made; it checks the request, shows progress and says what came out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mimica.animation.cast import WORDS, assigned, parse_box, parse_faces
from mimica.animation.parts import WORDS as PART_WORDS
from mimica.animation.parts import chosen_parts
from mimica.animation.request import check_input_file, check_output_file
from mimica.cli.display import ProgressDisplay, note
from mimica.cli.files import input_argument
from mimica.cli.question import ask_basis, can_ask
from mimica.cli.timeline import (
    DurationOption,
    EndOption,
    FpsOption,
    LoopOption,
    PingPongOption,
    SpeedOption,
    StartOption,
    timeline_options,
)
from mimica.faces.actor_choice import WORDS as ACTORS
from mimica.faces.actor_choice import parse_actor
from mimica.safety.agreements import Agreements, parse_consent, parse_receipts
from mimica.safety.consent import BASES, PURPOSES

if TYPE_CHECKING:
    from mimica.animation.report import AnimationReport

Device = Literal["auto", "cpu", "cuda", "coreml", "directml"]


def animate(
    photo: Annotated[
        Path,
        input_argument(metavar="PHOTO", help="The photo to bring to life: JPEG, PNG, WebP, TIFF, HEIC; or a video."),
    ],
    driving: Annotated[
        Path,
        input_argument(metavar="DRIVING", help="Whose performance: a video, a motion file (.npz), a face CSV."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.mp4", help="The video to write.")],
    consent: Annotated[
        str | None,
        typer.Option(
            metavar="BASIS",
            help=f"On whose word, required: {', '.join(BASES)}. Of several faces each its own: fictional,2=receipt.",
        ),
    ] = None,
    receipt: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|N=FILE", help="The written agreement, for --consent receipt; of face N its own."),
    ] = None,
    purpose: Annotated[
        str, typer.Option(metavar="USE", help=f"What it is for: {', '.join(PURPOSES)}. A receipt may allow some only.")
    ] = "personal",
    label: Annotated[
        Literal["start", "always"],
        typer.Option(help='Show the visible "AI" for the first seconds and after cuts, or always.'),
    ] = "start",
    signing_key: Annotated[
        Path | None,
        typer.Option("--signing-key", metavar="FILE", help="PEM key to sign with, in place of this machine's own."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM certificates of --signing-key, its own first.")
    ] = None,
    timestamp: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this RFC 3161 server for a signed time; none by default.")
    ] = None,
    framing: Annotated[
        Literal["photo", "crop"], typer.Option(help="Give back the whole photo, or a crop around the face.")
    ] = "photo",
    motion: Annotated[
        Literal["relative", "absolute"],
        typer.Option(help="Head pose relative to the photo's own, or exactly the actor's."),
    ] = "relative",
    expression: Annotated[
        float, typer.Option(metavar="S", min=0.0, max=3.0, help="Scale of the expression; 0 keeps the photo's.")
    ] = 1.0,
    pose: Annotated[
        float, typer.Option(metavar="S", min=0.0, max=3.0, help="Scale of the head's motion; 0 keeps the head still.")
    ] = 1.0,
    gaze: Annotated[
        float, typer.Option(metavar="S", min=0.0, max=3.0, help="Scale of the gaze; 0 keeps the photo's.")
    ] = 1.0,
    face: Annotated[
        str,
        typer.Option(
            metavar="N,…|WORD",
            help=f"Which faces of the photo: {', '.join(WORDS)}, or numbers from 1 as `mimica faces` gives them.",
        ),
    ] = "largest",
    box: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="Where the face is, in pixels of the photo, when none is found."),
    ] = None,
    driver: Annotated[
        list[str] | None,
        typer.Option(metavar="N=VIDEO", help="Another driving video for face N; DRIVING gives time, length and sound."),
    ] = None,
    keep: Annotated[
        Literal["pose", "expression", "both", "none"] | None,
        typer.Option(
            metavar="[pose|expression|both|none]",
            help="What PHOTO, when it is a video, keeps of its own performance; pose when left out.",
        ),
    ] = None,
    actor: Annotated[
        str,
        typer.Option(metavar="N|WORD", help=f"Whom of several people in DRIVING: {', '.join(ACTORS)}, or a number."),
    ] = "largest",
    use: Annotated[
        list[str] | None,
        typer.Option(metavar="PART,…", help=f"Take over these parts of the motion only: {', '.join(PART_WORDS)}."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PART,…", help="Leave these parts as they are in the photo.")
    ] = None,
    start: StartOption = None,
    end: EndOption = None,
    duration: DurationOption = None,
    fps: FpsOption = None,
    speed: SpeedOption = None,
    loop: LoopOption = 1,
    ping_pong: PingPongOption = False,
    crf: Annotated[
        int, typer.Option(metavar="N", min=0, max=51, help="H.264 quality: smaller is better and larger on disk.")
    ] = 16,
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    audio: Annotated[bool, typer.Option(help="Copy the sound.")] = True,
    audio_from: Annotated[
        Literal["driver", "source"],
        typer.Option(help="Whose sound: the driving video's, or that of PHOTO when it is a video."),
    ] = "driver",
    overwrite: Annotated[bool, typer.Option(help="Replace OUT if it exists.")] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was killed: everything else as it was then.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Animate PHOTO with the performance in DRIVING."""
    if consent is None and not (as_json or quiet) and can_ask():
        consent = ask_basis()
    bases, receipts = parse_consent(consent), parse_receipts(receipt or ())
    agreements = Agreements.of(bases, receipts)
    agreements.check(purpose)
    choice, drivers = parse_faces(face), assigned(driver or (), "--driver")
    whom, parts = parse_actor(actor), chosen_parts(use or (), without or ())
    played = timeline_options(start, end, duration, fps, speed, loop, ping_pong=ping_pong)
    check_input_file(photo, "photo")
    check_input_file(driving, "driving video")
    for video in drivers.values():
        check_input_file(video, "driving video")
    check_output_file(out, inputs=(photo, driving, *drivers.values(), *agreements.files), overwrite=overwrite)

    from mimica.animation import animate as make
    from mimica.safety.admission import SigningOptions

    with ProgressDisplay(quiet=quiet or as_json) as display:
        report = make(
            photo,
            driving,
            out,
            consent=bases,
            receipt=receipts,
            purpose=purpose,
            label=label,
            signing=SigningOptions(signing_key, certificate, timestamp),
            framing=framing,
            motion=motion,
            expression=expression,
            pose=pose,
            gaze=gaze,
            face=choice,
            drivers=drivers,
            box=None if box is None else parse_box(box),
            crf=crf,
            device=device,
            audio=audio,
            audio_from=audio_from,
            keep=keep,
            timeline=played,
            actor=whom,
            parts=parts,
            overwrite=overwrite,
            resume=resume,
            progress=display,
        )
    tell(report, as_json=as_json, quiet=quiet)


def tell(report: AnimationReport, *, as_json: bool, quiet: bool) -> None:
    """Say what came out: one JSON object, or notes on stderr and one summary line on stdout."""
    if as_json:
        print(json.dumps(report.as_dict()))
    elif not quiet:
        for text in report.notes:
            note(text)
        print(summary(report))


def summary(report: AnimationReport) -> str:
    """One line: file, frames, size, rate, sound, time taken, consent, and what is on record of it."""
    width, height = report.size
    rate = "variable frame rate" if report.rate is None else f"{float(report.rate):.5g} fps"
    sound = "with sound" if report.audio else "no sound"
    speed = report.frames / max(report.seconds, 1e-3)  # of the whole run, so that both numbers tell one thing
    done = report.release
    record = f", mark {done.mark_id}, manifest {done.manifest}, ledger row {done.ledger_row}" if done else ""
    return (
        f"{report.out}: {report.frames} frames, {width}x{height}, {rate}, {sound}, "
        f"made in {report.seconds:.1f} s ({speed:.1f} frames a second), consent: {report.consent}{record}"
    )
