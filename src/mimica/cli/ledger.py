"""`mimica ledger`: look at, check and export the record of every animation made here.

This module does not know how rows are stored or chained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mimica.errors import LedgerError, OutputError, UsageError

if TYPE_CHECKING:
    from mimica.safety.ledger import Ledger, LedgerJob

app = typer.Typer(help="The record of every animation made here.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")]


@app.command(name="list")
def list_jobs(
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Show the newest N.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest animations, one line each."""
    from mimica.safety.ledger import Ledger

    with Ledger.open(create=False) as ledger:
        jobs = list(ledger.jobs())
    _tell(reversed(jobs[-limit:]), as_json=as_json, full=False)


@app.command(short_help="Show what an id, a sha256 or a file names.")
def show(
    which: Annotated[
        str,
        typer.Argument(
            metavar="WHICH", help="A mark id (0 to 65535), a job's id or its beginning, a sha256, or a file."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show the animations that a mark id, a job's id, or an output names; several for one mark id are candidates."""
    from mimica.safety.ledger import Ledger

    with Ledger.open(create=False) as ledger:
        jobs = _find(ledger, which)
    if not jobs:
        raise UsageError(f"ledger: knows nothing of {which}; see: mimica ledger list")
    _tell(jobs, as_json=as_json, full=True)


@app.command(short_help="Check that no row was changed or removed.")
def verify(
    contains: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="Check too that a row with this hash is there, as a manifest names it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that no row was changed, removed or put in; exit code 9 when one was."""
    from mimica.safety.ledger import Ledger

    with Ledger.open(create=False) as ledger:
        state = ledger.verify()
        path = ledger.path
        found = contains is None or any(row.hash == contains for row in ledger.rows())
    problems = list(state.problems) + ([] if found else [f"no row has the hash {contains}"])
    if as_json and not problems:
        print(json.dumps({"intact": True, "rows": state.rows, "head": state.head, "notes": list(state.notes)}))
    elif not problems:
        print("\n".join([f"intact: {state.rows} rows, head {state.head}", *(f"note: {text}" for text in state.notes)]))
    else:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise LedgerError(f"ledger {path}: is not intact: {'; '.join(problems[:3])}{more}; keep the file as evidence")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.jsonl", help="The file to write.")],
) -> None:
    """Write all rows as JSON Lines, hashes included."""
    from mimica.safety.ledger import Ledger

    if str(out) == "-":
        raise UsageError("export -: rows are written to a file only; give a name such as rows.jsonl")
    if out.exists():
        raise OutputError(f"export {out}: exists already; give another name")
    try:
        with Ledger.open(create=False) as ledger, out.open("x", encoding="ascii") as file:
            count = ledger.export(file)
    except OSError as error:
        raise OutputError(f"export {out}: cannot be written ({error.strerror}); choose another place") from error
    print(f"{out}: {count} rows")


def _find(ledger: Ledger, which: str) -> list[LedgerJob]:
    if re.fullmatch(r"\d{1,5}", which):
        return ledger.find(mark_id=int(which))
    if re.fullmatch(r"[0-9a-f]{64}", which):
        return ledger.find(output_sha256=which)
    if re.fullmatch(r"[0-9a-f]{6,32}", which):
        return ledger.find(job=which)
    if Path(which).is_file():
        from mimica.safety.perceptual_hash import file_sha256

        return ledger.find(output_sha256=file_sha256(Path(which)))
    raise UsageError(f"ledger: {which!r} is no mark id, job id (6 digits or more), sha256 or file")


def _tell(jobs: Iterable[LedgerJob], *, as_json: bool, full: bool) -> None:
    if as_json:
        print(json.dumps({"jobs": [job.as_dict() for job in jobs]}))
        return
    for job in jobs:
        basis = job.started.consent.get("basis", "?")
        print(f"{job.started.time[:19]}  job {job.started.job[:12]}  mark {job.mark_id:5d}  {job.state:<10}  {basis}")
        if full:
            for row in (job.started, job.ended):
                if row is not None:
                    print(json.dumps(row.as_dict(), indent=1))
