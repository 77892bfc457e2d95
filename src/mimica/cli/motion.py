"""`mimica motion`: a performance without its pixels, extracted, shown, exported for game engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimica.animation.request import check_input_file
from mimica.cli.animate import Device
from mimica.cli.display import ProgressDisplay, note
from mimica.cli.files import input_argument
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
from mimica.errors import OutputError, UsageError
from mimica.faces.actor_choice import WORDS as ACTORS
from mimica.faces.actor_choice import parse_actor

if TYPE_CHECKING:
    from mimica.animation.driver import Driver
    from mimica.animation.motion_file import MotionAbout

app = typer.Typer(help="A performance without its pixels: extract it, show it, export it.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")]
OverwriteOption = Annotated[bool, typer.Option(help="Replace the output if it exists.")]


@app.command(short_help="Read the motion of a video and save it.")
def extract(
    driving: Annotated[Path, input_argument(metavar="DRIVING", help="A video, a face CSV or another motion file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", readable=False, metavar="MOTION.npz", help="The motion file to write.")
    ],
    actor: Annotated[
        str, typer.Option(metavar="N|WORD", help=f"Whom of several people: {', '.join(ACTORS)}, a number.")
    ] = "largest",
    start: StartOption = None,
    end: EndOption = None,
    duration: DurationOption = None,
    fps: FpsOption = None,
    speed: SpeedOption = None,
    loop: LoopOption = 1,
    ping_pong: PingPongOption = False,
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    overwrite: OverwriteOption = True,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Read the motion of DRIVING and save it; `mimica animate PHOTO MOTION.npz` then needs no video."""
    whom = parse_actor(actor)
    played = timeline_options(start, end, duration, fps, speed, loop, ping_pong=ping_pong)
    check_input_file(driving, "driving video")
    _check_output(out, ".npz", driving, overwrite=overwrite)

    from mimica.animation.animator import Animator
    from mimica.animation.motion_file import MotionAbout, save_motion
    from mimica.runtime.weights import registry_sha256
    from mimica.safety.perceptual_hash import file_sha256

    measured = driving.suffix.lower() in (".csv", ".npz")
    with ProgressDisplay(quiet=quiet or as_json) as display:
        driver = Animator.load(device).read_driver(driving, display, timeline=played, actor=whom)
    weights = {} if measured else {name: registry_sha256()[name] for name in ("face_finder", "motion_encoder")}
    about = MotionAbout(file_sha256(driving), weights)
    save_motion(out, driver, about)
    if not quiet and not as_json:
        for text in driver.notes:
            note(text)
    _tell({"out": str(out), **summary(driver, about)}, as_json=as_json, quiet=quiet)


@app.command(short_help="Say what a motion file holds.")
def show(
    motion: Annotated[Path, input_argument(metavar="MOTION", help="A motion file or a face CSV.")],
    as_json: JsonOption = False,
) -> None:
    """Say what a motion file holds: length, rate, shots, losses, how far everything moves, and where it is from."""
    check_input_file(motion, "motion file")
    driver, about = _read(motion)
    _tell({"file": str(motion), **summary(driver, about)}, as_json=as_json, quiet=False)


@app.command(short_help="Write a motion as ARKit coefficients.")
def export(
    motion: Annotated[Path, input_argument(metavar="MOTION.npz", help="A motion file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FACE.csv", help="The face CSV to write.")],
    fps: FpsOption = None,
    overwrite: OverwriteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Write a motion as ARKit coefficients, as Live Link Face does: for Unreal, Unity, Blender, Maya."""
    played = timeline_options(None, None, None, fps, None, 1, ping_pong=False)
    check_input_file(motion, "motion file")
    _check_output(out, ".csv", motion, overwrite=overwrite)

    from mimica.animation.face_csv import save_face_csv

    driver, about = _read(motion)
    driver = played.apply(driver)
    save_face_csv(out, driver)
    _tell({"out": str(out), **summary(driver, about)}, as_json=as_json, quiet=False)


def summary(driver: Driver, about: MotionAbout | None) -> dict[str, Any]:
    """What a person should know of a motion, in types that JSON knows."""
    import numpy as np

    from mimica.core.motion import EXPRESSION_NAMES

    track = driver.track
    reach = np.ptp(track.expression, axis=0)
    turned = np.ptp(track.angles_deg, axis=0)
    return {
        "frames": len(driver),
        "seconds": round(driver.seconds, 3),
        "rate": None if driver.rate is None else f"{driver.rate.numerator}/{driver.rate.denominator}",
        "shots": max(len(driver.shots), 1),
        "unseen_frames": int((track.confidence <= 0).sum()),
        "moves_most": [EXPRESSION_NAMES[index] for index in np.argsort(-reach)[:5]],
        "turns_deg": {name: round(float(turn), 1) for name, turn in zip(("yaw", "pitch", "roll"), turned, strict=True)},
        "source_sha256": about.source_sha256 if about else None,
        "mimica": about.mimica if about else None,
        "weights": dict(about.weights) if about else {},
        "notes": list(driver.notes),
    }


def _read(path: Path) -> tuple[Driver, MotionAbout | None]:
    from mimica.animation.face_csv import load_face_csv
    from mimica.animation.motion_file import load_motion

    return (load_face_csv(path), None) if path.suffix.lower() == ".csv" else load_motion(path)


def _check_output(out: Path, ending: str, source: Path, *, overwrite: bool) -> None:
    if out.suffix.lower() != ending:
        raise UsageError(f"output {out}: the name must end in {ending}")
    if out.exists() and out.samefile(source):
        raise UsageError(f"output {out}: is also the input and would be overwritten; give another name")
    if out.exists() and not overwrite:
        raise OutputError(f"output {out}: exists already; give another name or allow --overwrite")


def _tell(told: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        print(json.dumps(told))
    elif not quiet:
        for name, value in told.items():
            if value not in (None, [], {}):
                shown = ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else (
                    "; ".join(map(str, value)) if isinstance(value, list) else value
                )  # fmt: skip
                print(f"{name.replace('_', ' ')}: {shown}")
