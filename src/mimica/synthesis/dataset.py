"""Write a data set of rendered portraits: WebDataset shards, a ledger row per item, deterministic per seed.

A group is one motion (or one short clip) performed by several people; a block of people stays for several groups, for
building a portrait costs more than rendering it. Every shard is a pure function of its configuration and number, so
shards can be made anywhere, in any order, and again. This module does not fit photos (``collection``).
"""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from mimica.errors import InputError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.clips import sample_clip
from mimica.synthesis.collection import fitted_portraits
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.encoding import ImageFormat, add_file, encode_image, encode_truth
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.motions import ExpressionSampler, Framing, sample_performance
from mimica.synthesis.portrait import Portrait, build_portrait
from mimica.synthesis.posing import pose
from mimica.synthesis.rig import Rig
from mimica.synthesis.scene import photo_crop, render
from mimica.synthesis.shards import Report, Summary, claim, gather, unfinished, write_missing
from mimica.synthesis.viewport import Viewport


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """What to render.

    Attributes:
        count: number of rendered images (rounded up to whole groups).
        seed: everything random follows from it.
        size: side of the images, px. `samples`: sub-samples along a pixel's side.
        people: how many people perform each group's motion.
        motions: consecutive groups that the same people perform.
        frames: images per clip; 1 for single motions. `rate`: frames a second of clips.
        framing: side of the crop in heights of the face.
        truth: whether to store the per-pixel truth.
        image_format: "jpg" (quality 95), "png" or "webp" (both lossless).
        groups_per_shard: groups in one tar file; a multiple of `motions`.
        yaw_limit_deg: photos turned further than this are left out.
    """

    count: int
    seed: int = 0
    size: int = 256
    samples: int = 2
    people: int = 2
    motions: int = 12
    frames: int = 1
    rate: Fraction = Fraction(25)
    framing: float = 1.7
    truth: bool = True
    image_format: ImageFormat = "jpg"
    groups_per_shard: int = 120
    yaw_limit_deg: float = 20.0

    def __post_init__(self) -> None:
        for name in ("count", "size", "samples", "people", "motions", "frames", "groups_per_shard"):
            if getattr(self, name) < 1:
                raise InputError(f"dataset: {name} is {getattr(self, name)}, it must be at least 1")
        if self.groups_per_shard % self.motions:
            raise InputError(
                f"dataset: groups_per_shard ({self.groups_per_shard}) must be a multiple of motions ({self.motions})"
            )

    @property
    def groups(self) -> int:
        per_group = self.people * self.frames
        return -(-self.count // per_group)

    @property
    def shards(self) -> int:
        return -(-self.groups // self.groups_per_shard)


def select_portraits(folder: Path | str, config: DatasetConfig, exclude: frozenset[str] = frozenset()) -> list[Path]:
    """Fitted portraits of a folder that may perform, by name: not excluded, not turned too far. InputError if none."""
    chosen = [
        path
        for path in fitted_portraits(folder, exclude)
        if abs(FittedPortrait.load(path).angles_deg[0]) <= config.yaw_limit_deg
    ]
    if not chosen:
        raise InputError(f"{folder}: no fitted portrait faces the camera enough to be animated; add some")
    return chosen


def synthesize(
    portraits: Sequence[Path],
    rig: Path | str,
    correspondence: Path | str,
    out: Path | str,
    config: DatasetConfig,
    *,
    workers: int = 1,
    report: Report | None = None,
) -> Summary:
    """Render the data set into the folder `out`: `shard-00000.tar` …, `ledger.jsonl` and `dataset.json`.

    Shards that are already there are kept, so an interrupted run goes on where it stopped; a folder made with another
    configuration is refused (OutputError).
    """
    folder = Path(out)
    people = [portrait.stem for portrait in portraits]
    claim(folder / "dataset.json", asdict(config) | {"rate": str(config.rate), "portraits": people})
    jobs = [
        _Job(tuple(portraits), Path(rig), Path(correspondence), folder, config, number)
        for number in range(config.shards)
    ]
    write_missing(jobs, write_shard, workers=workers, report=report)
    return gather(jobs, folder / "ledger.jsonl")


@dataclass(frozen=True)
class _Job:
    portraits: tuple[Path, ...]
    rig: Path
    correspondence: Path
    folder: Path
    config: DatasetConfig
    number: int

    @property
    def path(self) -> Path:
        return self.folder / f"shard-{self.number:05d}.tar"

    @property
    def ledger(self) -> Path:
        return self.folder / f"shard-{self.number:05d}.jsonl"


def write_shard(job: _Job) -> Path:
    """Render one shard; both its files appear only when complete."""
    atlas = HeadAtlas(Rig.from_npz(job.rig, identity=False), Correspondence.load(job.correspondence))
    config, first = job.config, job.number * job.config.groups_per_shard
    performers: list[Portrait] = []
    with (
        unfinished(job) as (file, rows),
        tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for group in range(first, min(first + config.groups_per_shard, config.groups)):
            if group % config.motions == 0 or not performers:
                block = block_members(len(job.portraits), config, group // config.motions)
                performers = [build_portrait(atlas, FittedPortrait.load(job.portraits[member])) for member in block]
            for name, files, row in render_group(performers, config, group):
                for extension, data in files.items():
                    add_file(archive, f"{name}.{extension}", data)
                rows.append({"key": name, "shard": job.path.name, **row})
    return job.path


def block_members(available: int, config: DatasetConfig, block: int) -> list[int]:
    """Which portraits perform a block: a fresh shuffle for every pass over the collection."""
    members = []
    for place in range(block * config.people, (block + 1) * config.people):
        order = np.random.default_rng([config.seed, 1, place // available]).permutation(available)
        members.append(int(order[place % available]))
    return members


def render_group(
    performers: Sequence[Portrait], config: DatasetConfig, group: int
) -> list[tuple[str, dict[str, bytes], dict]]:
    """(key, files by extension, ledger row) of every image of a group: the same motion by every performer."""
    rng = np.random.default_rng([config.seed, 0, group])
    sampler = ExpressionSampler(performers[0].atlas.rig.names)
    if config.frames == 1:
        performance, framing = sample_performance(sampler, rng)
        performances = [performance]
    else:
        performances, framing = sample_clip(sampler, rng, config.frames, config.rate), Framing()
    items = []
    for person, portrait in enumerate(performers):
        source, target = viewports(portrait, config.framing, framing)
        for frame, performance in enumerate(performances):
            drawn = render(
                portrait, pose(portrait, performance), target, config.size, samples=config.samples, truth=config.truth
            )
            name = f"{group:07d}-{person:02d}-{frame:03d}"
            files = {f"target.{config.image_format}": encode_image(drawn.image, config.image_format)}
            if frame == 0:
                photo = photo_crop(portrait, source, config.size)
                files[f"source.{config.image_format}"] = encode_image(photo, config.image_format)
            files["truth.npz"] = encode_truth(portrait, drawn, source, performance)
            items.append((name, files, _ledger_row(portrait, config, group, person, frame)))
    return items


def viewports(portrait: Portrait, framing: float, jitter: Framing) -> tuple[Viewport, Viewport]:
    """The photo's viewport, `framing` face heights wide about the face, and the target's, jittered."""
    x0, y0, x1, y1 = portrait.fitted.face_box
    side = min(512.0, framing * (y1 - y0))
    x, y = (x0 + x1) / 2, (y0 + y1) / 2 - 0.03 * (y1 - y0)

    def about(centre_x: float, centre_y: float, width: float) -> Viewport:
        left, top = (float(np.clip(c - width / 2, 0, max(0.0, 512 - width))) for c in (centre_x, centre_y))
        return Viewport(left, top, 512 / width)

    width = min(512.0, side / jitter.zoom)
    return about(x, y, side), about(x + jitter.dx * width, y + jitter.dy * width, width)


def _ledger_row(portrait: Portrait, config: DatasetConfig, group: int, person: int, frame: int) -> dict:
    fitted = portrait.fitted
    return {
        "portrait": fitted.key,
        **fitted.rights,
        "seed": config.seed,
        "group": group,
        "person": person,
        "frame": frame,
    }
