"""`mimica data`: whether a data set may be trained on, and how a person is taken out of it.

This module does not know what a data set holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mimica.cli.extras import extra
from mimica.errors import MimicaError, UsageError

app = typer.Typer(help="Rights to training data.", no_args_is_help=True)

DatasetFolder = Annotated[Path, typer.Argument(metavar="DATASET", help="The folder with ledger.jsonl.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")]
SHOWN = 20


class UnlicensedDataError(MimicaError):
    """Items of a data set lack the right to train."""


@app.command(short_help="Prove that every item may be trained on.")
def audit(
    dataset: DatasetFolder,
    receipts: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Receipts (*.jws) of the people who agreed to training.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove that every item has a source, a licence and a consent that allow training; exit code 1 when one has not."""
    from mimica.safety.training_rights import audit as look_through

    _check_folder(dataset)
    if receipts is not None:
        _check_folder(receipts)
    found = look_through(dataset, receipts)
    if as_json:
        offenders = [{"item": offender.item, "problem": offender.problem} for offender in found.offenders]
        print(
            json.dumps(
                {
                    "licensed": not offenders,
                    "items": found.items,
                    "portraits": found.portraits,
                    "licences": dict(found.licences),
                    "offenders": offenders,
                }
            )
        )
        if offenders:
            raise typer.Exit(UnlicensedDataError.exit_code)
        return
    if not found.offenders:
        licences = ", ".join(f"{count} {name}" for name, count in sorted(found.licences.items()))
        print(f"{dataset}: {found.items} rows of {found.portraits} portraits, all may be trained on ({licences})")
        return
    for offender in found.offenders[:SHOWN]:
        print(f"{offender.item}: {offender.problem}")
    if len(found.offenders) > SHOWN:
        print(f"… and {len(found.offenders) - SHOWN} more; --json lists all")
    raise UnlicensedDataError(
        f"{dataset}: {len(found.offenders)} problems in {found.items} rows; leave those items out, or say "
        "their source, licence and consent where the data are rendered"
    )


@app.command(short_help="Remove a person's items from a data set.")
def forget(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The portrait's name, as the ledger has it.")],
    dataset: DatasetFolder,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Weights to look through; those of this installation if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove a person's items from a data set, and list the weights that have seen them."""
    from mimica.runtime.weights import PACKAGE_FOLDER
    from mimica.safety.forgetting import forget as take_out

    _check_folder(dataset)
    done = take_out(dataset, subject, weights or PACKAGE_FOLDER)
    _write_papers_again(dataset)
    if as_json:
        print(
            json.dumps(
                {
                    "subject": subject,
                    "rows_removed": done.items,
                    "rewritten": done.rewritten,
                    "deleted": done.deleted,
                    "weights": {"trained": done.trained, "measured": done.measured, "unknown": done.unknown},
                }
            )
        )
        return
    print(f"{subject}: {done.items} rows removed, {len(done.rewritten)} files rewritten, {len(done.deleted)} deleted")
    for title, names in (
        ("weights trained on them, to be trained again or withdrawn", done.trained),
        ("weights only measured on them", done.measured),
        ("weights that do not say on whom they were trained", done.unknown),
    ):
        print(f"{title}: {', '.join(names) or 'none'}")


def _write_papers_again(dataset: Path) -> None:
    """A curated corpus counts its clips and lists its files in papers of its own."""
    if not (dataset / "report.jsonl").is_file():
        return
    with extra("curate", "data forget"):
        from mimica.curation.card import papers_date, write_papers

        write_papers(dataset, papers_date(dataset))


def _check_folder(path: Path) -> None:
    if not path.is_dir():
        raise UsageError(f"{path}: is not a folder; give the one that holds ledger.jsonl, or receipts")
