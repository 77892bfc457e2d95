"""Render cross-identity groups with exact truth, and freeze them: the *truth* suite's cases as files.

    python -m mimica.evaluation.benchmark_writer --portraits FITTED --rig ict.npz --correspondence FILE -o FOLDER

One performance is rendered on a performer (the driving video) and on every subject (the targets): written scripts, or
with `--seed` random people and motions. Writes photos, driving videos, targets, truths and `benchmark.json` with the
sha256 of every file. The same arguments give the same pictures; the bytes of the films depend on the version of x264,
so a frozen instance is known by its files' hashes, not by its seed. This module does not know systems or metrics.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_NAMES, TONGUE_NAMES
from mimica.evaluation.cases import Truth, sha256_of
from mimica.evaluation.scripts import RATE, SCRIPTS, Part, improvise, perform, turned, without
from mimica.evaluation.truth_files import save_truth, without_file
from mimica.media.image_writer import save_image
from mimica.media.video_writer import VideoWriter
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.correspondence import Correspondence
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.portrait import Portrait, build_portrait
from mimica.synthesis.posing import Performance, pose
from mimica.synthesis.rig import Rig
from mimica.synthesis.scene import Render, Viewport, photo_crop, render

Image = NDArray[np.uint8]

FACE_SHARE = 0.46
"""Height of the face's landmarks as a share of the picture."""
FLOW_EVERY, FLOW_STRIDE = 10, 4
"""The flow is kept of every tenth frame, at every fourth pixel."""
DRIVER_CRF, TARGET_CRF = 16, 11
RENDERED = {"comment": "Rendered by Mimica's data engine from AI-generated portraits of people who do not exist."}

Groups = dict[str, tuple[str, tuple[str, ...], Part]]
"""Name of a driving video → (performer, subjects, performance)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which performances on whom; people by their portraits' keys."""

    parts: Groups
    size: int = 256
    note: str = ""
    people: dict[str, FittedPortrait] = field(default_factory=dict)


def write_groups(plan: Plan, atlas: HeadAtlas, folder: Path) -> None:
    """Render every case of `plan` into `folder`."""
    for name in ("photos", "drivers", "targets", "truth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    built: dict[str, Portrait] = {}

    def person(key: str) -> Portrait:
        if key not in built:
            built[key] = build_portrait(atlas, plan.people[key])
        return built[key]

    cases: list[dict[str, str]] = []
    for name, (performer, subjects, part) in plan.parts.items():
        driver = f"drivers/{name}.mp4"
        _film(
            folder / driver,
            (drawn.image for drawn in _draw(person(performer), part.performances, plan.size)),
            DRIVER_CRF,
        )
        for subject in subjects:
            case, photo = f"{name}-{subject}", f"photos/{subject}.png"
            view = framing(person(subject))
            save_image(folder / photo, photo_crop(person(subject), view, plan.size), RENDERED)
            _write_case(person(subject), part, plan.size, folder, case)
            cases.append(
                {"name": case, "photo": photo, "driver": driver, "target": f"targets/{case}.mp4",
                 "truth": f"truth/{case}.npz", "performer": performer, "subject": subject}
            )  # fmt: skip
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "benchmark.json")
    content = {
        "note": plan.note, "size_px": plan.size, "rate": str(RATE), "cases": cases,
        "files": {path.relative_to(folder).as_posix(): sha256_of(path) for path in files},
    }  # fmt: skip
    (folder / "benchmark.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def framing(portrait: Portrait) -> Viewport:
    """A square around the head: the face `FACE_SHARE` high, a little below the middle."""
    x0, y0, x1, y1 = portrait.fitted.face_box
    side = min(512.0, (y1 - y0) / FACE_SHARE)
    corner = np.clip([(x0 + x1 - side) / 2, (y0 + y1) / 2 - 0.53 * side], 0, 512 - side)
    return Viewport(float(corner[0]), float(corner[1]), 512 / side)


def _draw(portrait: Portrait, moments: Iterable[Performance], size: int, *, truth: bool = False) -> Iterator[Render]:
    view = framing(portrait)
    for moment in moments:
        yield render(portrait, pose(portrait, turned(moment, portrait.rotation)), view, size, truth=truth)


def _write_case(portrait: Portrait, part: Part, size: int, folder: Path, case: str) -> None:
    names = tuple(portrait.atlas.rig.names)
    drawn = list(_draw(portrait, part.performances, size, truth=True))
    _film(folder / "targets" / f"{case}.mp4", (moment.image for moment in drawn), TARGET_CRF)
    columns = [[*names, *TONGUE_NAMES].index(name) for name in EXPRESSION_NAMES]
    view = framing(portrait)
    kept = np.arange(0, len(drawn), FLOW_EVERY)
    grid = slice(FLOW_STRIDE // 2, None, FLOW_STRIDE)
    maps = [drawn[index].truth for index in kept]
    assert all(entry is not None for entry in maps)
    places = {frame: place for place, frame in enumerate(sorted({frame for frame, _, _ in part.held}))}
    lacking = [
        next(_draw(portrait, [without(part.performances[frame], group, names)], size)).image
        for frame, _, group in part.held
    ]
    assert len(places) == len(part.held)
    path = folder / "truth" / f"{case}.npz"
    save_truth(
        path,
        Truth(
            expressions=np.array([moment.motion for moment in drawn])[:, columns],
            angles_deg=np.array([moment.angles_deg for moment in drawn], np.float32),
            gaze_deg=np.array([moment.gaze_deg.mean(0) * [1, -1] for moment in drawn]),
            landmarks=np.array([moment.landmarks for moment in drawn]) * size,
            flow_frames=kept,
            source_xy=np.array([view.to_unit(m.source_xy[grid, grid]) * size for m in maps if m is not None]),
            visibility=np.array([m.visibility[grid, grid] for m in maps if m is not None]),
            part=np.array([m.part[grid, grid] for m in maps if m is not None]),
            shown=tuple((frame, group, place) for place, (frame, group, _) in enumerate(part.held)),
            without=np.zeros((0, 0, 0, 3), np.uint8),
        ),
    )
    if lacking:
        _film(without_file(path), lacking, TARGET_CRF)


def _film(path: Path, images: Iterable[Image], crf: int) -> None:
    rows = list(images)
    with VideoWriter(path, rows[0].shape[1::-1], rate=RATE, crf=crf, preset="veryslow", metadata=RENDERED) as writer:
        for index, image in enumerate(rows):
            writer.write(image, index / RATE)


def scripted(subjects: tuple[str, ...], performers: tuple[str, ...], names: tuple[str, ...]) -> Groups:
    """Every script once, each by another performer, on all subjects but the performer."""
    return {
        name: (performer, tuple(key for key in subjects if key != performer), perform(script, names))
        for (name, script), performer in zip(SCRIPTS.items(), performers, strict=False)
    }


def seeded(people: tuple[str, ...], count: int, seed: int, names: tuple[str, ...], frames: int = 100) -> Groups:
    """`count` random clips, each performed by one person and rendered on another, all from `seed`."""
    parts: Groups = {}
    for index in range(count):
        performer, subject = np.random.default_rng((seed, index)).choice(len(people), 2, replace=False)
        number = seed * 10_000 + index
        parts[f"seed{number}"] = (people[performer], (people[subject],), improvise(names, number, frames))
    return parts


def load_atlas(rig: Path, correspondence: Path) -> HeadAtlas:
    return HeadAtlas(Rig.from_npz(rig, identity=False), Correspondence.load(correspondence))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portraits", type=Path, required=True, help="folder of fitted portraits, KEY.npz")
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--correspondence", type=Path, required=True)
    parser.add_argument("--subjects", nargs="+", help="scripted: keys of those whose photos are animated")
    parser.add_argument("--performers", nargs="+", help="scripted: keys of those who perform, one a script")
    parser.add_argument("--seed", type=int, help="instead: random people and motions from this seed")
    parser.add_argument("--count", type=int, default=8, help="random groups")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    atlas = load_atlas(options.rig, options.correspondence)
    names = tuple(atlas.rig.names)
    if options.seed is not None:
        keys = tuple(path.stem for path in sorted(options.portraits.glob("*.npz")))
        parts, note = seeded(keys, options.count, options.seed, names), f"seed {options.seed}"
    elif options.subjects and options.performers:
        parts = scripted(tuple(options.subjects), tuple(options.performers), names)
        note = "scripted groups of held-out portraits of nobody"
    else:
        parser.error("give --subjects and --performers, or --seed")
    wanted = dict.fromkeys(key for performer, subjects, _ in parts.values() for key in (performer, *subjects))
    people = {key: FittedPortrait.load(options.portraits / f"{key}.npz") for key in wanted}
    write_groups(Plan(parts, people=people, note=note), atlas, options.out)


if __name__ == "__main__":
    main()
