"""`mimica train`: carry out a recipe and write the weights that come out.

This module does not know how a network is trained: recipes do. torch is loaded only when the command runs.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mimica.cli.extras import extra
from mimica.errors import UsageError

if TYPE_CHECKING:
    from mimica.training.loop import TrainReport

Precision = Literal["fp32", "bf16"]


def train(
    recipe: Annotated[
        str | None, typer.Argument(metavar="RECIPE", help="What to train; none lists the recipes.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Training data, as `mimica synthesize` writes it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The run's folder; runs/RECIPE if not given.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A finished run to start from, for recipes that need one.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="M", help="Train this long in all, instead of as the recipe says.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Everything random derives from it.")] = 0,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads on the CPU.")] = 1,
    workers: Annotated[int, typer.Option(metavar="N", min=0, help="Threads that prepare batches ahead.")] = 0,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu, cuda or auto.")] = "cpu",
    distributed: Annotated[
        bool, typer.Option("--distributed", help="This is one of the processes that torchrun started.")
    ] = False,
    micro_batches: Annotated[
        int | None,
        typer.Option(
            "--micro-batches", metavar="N", min=1, help="Batches a step, shared by all; one a process if not given."
        ),
    ] = None,
    precision: Annotated[Precision, typer.Option(help="bf16: mixed precision.")] = "fp32",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's checkpoint if there is one.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Train a network by RECIPE and export its weights to ONNX; needs the extra `train`."""
    with extra("train", "train"):
        from mimica.training.recipes import describe, run
        from mimica.training.world import Alone, joined

    if recipe is None:
        listing = describe()
        if as_json:
            print(json.dumps({"recipes": listing}))
        else:
            width = max(map(len, listing))
            print("\n".join(f"{name:<{width}} {purpose}" for name, purpose in listing.items()))
        return
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UsageError(f"--minutes {minutes}: give a positive number")
    with joined(device) if distributed else nullcontext(Alone()) as world:
        outcome = run(
            recipe, data, out, minutes, threads, seed, start=start, resume=resume, device=device, workers=workers,
            micro_batches=micro_batches, precision=precision, world=world, report=None if quiet or as_json else tell,
        )  # fmt: skip
        if world.rank:
            return
    result = outcome.result
    if as_json:
        rows = [asdict(entry) for entry in outcome.weights]
        print(json.dumps({"step": result.step, "minutes": result.minutes, "metrics": result.metrics, "weights": rows}))
    elif not quiet:
        names = ", ".join(f"{entry.file} ({entry.bytes / 1e6:.2f} MB)" for entry in outcome.weights)
        print(
            f"{outcome.folder}: {names}; {result.step} steps in {result.minutes:.1f} minutes, {numbers(result.metrics)}"
        )


def tell(report: TrainReport) -> None:
    """One line on stderr for each evaluation; the rows between are in the run's metrics.csv."""
    if report.split == "train":
        return
    print(
        f"mimica: step {report.step}, {report.minutes:.1f} min, {report.progress:.0%}: {numbers(report.values)}",
        file=sys.stderr,
    )


def numbers(values: dict[str, float]) -> str:
    """Measurements in one line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items()) or "nothing measured"
