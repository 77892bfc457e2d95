"""`mimica synthesize`: portraits of nobody, animated by a morphable head with exact truth, as a training data set.

This module does not know how a head is fitted or rendered; it prepares what ``synthesis.dataset`` wants, once, in the
folder `prepared` of the data set, and lets it render. SciPy and numba are loaded only when the command runs.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

from mimica.animation.report import Progress
from mimica.cli.display import ProgressDisplay, note
from mimica.cli.extras import extra
from mimica.errors import OutputError, UsageError


def synthesize(
    portraits: Annotated[
        Path, typer.Option(metavar="DIR", help="Photos of nobody, or portraits already fitted (npz).")
    ],
    rig: Annotated[Path, typer.Option(metavar="FILE", help="The rig: a compact npz or an ICT-FaceKit checkout.")],
    teacher: Annotated[
        Path,
        typer.Option(metavar="FILE", help="MediaPipe's face_landmarker.task; photos also need the extra `teacher`."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DATASET", help="The folder to write.")],
    count: Annotated[
        int, typer.Option(metavar="N", min=1, help="Images to render, rounded up to whole groups.")
    ] = 1000,
    size: Annotated[int, typer.Option(metavar="PX", min=32, max=512, help="Side of the images.")] = 256,
    people: Annotated[int, typer.Option(metavar="N", min=1, help="People who perform each motion.")] = 2,
    frames: Annotated[int, typer.Option(metavar="N", min=1, help="Images a clip; 1 for single motions.")] = 1,
    rate: Annotated[str, typer.Option(metavar="R", help="Frames a second of clips, such as 25 or 30000/1001.")] = "25",
    image_format: Annotated[Literal["jpg", "png", "webp"], typer.Option("--format", help="Of the images.")] = "jpg",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Everything random follows from it.")] = 0,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that render.")] = 1,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where the photos are from, for the ledger.")] = "",
    licence: Annotated[str, typer.Option(metavar="TEXT", help="The photos' licence, for the ledger.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Render a training data set (WebDataset shards and a ledger); needs the extra `synthesis`."""
    if not portraits.is_dir():
        raise UsageError(f"--portraits {portraits}: is not a folder; give one with photos or fitted portraits")
    if not rig.exists():
        raise UsageError(f"--rig {rig}: there is no such file; give a rig npz or a checkout of ICT-FaceKit")
    pace = frame_rate(rate)
    with extra("synthesis", "synthesize"):
        from mimica.synthesis.dataset import DatasetConfig, select_portraits
        from mimica.synthesis.dataset import synthesize as render

    config = DatasetConfig(
        count=count, size=size, people=people, frames=frames, rate=pace, image_format=image_format, seed=seed
    )
    prepared = out / "prepared"
    try:
        prepared.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"output {out}: the folder cannot be made ({error.strerror}); choose another") from error
    silent = quiet or as_json
    rig_file, correspondence = prepare_rig(rig, teacher, prepared)
    fitted = portraits
    if not any(portraits.glob("*.npz")):
        if not (source and licence):
            raise UsageError("photos need --source and --licence: every item of a data set has a row in its ledger")
        fitted = prepared / "fitted"
        fit(portraits, fitted, rig_file, correspondence, teacher, source=source, licence=licence, silent=silent)
    with ProgressDisplay(quiet=silent) as display:
        summary = render(
            select_portraits(fitted, config),
            rig_file,
            correspondence,
            out,
            config,
            workers=workers,
            progress=lambda done, total: display(Progress(done, total, 0.0, "shards")),
        )
    if as_json:
        print(json.dumps({"shards": [str(shard) for shard in summary.shards], "items": summary.items,
                          "portraits": summary.portraits, "ledger": str(summary.ledger)}))  # fmt: skip
    elif not quiet:
        print(f"{out}: {summary.items} images of {summary.portraits} people in {len(summary.shards)} shards")


def frame_rate(text: str) -> Fraction:
    """Frames a second from "25" or "30000/1001", exactly. Raises UsageError on anything else."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise UsageError(f"--rate {text!r}: give frames a second such as 25 or 30000/1001")
    return rate


def prepare_rig(rig: Path, teacher: Path, prepared: Path) -> tuple[Path, Path]:
    """The rig as an npz and its correspondence to the teacher's landmarks, made once.

    Raises InputError when the rig or the teacher's file is not one.
    """
    from mimica.synthesis.correspondence import Correspondence, read_canonical_mesh
    from mimica.synthesis.rig import Rig

    rig_file = rig
    if rig.is_dir():
        rig_file = prepared / "rig.npz"
        if not rig_file.exists():
            Rig.from_ict_checkout(rig).save(rig_file)
    correspondence = prepared / "correspondence.npz"
    if not correspondence.exists():
        Correspondence.compute(Rig.from_npz(rig_file, identity=False), *read_canonical_mesh(teacher)).save(
            correspondence
        )
    return rig_file, correspondence


def fit(
    photos: Path,
    out: Path,
    rig_file: Path,
    correspondence: Path,
    teacher: Path,
    *,
    source: str,
    licence: str,
    silent: bool,
) -> None:
    """Fit the rig to every photo that is not fitted yet; a photo that cannot be fitted is a note, not an error."""
    from mimica.synthesis.atlas import HeadAtlas
    from mimica.synthesis.collection import fit_photos
    from mimica.synthesis.correspondence import Correspondence
    from mimica.synthesis.fit import HeadFitter
    from mimica.synthesis.rig import Rig
    from mimica.synthesis.teacher import Teacher

    fitter = HeadFitter(HeadAtlas(Rig.from_npz(rig_file), Correspondence.load(correspondence)))
    with Teacher(teacher) as labeller:
        for outcome in fit_photos(photos, out, labeller, fitter, source=source, licence=licence):
            if outcome.path is None and not silent:
                note(outcome.reason)
