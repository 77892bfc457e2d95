"""`mimica demo`: the shipped portraits perform the shipped clip, with the shipped weights.

This module does not know how frames are made; what the demo shows is listed in ``mimica/demo/demo.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mimica.cli.animate import Device, tell
from mimica.cli.display import ProgressDisplay
from mimica.errors import OutputError, WeightsError


@dataclass(frozen=True, slots=True)
class DemoPortrait:
    """A shipped photo. name: of the output. photo: its file. consent: the basis that holds for it. credit: a line."""

    name: str
    photo: Path
    consent: str
    credit: str


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder to write to.")] = Path("demo-out"),
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Animate the photos that come with Mimica and say where the videos are."""
    driving, portraits = assets(Path(str(files("mimica"))) / "demo")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"output {out}: the folder cannot be made ({error.strerror}); choose another with -o"
        ) from error

    from mimica.animation import animate as make

    reports = []
    for portrait in portraits:
        with ProgressDisplay(quiet=quiet or as_json) as display:
            report = make(
                portrait.photo,
                driving,
                out / f"{portrait.name}.mp4",
                consent=portrait.consent,
                device=device,
                progress=display,
            )
        reports.append(report)
        if not as_json:
            tell(report, as_json=False, quiet=quiet)
    if as_json:
        print(json.dumps({"videos": [report.as_dict() for report in reports]}))


def assets(folder: Path) -> tuple[Path, list[DemoPortrait]]:
    """The demo's driving clip and portraits, from `demo.json` in `folder`. Raises WeightsError when one is missing."""
    try:
        listing = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        driving = folder / listing["driving"]
        portraits = [
            DemoPortrait(row["name"], home / row["photo"], row["consent"], row["credit"])
            for row in listing["portraits"]
            if (home := _home(row.get("package"), folder)) is not None
        ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"demo files in {folder}: cannot be read ({error}); install mimica again") from error
    for path in (driving, *(portrait.photo for portrait in portraits)):
        if not path.is_file():
            raise WeightsError(f"demo file {path}: is missing; install mimica again")
    return driving, portraits


def _home(package: str | None, folder: Path) -> Path | None:
    """Where a photo lies: beside the listing, or in an installed package (not imported); None when it is not there.

    Photos of real people are not part of Mimica; the demo borrows a public-domain one from a package that ships it.
    """
    if package is None:
        return folder
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent
