"""`mimica live`: a camera moves a photo, in a page on this machine or as a virtual camera.

This module does not know how pictures are made; it brings camera, session and viewers together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread, Timer
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mimica.animation.request import check_input_file
from mimica.cli.extras import extra
from mimica.cli.files import input_option
from mimica.cli.question import ask_basis, can_ask
from mimica.safety.consent import BASES, PURPOSES, check_basis

if TYPE_CHECKING:
    from mimica.animation.live import LiveFrame, LiveSession
    from mimica.animation.live_loop import LiveReport

Device = Literal["auto", "cpu", "cuda", "coreml", "directml"]


def live(
    photo: Annotated[Path, input_option("--photo", "-p", metavar="PHOTO", help="The photo that the camera moves.")],
    camera: Annotated[
        str, typer.Option(metavar="N|CLIP", help="Number of the camera, or a video that plays as if it were one.")
    ] = "0",
    consent: Annotated[
        str | None, typer.Option(metavar="BASIS", help=f"On whose word, required: {', '.join(BASES)}.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The written agreement, for --consent receipt.")
    ] = None,
    purpose: Annotated[
        str, typer.Option(metavar="USE", help=f"What it is for: {', '.join(PURPOSES)}. A receipt may allow some only.")
    ] = "personal",
    size: Annotated[
        int, typer.Option(metavar="PX", min=128, max=2160, help="Longer side of the picture; smaller is faster.")
    ] = 512,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port of the page on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    virtual_camera: Annotated[
        bool, typer.Option("--virtual-camera", help="Show it as a webcam of this machine, in place of the page.")
    ] = False,
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
        str, typer.Option(metavar="N|largest", help="Which face of the photo, as `mimica faces` numbers them from 1.")
    ] = "largest",
    seconds: Annotated[
        float | None, typer.Option(metavar="S", min=0.1, help="Stop after so long; at Ctrl-C or the clip's end if not.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the address and errors only.")] = False,
) -> None:
    """Let a camera move PHOTO, live, each picture labelled and marked. Enter, or the page's button, sets your rest."""
    if consent is None and not (as_json or quiet) and can_ask():
        consent = ask_basis()
    consent = check_basis(consent, receipt, purpose)
    check_input_file(photo, "photo")
    if not camera.isdigit():
        check_input_file(Path(camera), "camera")

    from mimica.animation.animator import Animator
    from mimica.animation.cast import parse_faces
    from mimica.animation.live import LiveSession, at_most
    from mimica.animation.live_loop import run_live
    from mimica.animation.retarget import RetargetOptions
    from mimica.media.camera import open_camera
    from mimica.media.image import load_photo
    from mimica.runtime.weights import registry_sha256
    from mimica.safety.portrait_admission import admit_portrait

    choice = parse_faces(face)
    picture = load_photo(photo).image
    terms = admit_portrait(
        photo, picture, consent=consent, receipt=receipt, purpose=purpose, weights=registry_sha256(),
        settings={"driver": "camera", "size": size, "face": face, "expression": expression, "pose": pose, "gaze": gaze},
    )  # fmt: skip
    animator = Animator.load(device)
    portrait = animator.prepare(at_most(picture, size), choice, f"photo {photo}")
    stop = Event()
    options = RetargetOptions(expression=expression, pose=pose, gaze=gaze)
    with ExitStack() as stack:
        session = stack.enter_context(LiveSession(portrait, animator.networks, terms, options))
        show = _viewers(stack, session, portrait.photo.shape[:2], port=port, virtual=virtual_camera)
        if sys.stdin.isatty():
            Thread(target=_listen, args=(session,), name="keyboard", daemon=True).start()
        if seconds is not None:
            timer = Timer(seconds, stop.set)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        report = run_live(session, open_camera(camera), show, stop)
    tell(report, as_json=as_json, quiet=quiet)


def _viewers(
    stack: ExitStack, session: LiveSession, size: tuple[int, int], *, port: int, virtual: bool
) -> Callable[[LiveFrame], None]:
    """Open the virtual camera or the page, say where it is, and give what shows a frame there."""
    if virtual:
        from mimica.media.virtual_camera import VirtualCamera

        with extra("live", "live --virtual-camera"):
            camera = stack.enter_context(VirtualCamera(size[1], size[0]))
        print(f"webcam: {camera.name}", flush=True)
        return lambda frame: camera.show(frame.image)
    from mimica.cli.live_page import LivePage

    actions = {"calibrate": session.calibrate, "forget": lambda: (session.forget_calibration(), True)[1]}
    page = stack.enter_context(LivePage(port, actions))
    print(f"open {page.address}", file=sys.stderr, flush=True)
    return lambda frame: page.show(session.jpeg(frame))


def _listen(session: LiveSession) -> None:
    """Each Enter on the terminal sets the driver's rest."""
    for _ in sys.stdin:
        words = "your rest is set" if session.calibrate() else "no face has been seen yet"
        print(f"mimica: {words}", file=sys.stderr)


def tell(report: LiveReport, *, as_json: bool, quiet: bool) -> None:
    """Say how it went: one JSON object, or one summary line."""
    if as_json:
        print(json.dumps(asdict(report)))
    elif not quiet:
        print(
            f"{report.pictures} pictures, {report.fps:.1f} a second, latency {1e3 * report.latency_s:.0f} ms "
            f"(95 % below {1e3 * report.slow_s:.0f} ms), {report.dropped} of {report.frames} camera frames left out"
        )
