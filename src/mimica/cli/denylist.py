"""`mimica denylist`: people who asked not to be animated. Off until the first is added.

This module does not know how faces are compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mimica.animation.request import check_input_file
from mimica.cli.display import answer
from mimica.cli.files import input_argument
from mimica.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

app = typer.Typer(
    help="People who asked not to be animated; needs the extra `denylist`. Off until the first is added.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")]


@app.command(short_help="Put a person on the list, at their request.")
def add(
    photo: Annotated[Path, input_argument(metavar="PHOTO", help="A photo of that person alone, from the front.")],
    days: Annotated[int, typer.Option(metavar="N", min=1, max=1095, help="How long the entry holds.")] = 365,
    asked: Annotated[
        bool, typer.Option("--at-their-request", help="State that this person asked for it: a face is biometric data.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put the person in PHOTO on the list, at their request; only numbers are kept, sealed, no picture and no name."""
    if not asked:
        raise UsageError("denylist: add --at-their-request to state that this person asked to be on it")
    from mimica.safety.denylist import Denylist
    from mimica.safety.face_embedding import DlibEmbedding

    entry = Denylist(DlibEmbedding()).add(_pixels(photo), days, f"photo {photo}")
    answer(
        {"entry": entry.identifier, "expires_at": entry.expires_at.isoformat(timespec="seconds")},
        f"entry {entry.identifier}, until {entry.expires_at:%Y-%m-%d}; take it off with: "
        f"mimica denylist remove {entry.identifier}",
        as_json=as_json,
    )


@app.command()
def remove(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The entry's name, as `add` told it.")],
    as_json: Json = False,
) -> None:
    """Take an entry off the list."""
    from mimica.safety.denylist import Denylist
    from mimica.safety.face_embedding import DlibEmbedding

    Denylist(DlibEmbedding()).remove(entry)
    answer({"removed": entry}, f"removed: entry {entry}", as_json=as_json)


@app.command(short_help="Say whether somebody in a photo is listed.")
def check(
    photo: Annotated[Path, input_argument(metavar="PHOTO", help="The photo to compare.")],
    as_json: Json = False,
) -> None:
    """Say whether somebody in PHOTO is on the list; exit code 8 when they are, or when it cannot be told."""
    from mimica.safety.denylist import check_opt_out, is_enabled

    check_opt_out(_pixels(photo), f"photo {photo}")
    enabled = is_enabled()
    answer(
        {"enabled": enabled, "listed": False},
        f"{photo}: nobody on the list" if enabled else "there is no denylist here, so nobody is on it",
        as_json=as_json,
    )


@app.command(short_help="Remove the whole list and its key.")
def erase(
    yes: Annotated[bool, typer.Option("--yes", help="Really remove list and key, for good.")] = False,
    as_json: Json = False,
) -> None:
    """Remove the whole list and its key; from then on nothing is compared."""
    if not yes:
        raise UsageError("denylist: erasing cannot be undone; add --yes")
    from mimica.safety import denylist

    found = denylist.erase()
    answer({"erased": found}, "erased" if found else "there was none", as_json=as_json)


def _pixels(photo: Path) -> NDArray[np.uint8]:
    check_input_file(photo, "photo")

    from mimica.media.image import load_photo

    return load_photo(photo).image
