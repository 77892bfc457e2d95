"""`mimica batch`: a table of jobs, each as `mimica animate` would make it.

This module does not know how jobs are run; it shows each result and a summary, and answers with the exit code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mimica.cli.animate import Device
from mimica.cli.engines import BatchEngineName, batch_crew
from mimica.cli.failure import one_line
from mimica.safety.consent import BASES

if TYPE_CHECKING:
    from mimica.animation.batch import JobResult


def batch(
    table: Annotated[
        Path,
        typer.Argument(metavar="JOBS", help="A .csv or .jsonl file: photo, driving, consent, and animate's flags."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Where the videos go; else beside the table."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="How many jobs at a time.")] = 1,
    consent: Annotated[
        str | None, typer.Option(metavar="BASIS", help=f"For rows that do not say: {', '.join(BASES)}.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    engine: Annotated[
        BatchEngineName, typer.Option(help="Processes of this machine, or tasks of a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST", help="Of a Ray cluster; a local one is started if not given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace outputs that this batch has not made.")] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on inside the jobs that a kill cut off, for rows that do not say.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all results, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print failed jobs and errors only.")] = False,
) -> None:
    """Animate every job of a table; finished ones are skipped. Exit code 0: all are there; 1: a job failed."""
    from mimica.animation.batch import run_batch
    from mimica.animation.batch_table import read_jobs

    defaults = ({} if consent is None else {"consent": consent}) | ({"resume": "true"} if resume else {})
    asked = read_jobs(table, out, defaults)
    done = 0

    def tell(result: JobResult) -> None:
        nonlocal done
        done += 1
        if not as_json and (not quiet or result.status == "failed"):
            print(f"[{done}/{len(asked)}] {line(result)}", file=sys.stderr, flush=True)

    folder = table.parent if out is None else out
    crew = batch_crew(engine, jobs, address, device, overwrite)
    results = run_batch(asked, folder, processes=jobs, device=device, overwrite=overwrite, tell=tell, crew=crew)
    counts = {status: sum(each.status == status for each in results) for status in ("done", "skipped", "failed")}
    if as_json:
        print(json.dumps({"counts": counts, "jobs": [each.as_dict() for each in results]}))
    elif not quiet:
        print(summary(results, counts))
    if counts["failed"]:
        raise typer.Exit(1)


def line(result: JobResult) -> str:
    """What became of one job, in one line."""
    if result.status == "failed":
        return f"failed  {result.job.out}: {one_line(result.message)}"
    if result.status == "skipped":
        return f"skipped {result.job.out}: finished before"
    return f"done    {result.job.out}: {result.frames} frames in {result.seconds:.1f} s"


def summary(results: list[JobResult], counts: dict[str, int]) -> str:
    """The table of all jobs, and how many were done, skipped, failed."""
    rows = [("job", "status", "frames", "seconds", "code", "output")]
    for each in results:
        made = each.status == "done"
        frames, seconds = (str(each.frames), f"{each.seconds:.1f}") if made else ("", "")
        code = str(each.exit_code) if each.status == "failed" else ""
        rows.append((str(each.job.row), each.status, frames, seconds, code, str(each.job.out)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    counted = ", ".join(f"{number} {status}" for status, number in counts.items())
    return "\n".join([*lines, f"{len(results)} job{'' if len(results) == 1 else 's'}: {counted}"])
