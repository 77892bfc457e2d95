"""Write packs of training samples: shards of plain `.npz`, a ledger row per portrait and shard, deterministic per seed.

A pack holds the turns of many portraits: building one costs more than rendering it, so each gives several samples
before the next one's turn. This module knows the data engine and no networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mimica.errors import InputError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.fitted import FittedPortrait, is_held_out, portrait_number
from mimica.synthesis.portrait import Morph, Portrait, build_portrait
from mimica.synthesis.rig import Rig
from mimica.synthesis.shards import Report, Summary, claim, gather, unfinished, write_missing
from mimica.training import motion_rendering, rig_rendering

Kind = Literal["motion", "rig"]
Row = dict[str, NDArray[Any]]

PHOTO_ROWS = 2
"""Samples of the untouched photo that each portrait gives, once."""
MORPH_RANGE = (0.25, 0.75)


@dataclass(frozen=True, slots=True)
class PackConfig:
    """What to render.

    Attributes:
        kind: "motion" for `motion_data.MotionSamples`, "rig" for `rig_data.RigSamples`.
        count: rendered samples at least; those of untouched photos come on top.
        seed: everything random follows from it.
        per_visit: most samples rendered of a portrait before the next one's turn.
        visits_per_shard: portraits in one shard.
        morph_share: how many visits wear the face's shape moved towards another person's (motion only).
        yaw_limit_deg: photos turned further give their own samples but are not animated.
    """

    kind: Kind
    count: int
    seed: int = 0
    per_visit: int = 8
    visits_per_shard: int = 100
    morph_share: float = 0.3
    yaw_limit_deg: float = 20.0

    def __post_init__(self) -> None:
        for name in ("count", "per_visit", "visits_per_shard"):
            if getattr(self, name) < 1:
                raise InputError(f"packs: {name} is {getattr(self, name)}, it must be at least 1")


@dataclass(frozen=True, slots=True)
class Visit:
    """One portrait's turn: its file, how many samples are rendered and are the photo's, whose shape it wears."""

    path: Path
    rendered: int
    photos: int
    towards: Path | None = None
    amount: float = 0.0


def plan(portraits: Sequence[Path], yaws_deg: Sequence[float], config: PackConfig) -> list[Visit]:
    """Who is visited, in order: everybody once before anybody twice, in a fresh order each time.

    Raises:
        InputError: nobody can be animated.
    """
    can_move = [abs(yaw) <= config.yaw_limit_deg for yaw in yaws_deg]
    if not any(can_move):
        raise InputError("portraits: none faces the camera enough to be animated; add some, or exclude fewer")
    visits: list[Visit] = []
    left, passes = config.count, 0
    held_out = [is_held_out(path.stem) for path in portraits]
    per_visit = min(config.per_visit, -(-config.count // sum(can_move)))  # few samples: rather of everybody
    while left > 0:
        rng = np.random.default_rng([config.seed, 1, passes])
        for member in rng.permutation(len(portraits)):
            rendered = min(per_visit, left) if can_move[member] else 0
            photos = PHOTO_ROWS if passes == 0 else 0
            # of the same split: a held-out face's shape must not be trained on
            others = [n for n, held in enumerate(held_out) if n != member and held == held_out[member]]
            chance, choice, amount = (float(rng.uniform(*range_)) for range_ in ((0, 1), (0, 1), MORPH_RANGE))
            morphs = config.kind == "motion" and rendered and others and chance < config.morph_share
            towards = (portraits[others[int(choice * len(others))]], amount) if morphs else (None, 0.0)
            if rendered or (photos and left > 0):
                visits.append(Visit(portraits[member], rendered, photos, *towards))
            left -= rendered
        passes += 1
    return visits


def render_packs(
    portraits: Sequence[Path],
    rig: Path,
    correspondence: Path,
    out: Path,
    config: PackConfig,
    *,
    workers: int = 1,
    report: Report | None = None,
) -> Summary:
    """Render packs of fitted portraits into `out`: `KIND-00000.npz` …, `ledger.jsonl` and `packs.json`.

    Raises:
        InputError: nobody can be animated.
        OutputError: the folder holds packs made with other settings, or cannot be written.
    """
    claim(out / "packs.json", asdict(config) | {"portraits": [path.stem for path in portraits]})
    yaws = [float(FittedPortrait.load(path).angles_deg[0]) for path in portraits]
    visits, step = plan(portraits, yaws, config), config.visits_per_shard
    shards = [
        Pack(out, number, tuple(visits[start : start + step]), rig, correspondence, config)
        for number, start in enumerate(range(0, len(visits), step))
    ]
    write_missing(shards, write_pack, workers=workers, report=report)
    return gather(shards, out / "ledger.jsonl")


@dataclass(frozen=True)
class Pack:
    """One pack to write."""

    folder: Path
    number: int
    visits: tuple[Visit, ...]
    rig: Path
    correspondence: Path
    config: PackConfig = field(repr=False)

    @property
    def path(self) -> Path:
        return self.folder / f"{self.config.kind}-{self.number:05d}.npz"

    @property
    def ledger(self) -> Path:
        return self.path.with_suffix(".jsonl")


@cache
def _atlas(rig: Path, correspondence: Path) -> HeadAtlas:
    return HeadAtlas(Rig.from_npz(rig, identity=False), Correspondence.load(correspondence))


def write_pack(job: Pack) -> Path:
    """Render one pack and its ledger rows; both files appear only when complete."""
    with unfinished(job) as (file, told):
        rows: list[Row] = []
        for place, visit in enumerate(job.visits):
            made, entry = _turn(job, visit, np.random.default_rng([job.config.seed, 2, job.number, place]))
            rows += made
            told.append(entry)
        np.savez(file, **{name: np.stack([row[name] for row in rows]) for name in rows[0]})
    return job.path


def _turn(job: Pack, visit: Visit, rng: np.random.Generator) -> tuple[list[Row], dict[str, object]]:
    """A portrait's samples and their ledger row."""
    fitted = FittedPortrait.load(visit.path)
    morph = Morph(FittedPortrait.load(visit.towards), visit.amount) if visit.towards else None
    portrait = build_portrait(_atlas(job.rig, job.correspondence), fitted, morph)
    number = np.int32(portrait_number(fitted.key))
    made = [row | {"identity": number} for row in _samples(portrait, visit, job.config.kind, rng)]
    entry: dict[str, object] = {
        "pack": job.path.name, "portrait": fitted.key, "identity": int(number), **fitted.rights,
        "seed": job.config.seed, "samples": len(made), "towards": visit.towards.stem if visit.towards else None,
    }  # fmt: skip
    if morph is not None:
        entry["towards_rights"] = morph.towards.rights
    return made, entry


def _samples(portrait: Portrait, visit: Visit, kind: Kind, rng: np.random.Generator) -> Iterator[Row]:
    rendering = motion_rendering if kind == "motion" else rig_rendering
    yield from rendering.photo_rows(portrait, rng, visit.photos)
    yield from rendering.rendered_rows(portrait, rng, visit.rendered)
