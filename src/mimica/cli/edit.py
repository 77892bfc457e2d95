"""`mimica edit`: change the expression, pose and gaze of a photo.

Every name of `animation.controls` is an option; the help shows those that people think in, `--list` all of them. This
module does not know how a picture is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from mimica.animation.controls import CONTROLS, Control, find_control
from mimica.animation.request import PICTURE_SUFFIXES, check_input_file, check_output_file
from mimica.cli.display import note
from mimica.cli.files import input_argument, input_option
from mimica.cli.question import ask_basis, can_ask
from mimica.errors import UsageError
from mimica.safety.consent import BASES, PURPOSES, check_basis

if TYPE_CHECKING:
    from mimica.animation.still import EditReport

NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
Device = Literal["auto", "cpu", "cuda", "coreml", "directml"]
SHOWN_GROUPS = ("head", "gaze", "face")
"""Controls that the help shows; the others are options just as well."""


def span(control: Control) -> str:
    """The range of a control, as 0..1 or -35..35°."""
    return f"{control.low:g}..{control.high:g}{control.unit}"


def table() -> str:
    """All controls in plain text, a line each, under their groups."""
    width = max(len(control.option) for control in CONTROLS.values())
    lines: list[str] = []
    group = ""
    for control in CONTROLS.values():
        if control.group != group:
            group = control.group
            lines += ["", f"{group}:"] if lines else [f"{group}:"]
        lines.append(f"  {control.option:<{width}}  {span(control):<9}  {control.words}")
    return "\n".join(lines)


def _show_list(wanted: bool) -> None:
    if wanted:
        print(table())
        raise typer.Exit


def edit(
    photo: Annotated[Path, input_argument(metavar="PHOTO", help="The photo to change.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.png", help="The picture to write: PNG, JPEG, WebP.")],
    consent: Annotated[
        str | None, typer.Option(metavar="BASIS", help=f"On whose word, required: {', '.join(BASES)}.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The written agreement, for --consent receipt.")
    ] = None,
    purpose: Annotated[
        str, typer.Option(metavar="USE", help=f"What it is for: {', '.join(PURPOSES)}. A receipt may allow some only.")
    ] = "personal",
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
    other: Annotated[
        Path | None,
        input_option("--from", metavar="PHOTO", help="Take the expression from another photo."),
    ] = None,
    pose: Annotated[bool, typer.Option("--pose", help="Take the pose of --from too.")] = False,
    gaze: Annotated[bool, typer.Option("--gaze", help="Take the gaze of --from too.")] = False,
    neutral: Annotated[
        float,
        typer.Option(metavar="S", min=0.0, max=1.0, help="Take away so much of the photo's own expression first."),
    ] = 0.0,
    strength: Annotated[
        float, typer.Option(metavar="S", min=0.0, max=2.0, help="Scale of the whole change; 0 is the photo.")
    ] = 1.0,
    set_values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=S", help="Any name of --list, in any spelling; may be given again."),
    ] = None,
    face: Annotated[
        str, typer.Option(metavar="N|largest", help="Which face of the photo, as `mimica faces` numbers them from 1.")
    ] = "largest",
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    overwrite: Annotated[bool, typer.Option(help="Replace OUT if it exists.")] = True,
    list_names: Annotated[
        bool,
        typer.Option("--list", is_eager=True, callback=_show_list, help="Show every name, its range, and stop."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    *,
    amounts: Mapping[str, float] = NOTHING,
) -> None:
    """Change the expression, pose and gaze of PHOTO: --smile 0.6 --blink-left 1 --yaw 15 and more, see --list.

    Amounts are added to the photo as it is. Left and right are the subject's own; the picture's x goes to the right, y
    down.
    """
    from mimica.animation.cast import parse_faces

    edits = chosen(amounts, set_values or ())
    if not edits and other is None and neutral == 0:
        raise UsageError("nothing was asked to be changed; give names such as --smile 0.6, or see: mimica edit --list")
    if other is None and (pose or gaze):
        raise UsageError("--pose and --gaze take them from another photo; add --from PHOTO, or use --yaw and --gaze-x")
    if consent is None and not (as_json or quiet) and can_ask():
        consent = ask_basis()
    consent = check_basis(consent, receipt, purpose)
    choice = parse_faces(face)
    inputs = tuple(path for path in (photo, other, receipt) if path is not None)
    check_input_file(photo, "photo")
    check_output_file(out, inputs=inputs, overwrite=overwrite, suffixes=PICTURE_SUFFIXES)

    from mimica.animation.still import edit as make
    from mimica.safety.admission import SigningOptions

    report = make(
        photo, out, consent=consent, edits=edits, other=other, pose=pose, gaze=gaze, neutral=neutral, strength=strength,
        receipt=receipt, purpose=purpose, face=choice, device=device, overwrite=overwrite,
        signing=SigningOptions(signing_key, certificate, timestamp),
    )  # fmt: skip
    tell(report, as_json=as_json, quiet=quiet)


def chosen(options: Mapping[str, float], set_values: Iterable[str]) -> dict[str, float]:
    """The amounts by name from options and from texts such as "jawOpen=0.4". Raises UsageError for anything else."""
    edits = dict(options)
    for text in set_values:
        name, equals, amount = text.partition("=")
        try:
            value = float(amount)
        except ValueError:
            equals, value = "", 0.0
        if not equals:
            raise UsageError(f"--set {text!r}: give a name and a number, such as --set jawOpen=0.4")
        control = find_control(name)
        if control.name in edits:
            raise UsageError(f"--set {text!r}: {control.name} is given twice; give it once")
        edits[control.name] = value
    return edits


def tell(report: EditReport, *, as_json: bool, quiet: bool) -> None:
    """Say what came out: one JSON object, or notes on stderr and one summary line on stdout."""
    if as_json:
        print(json.dumps(report.as_dict()))
        return
    if quiet:
        return
    for text in report.notes:
        note(text)
    width, height = report.size
    done = report.release
    record = f", mark {done.mark_id}, manifest {done.manifest}, ledger row {done.ledger_row}" if done else ""
    print(f"{report.out}: {width}x{height}, made in {report.seconds:.1f} s, consent: {report.consent}{record}")


def with_every_control(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with an option for each control in place of its parameter `amounts`; typer reads the signature."""
    own = signature(command, eval_str=True)
    keys = {name.replace("-", "_") + "_amount": name for name in CONTROLS}

    def run(**given: Any) -> None:
        amounts = {name: given.pop(key) for key, name in keys.items()}
        command(amounts={name: amount for name, amount in amounts.items() if amount is not None}, **given)

    parameters = [parameter for name, parameter in own.parameters.items() if name != "amounts"]
    parameters += [
        Parameter(key, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[float | None, option(CONTROLS[name])])
        for key, name in keys.items()
    ]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run


def option(control: Control) -> Any:
    """How a control looks on the command line."""
    words = f"{control.words[0].upper()}{control.words[1:]}."
    hidden = control.group not in SHOWN_GROUPS
    return typer.Option(control.option, metavar=span(control), help=words, hidden=hidden)
