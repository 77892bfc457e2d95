"""`mimica evaluate`: how alive, exact and faithful results are, beside honest floors and the exact truth.

This module does not measure; it checks the request, shows progress, prints the table and writes the report.
`mimica evaluate compare` is in `evaluate_compare`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mimica.cli import evaluate_compare
from mimica.cli.display import ProgressDisplay, note
from mimica.errors import UsageError

if TYPE_CHECKING:
    from mimica.evaluation.evaluation import Request
    from mimica.evaluation.results import Evaluation

app = typer.Typer(help="Measure results beside floors and the exact truth.", invoke_without_command=True)
app.command(name="compare", short_help="Say what changed beyond noise.")(evaluate_compare.compare)

TABLE = (
    "l1.face", "psnr.face", "ssim.face", "perceptual.face", "perceptual.mouth", "flow.error_px", "mouth.correlation",
    "mouth.slope", "mouth.lag_frames", "eyes.correlation", "eyes.slope", "blinks.precision", "blinks.recall",
    "gaze_yaw.correlation", "gaze_yaw.slope", "pose.absolute_deg", "pose.mean_removed_deg",
    "expression.tongue_out.shown", "expression.cheek_puff.shown", "expression.pout.shown", "expression.lip_roll.shown",
    "expression.smirk.shown", "expression.wink.shown", "expression.snarl.shown", "identity.similarity",
    "identity.leak", "jitter.ratio", "flicker.levels", "sharpness.ratio", "found.share",
)  # fmt: skip
"""What the terminal shows; the JSON and the report hold every number."""
FLOORS_LAST = ("mimica", "static", "landmark-warp", "rig-warp")


@app.callback()
def evaluate(
    context: typer.Context,
    suite: Annotated[
        list[str] | None,
        typer.Option(
            metavar="truth/self/cross",
            help="truth: rendered people, the right result known exactly; self: a clip's first frame performs the "
            "clip; cross: photos by drivers. Repeatable; all three when left out.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT", help="The folder to write, or to go on with.")
    ] = Path("evaluation"),
    drivers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Driving videos for self and cross; rendered ones when left out.")
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Photos for cross; rendered people's when left out.")
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="MediaPipe's face_landmarker.task as independent reader (extra `teacher`); our own encoder reads "
            "when left out.",
        ),
    ] = None,
    perceptual: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A perceptual network as ONNX; a distance of gradients when left out."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=DIR]",
            help="mimica, static, landmark-warp, rig-warp, or NAME=DIR for films made elsewhere, beside ours. "
            "Repeatable; our four when left out.",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter clips, smaller photos.")] = False,
    frames: Annotated[int | None, typer.Option(metavar="N", min=8, help="Use the first N frames of each clip.")] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            metavar="BASIS",
            help="On whose word the people in your own clips (self) and photos (cross) are animated. Rendered people "
            "need none.",
        ),
    ] = None,
    group: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Further rendered groups for truth. Repeatable.")
    ] = None,
    films: Annotated[bool, typer.Option(help="Write the films; without them there are only numbers.")] = True,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Only write OUT/cases.json, the list of what another system has to animate."),
    ] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "coreml", "directml"], typer.Option(help="Where our networks run.")
    ] = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Measure results: table, JSON and report. A run that was stopped goes on when started again."""
    if context.invoked_subcommand is not None:
        return
    from mimica.evaluation.evaluation import OWN_SYSTEMS, SUITES, Request
    from mimica.evaluation.evaluation import prepare as list_cases

    named = tuple(system or ())
    only_folders = bool(named) and all("=" in text for text in named)
    request = Request(
        suites=tuple(suite or SUITES), out=out, drivers=drivers, photos=photos, landmarks=landmarks,
        perceptual=perceptual, systems=(*named, *OWN_SYSTEMS) if only_folders or not named else named,
        consent=consent, groups=tuple(group or ()), quick=quick, frames=frames, films=films, device=device,
    )  # fmt: skip
    for option, path in (("--drivers", drivers), ("--photos", photos), ("--landmarks", landmarks)):
        if path is not None and not path.exists():
            raise UsageError(f"{option} {path}: there is no such file or folder; check the path")
    if prepare:
        rows = list_cases(request)
        print(json.dumps(rows) if as_json else f"{out / 'cases.json'}: {len(rows)} films to make")
        return
    result = _run(request, silent=quiet or as_json)
    report = _report(result, out)
    if as_json:
        print(json.dumps({"settings": result.settings, "summary": result.summary(), "report": str(report)}))
    elif not quiet:
        _show(result)
        for piece in result.pieces:
            if piece.error:
                note(f"{piece.suite}/{piece.case} {piece.system}: {piece.error}")
        print(f"{report}: open it in a browser; numbers in {out / 'evaluation.json'}")


def _run(request: Request, *, silent: bool) -> Evaluation:
    from mimica.animation.report import Progress
    from mimica.evaluation.evaluation import evaluate as run

    with ProgressDisplay(quiet=silent) as display:
        return run(request, lambda done, total, what: display(Progress(done, total, 0.0, what)))


def _report(result: Evaluation, out: Path) -> Path:
    from mimica.evaluation.report import write_report

    return write_report(result, out)


def _show(result: Evaluation) -> None:
    """One table a suite: our system first, floors and ceiling beside it."""
    from rich.console import Console
    from rich.table import Table

    from mimica.evaluation.metrics import METRICS

    console = Console()
    summary = result.summary()
    for suite in result.suites:
        systems = ordered(list(summary[suite]))
        cases = len({piece.case for piece in result.pieces if piece.suite == suite and piece.numbers})
        table = Table(
            title=f"{suite}: mean over {cases} cases, read by {result.settings['reader']}", title_justify="left"
        )
        table.add_column("metric")
        table.add_column("best", justify="center")
        for name in systems:
            table.add_column(name, justify="right")
        for metric in (name for name in TABLE if name in result.metrics(suite)):
            row = [cell(summary[suite][name].get(metric)) for name in systems]
            unit = METRICS[metric].unit
            table.add_row(f"{metric}{f' ({unit})' if unit else ''}", best(METRICS[metric].better), *row)
        console.print(table)


def ordered(systems: list[str]) -> list[str]:
    """Our own first, then others' films, then floors and ceiling."""
    own = [name for name in systems if name == "mimica"]
    others = [name for name in systems if name not in FLOORS_LAST]
    return own + others + [name for name in FLOORS_LAST[1:] if name in systems]


def best(better: str) -> str:
    """Which way is better, as a sign."""
    return {"higher": "↑", "lower": "↓", "one": "→ 1", "zero": "→ 0"}[better]


def cell(value: Any) -> str:
    """A number in a table: three digits that matter, a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"
