"""A corpus to curate: short rendered performers, and clips cut from films at hand, each with a ledger row.

    python benchmarks/curation_corpus.py DATA -o CORPUS [--count N] [--films DIR --piece S]

DATA is a folder that `mimica synthesize` prepared; `--rig`, `--correspondence` and `--portraits` name its parts where
they lie elsewhere. The films' rows say "licensed" under CC0-1.0 *for this measurement only*: they go into CORPUS, which
is thrown away, and nothing is trained on it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.errors import MimicaError
from mimica.media import VideoWriter, open_video
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.clips import sample_clip
from mimica.synthesis.collection import fitted_portraits
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.dataset import viewports
from mimica.synthesis.exclusion import read_exclusions
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.motions import ExpressionSampler, Framing
from mimica.synthesis.portrait import build_portrait
from mimica.synthesis.posing import pose
from mimica.synthesis.rig import Rig
from mimica.synthesis.scene import render

RATE = Fraction(25)
TAKES = 2
"""Performances of each rendered person, so that subjects have more than one clip."""


def performers(
    atlas: HeadAtlas, portraits: list[Path], count: int, frames: int, size: int
) -> Iterator[tuple[FittedPortrait, int, Iterator[NDArray[np.uint8]]]]:
    """(person, take, frames) of `count` clips: every person performs `TAKES` random motions."""
    sampler = ExpressionSampler(atlas.rig.names)
    for number in range(count):
        person, take = divmod(number, TAKES)
        if take == 0:
            portrait = build_portrait(atlas, FittedPortrait.load(portraits[person % len(portraits)]))
        rng = np.random.default_rng([7, number])
        view = viewports(portrait, 2.2, Framing())[1]
        clip = sample_clip(sampler, rng, frames, RATE)
        yield (
            portrait.fitted,
            take,
            (render(portrait, pose(portrait, each), view, size, truth=False).image for each in clip),
        )


def write(path: Path, images: Iterator[NDArray[np.uint8]], rate: Fraction) -> None:
    """One film, H.264 without sound."""
    first = next(images)
    with VideoWriter(path, (first.shape[1], first.shape[0]), rate=rate, crf=18) as writer:
        writer.write(first, Fraction(0))
        for index, image in enumerate(images, 1):
            writer.write(image, Fraction(index) / rate)


def cut(film: Path, out: Path, piece_s: Fraction) -> Iterator[Path]:
    """Consecutive pieces of a film, at its nominal rate."""
    try:
        with open_video(film) as video:
            rate = min(video.info.rate or RATE, Fraction(30))
            length = int(piece_s * rate)
            held: list[NDArray[np.uint8]] = []
            number = 0
            for frame in video:
                held.append(frame.image)
                if len(held) == length:
                    target = out / f"{film.stem}-{number:02d}.mp4"
                    write(target, iter(held), rate)
                    yield target
                    held, number = [], number + 1
    except MimicaError as error:
        print(f"left out: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--rig", type=Path)
    parser.add_argument("--correspondence", type=Path)
    parser.add_argument("--portraits", type=Path)
    parser.add_argument("--exclude", type=Path)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--frames", type=int, default=36)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--films", type=Path, nargs="*", default=())
    parser.add_argument("--piece", type=Fraction, default=Fraction(3, 2))
    asked = parser.parse_args()

    prepared = asked.data / "prepared"
    atlas = HeadAtlas(
        Rig.from_npz(asked.rig or prepared / "rig.npz", identity=False),
        Correspondence.load(asked.correspondence or prepared / "correspondence.npz"),
    )
    excluded = read_exclusions(asked.exclude) if asked.exclude else frozenset[str]()
    people = fitted_portraits(asked.portraits or prepared / "fitted", excluded)
    sources = asked.out / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for fitted, take, images in performers(atlas, people, asked.count, asked.frames, asked.size):
        path = sources / f"{fitted.key}-{take}.mp4"
        write(path, images, RATE)
        rows.append(
            {"file": f"sources/{path.name}", "subject": fitted.key, "source": "rendered performer",
             "licence": "Apache-2.0", "consent": "fictional", "adult": True}
        )  # fmt: skip
    for folder in asked.films:
        films = (
            [folder]
            if folder.is_file()
            else sorted(p for p in folder.iterdir() if p.suffix in (".mp4", ".mov", ".mkv"))
        )
        for film in films:
            for path in cut(film, sources, asked.piece):
                rows.append(
                    {"file": f"sources/{path.name}", "subject": film.stem, "source": f"measurement only: {film.name}",
                     "licence": "CC0-1.0", "consent": "licensed", "adult": True}
                )  # fmt: skip
    (asked.out / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{asked.out}: {len(rows)} clips of {len({row['subject'] for row in rows})} people")


if __name__ == "__main__":
    main()
