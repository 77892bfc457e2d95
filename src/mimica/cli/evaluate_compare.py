"""`mimica evaluate compare`: what changed from one evaluation to another, beyond noise.

This module does not measure.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mimica.cli.display import note
from mimica.errors import UsageError

if TYPE_CHECKING:
    from mimica.evaluation.comparison_of_runs import Change


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="evaluation.json of a run, or its folder.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="evaluation.json of a later run, or its folder.")],
    system: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only these systems. Repeatable; mimica when left out.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also list what is within noise.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the changes, or the error, as one JSON object.")
    ] = False,
) -> None:
    """Compare two evaluations of the same cases: improved, worse, or within noise."""
    from mimica.evaluation.comparison_of_runs import compare as find_changes
    from mimica.evaluation.results import Evaluation

    first, second = Evaluation.load(before), Evaluation.load(after)
    changes = find_changes(first, second, list(system or ["mimica"]))
    if not changes:
        raise UsageError(f"{before} and {after}: share no case and system; evaluate the same suites with both")
    for name in ("reader", "perceptual", "benchmark_sha256", "frames", "quick"):
        if first.settings.get(name) != second.settings.get(name):
            note(f"the runs differ in {name}: {first.settings.get(name)} and {second.settings.get(name)}")
    if as_json:
        print(json.dumps({"changes": [asdict(change) for change in changes]}))
    else:
        _show(changes, every=every)


def _show(changes: list[Change], *, every: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    counts = {name: sum(change.verdict == name for change in changes) for name in ("improved", "worse")}
    shown = [change for change in changes if every or change.verdict in counts]
    table = Table(title="Mean over shared cases; change in distance from perfect, 95 % interval", title_justify="left")
    for column in ("suite", "metric", "before", "after", "change", "interval", "cases", "verdict"):
        table.add_column(column, justify="left" if column in ("suite", "metric", "verdict") else "right")
    colours = {"improved": "green", "worse": "red"}
    for change in shown:
        colour = colours.get(change.verdict, "dim")
        table.add_row(
            change.suite, f"{change.metric} ({change.system})" if change.system != "mimica" else change.metric,
            f"{change.before:.3f}", f"{change.after:.3f}", f"{change.change:+.3f}",
            f"{change.low:+.3f} … {change.high:+.3f}", str(change.cases), f"[{colour}]{change.verdict}[/]",
        )  # fmt: skip
    if shown:
        Console().print(table)
    within = len(changes) - counts["improved"] - counts["worse"]
    print(f"{counts['improved']} improved, {counts['worse']} worse, {within} within noise or of too few cases")
