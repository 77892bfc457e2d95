"""`mimica synthesize`: portraits of nobody, animated by a morphable head with exact truth, as training data.

This module does not know how a head is fitted or rendered, nor what a network learns from: it prepares the portraits
once, in `DATA/prepared`, and lets ``synthesis.dataset`` or the packs of ``training`` render into `DATA/KIND`. SciPy
and numba are loaded only when the command runs; torch is not.
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
from mimica.errors import UsageError

Kind = Literal["pairs", "motion", "rig", "finder"]


def synthesize(
    portraits: Annotated[
        Path, typer.Option(metavar="DIR", help="Photos of nobody, or portraits already fitted (npz).")
    ],
    rig: Annotated[Path, typer.Option(metavar="FILE", help="The rig: a compact npz or an ICT-FaceKit checkout.")],
    teacher: Annotated[
        Path,
        typer.Option(metavar="FILE", help="MediaPipe's face_landmarker.task; photos also need the extra `teacher`."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DATA", help="The folder to write DATA/KIND into.")],
    kind: Annotated[
        Kind, typer.Option(help="Photo and motion pairs with full truth, or the packs that a network trains on.")
    ] = "pairs",
    count: Annotated[
        int, typer.Option(metavar="N", min=1, help="Images to render; pairs are rounded up to whole groups.")
    ] = 1000,
    exclude: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Names of portraits to leave out: one a line, or JSON (see the data card)."),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="finder: the whole photos, when --portraits are already fitted ones."),
    ] = None,
    mine: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="finder: add pictures in which this earlier finder sees a face wrongly."),
    ] = None,
    size: Annotated[int, typer.Option(metavar="PX", min=32, max=512, help="pairs: side of the images.")] = 256,
    people: Annotated[int, typer.Option(metavar="N", min=1, help="pairs: people who perform each motion.")] = 2,
    frames: Annotated[int, typer.Option(metavar="N", min=1, help="pairs: images a clip; 1 for single motions.")] = 1,
    rate: Annotated[str, typer.Option(metavar="R", help="pairs: frames a second, such as 25 or 30000/1001.")] = "25",
    image_format: Annotated[
        Literal["jpg", "png", "webp"], typer.Option("--format", help="pairs: of the images.")
    ] = "jpg",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Everything random follows from it.")] = 0,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that render.")] = 1,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where the photos are from, for the ledger.")] = "",
    licence: Annotated[str, typer.Option(metavar="TEXT", help="The photos' licence, for the ledger.")] = "",
    consent: Annotated[
        Literal["", "fictional", "licensed", "receipt"],
        typer.Option(
            metavar="BASIS", help="On whose word the photos may be trained on; receipt: NAME.jws by each photo."
        ),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Render training data with a ledger (shards of pairs, or packs); needs the extra `synthesis`."""
    if not portraits.is_dir():
        raise UsageError(f"--portraits {portraits}: is not a folder; give one with photos or fitted portraits")
    if not rig.exists():
        raise UsageError(f"--rig {rig}: there is no such file; give a rig npz or a checkout of ICT-FaceKit")
    pace = frame_rate(rate)
    silent = quiet or as_json
    with extra("synthesis", "synthesize"):
        from mimica.synthesis.collection import fitted_portraits
        from mimica.synthesis.dataset import DatasetConfig, select_portraits
        from mimica.synthesis.dataset import synthesize as render_pairs
        from mimica.synthesis.exclusion import read_exclusions
        from mimica.synthesis.preparation import prepare
        from mimica.training.finder_pack import SceneConfig, draw_scenes
        from mimica.training.packs import PackConfig, render_packs

    config = DatasetConfig(
        count=count, size=size, people=people, frames=frames, rate=pace, image_format=image_format, seed=seed
    )
    excluded = read_exclusions(exclude) if exclude else frozenset[str]()
    unknown = sorted(excluded - {path.stem for path in portraits.iterdir()})
    if unknown and not silent:
        note(f"--exclude: {len(unknown)} names are no portraits of {portraits}, such as {', '.join(unknown[:3])}")
    prepared = prepare(
        portraits, rig, teacher, out, source=source, licence=licence, consent=consent, exclude=excluded,
        note=lambda text: None if silent else note(text),
    )  # fmt: skip
    chosen, folder = fitted_portraits(prepared.fitted, excluded), out / kind
    with ProgressDisplay(quiet=silent) as display:

        def report(done: int, total: int) -> None:
            display(Progress(done, total, 0.0, "shards"))

        if kind == "pairs":
            summary = render_pairs(
                select_portraits(prepared.fitted, config, excluded), prepared.rig, prepared.correspondence, folder,
                config, workers=workers, report=report,
            )  # fmt: skip
        elif kind == "finder":
            whole = photos or (portraits if prepared.fitted != portraits else None)
            scenes = SceneConfig(count, seed=seed, mine=mine)
            summary = draw_scenes(chosen, whole, folder, scenes, workers=workers, report=report)
        else:
            packs = PackConfig(kind, count, seed=seed)
            summary = render_packs(
                chosen, prepared.rig, prepared.correspondence, folder, packs, workers=workers, report=report
            )
    if as_json:
        print(json.dumps({"kind": kind, "shards": [str(shard) for shard in summary.shards], "items": summary.items,
                          "portraits": summary.portraits, "ledger": str(summary.ledger)}))  # fmt: skip
    elif not quiet:
        print(f"{folder}: {summary.items} images of {summary.portraits} people in {len(summary.shards)} shards")


def frame_rate(text: str) -> Fraction:
    """Frames a second from "25" or "30000/1001", exactly. Raises UsageError on anything else."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise UsageError(f"--rate {text!r}: give frames a second such as 25 or 30000/1001")
    return rate
