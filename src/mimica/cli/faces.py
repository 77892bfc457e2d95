"""`mimica faces`: which faces a photo shows, numbered as `mimica animate --face N` wants them.

This module does not know how faces are found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mimica.animation.request import check_input_file
from mimica.cli.animate import Device
from mimica.cli.files import input_argument
from mimica.errors import NoFaceError


def faces(
    photo: Annotated[Path, input_argument(metavar="PHOTO", help="The photo to look at.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="CHART.png", help="Write a small copy of PHOTO with the faces numbered."),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where the network runs.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the faces, or the error, as one JSON object.")] = False,
) -> None:
    """List the faces in PHOTO, numbered for `animate --face N`."""
    check_input_file(photo, "photo")

    from mimica.faces.finder import FaceFinder
    from mimica.media.image import load_photo

    image = load_photo(photo).image
    found = FaceFinder.load(device=device).find(image)
    if not found:
        raise NoFaceError(
            f"photo {photo}: no face was found; use a photo where the face is larger, upright and uncovered"
        )
    if out is not None:
        from mimica.safety.face_chart import save_face_chart

        save_face_chart(photo, [face.box_xyxy for face in found], out)
    rows = [describe(number, face) for number, face in enumerate(found, start=1)]
    if as_json:
        height, width = image.shape[:2]
        print(json.dumps({"photo": str(photo), "size": [width, height], "faces": rows}))
        return
    for row in rows:
        left, top, right, bottom = row["box"]
        print(
            f"{row['number']}: {right - left:.0f}x{bottom - top:.0f} px at ({left:.0f}, {top:.0f}), "
            f"score {row['score']:.2f}"
        )
    if out is not None:
        print(f"numbered in {out}")


def describe(number: int, face: Any) -> dict[str, Any]:
    """One face in types that JSON knows: box (left, top, right, bottom) and five points (x, y), all in pixels."""
    return {
        "number": number,
        "box": [round(float(edge), 1) for edge in face.box_xyxy],
        "score": round(float(face.score), 4),
        "points": [[round(float(x), 1), round(float(y), 1)] for x, y in face.points],
    }
