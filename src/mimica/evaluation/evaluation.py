"""One evaluation from request to result: which cases, which systems, which ruler; run, collect, save.

This module does not know the command line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mimica import __version__
from mimica.errors import OutputError, UsageError
from mimica.evaluation.benchmark import FROZEN_FOLDER, Benchmark, load_benchmark
from mimica.evaluation.cases import Case
from mimica.evaluation.encoder_reader import EncoderReader
from mimica.evaluation.face_trace import FaceReader
from mimica.evaluation.identity import IdentityModel
from mimica.evaluation.measure import Ruler
from mimica.evaluation.mediapipe_reader import MediaPipeReader
from mimica.evaluation.metrics.perceptual import perceptual_distance
from mimica.evaluation.results import FILE_NAME, Evaluation, collect
from mimica.evaluation.runner import Runner, Told
from mimica.evaluation.suites.cross import cross_cases
from mimica.evaluation.suites.films import PHOTO_SUFFIXES, VIDEO_SUFFIXES, files_of, spread
from mimica.evaluation.suites.self_reenactment import self_cases
from mimica.evaluation.suites.truth import truth_cases
from mimica.evaluation.systems.baselines import RigWarp, StaticPhoto
from mimica.evaluation.systems.folder import FolderSystem
from mimica.evaluation.systems.landmark_warp import LandmarkWarp
from mimica.evaluation.systems.mimica_system import MimicaSystem
from mimica.evaluation.systems.system import System
from mimica.runtime.weights import registry_sha256
from mimica.safety.consent import check_basis

Suite = Literal["self", "cross", "truth"]
SUITES: tuple[Suite, ...] = ("truth", "self", "cross")
OWN_SYSTEMS = ("mimica", "static", "landmark-warp", "rig-warp")

QUICK_FRAMES, QUICK_PHOTO_PX, QUICK_DRIVERS, QUICK_PHOTOS = 60, 384, 4, 2
FULL_PHOTO_PX = 768


@dataclass(frozen=True, slots=True)
class Request:
    """What to evaluate.

    Attributes:
        suites: any of "truth", "self", "cross". drivers, photos: folders or files; rendered people's when None.
        landmarks: MediaPipe's task file; our own encoder reads when None. perceptual: ONNX of a perceptual network.
        systems: names of ours, or NAME=FOLDER. consent: on whose word the people in `drivers` (self) and `photos`
            (cross) are animated; rendered people need none. groups: folders of further rendered groups.
        quick: fewer and shorter clips, smaller photos. frames: limit of frames a clip, None for the mode's own.
        films: whether films are written. device: for Mimica's networks.
    """

    suites: tuple[str, ...]
    out: Path
    drivers: Path | None = None
    photos: Path | None = None
    landmarks: Path | None = None
    perceptual: Path | None = None
    systems: tuple[str, ...] = OWN_SYSTEMS
    consent: str | None = None
    groups: tuple[Path, ...] = ()
    quick: bool = False
    frames: int | None = None
    films: bool = True
    device: str = "auto"
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def frame_limit(self) -> int | None:
        """Frames of a clip that are used."""
        return self.frames if self.frames is not None else (QUICK_FRAMES if self.quick else None)


def evaluate(request: Request, tell: Told | None = None) -> Evaluation:
    """Run it, going on where an earlier run into the same folder stopped, and write `evaluation.json`.

    Raises:
        UsageError: an option is wrong. ConsentError: people are not rendered and nobody agreed. OutputError: the
        folder cannot be written. WeightsError, DeviceError: as `Animator.load`.
    """
    started = time.monotonic()
    try:
        request.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"output {request.out}: cannot be made ({error.strerror}); choose another") from error
    benchmark = load_benchmark(FROZEN_FOLDER)
    cases = find_cases(request, benchmark)
    systems = choose_systems(request)
    _check_folders(systems, cases)
    ruler = _ruler(request)
    numbers = {
        "reader": ruler.reader.source, "perceptual": ruler.perceptual.name,
        "identity": "dlib" if ruler.identity is not None else "none",
    }  # fmt: skip
    runner = Runner(request.out, ruler, systems, numbers, films=request.films)
    pieces = runner.run(cases, tell)
    ruler.reader.close()
    settings = {
        **numbers, "mimica": __version__, "weights_sha256": registry_sha256(), "benchmark_version": benchmark.version,
        "benchmark_sha256": benchmark.sha256, "suites": list(request.suites), "quick": request.quick,
        "frames": request.frame_limit, "systems": {system.name: system.says for system in systems},
        "seconds": round(time.monotonic() - started, 1), **request.settings,
    }  # fmt: skip
    inputs = {case.key: {"inputs_sha256": case.inputs(), "photo": case.photo_file.name, "driver": case.driver.name,
                         "consent": case.consent, "files": {"driver": str(case.driver),
                         "target": str(case.target or "")}} for case in cases}  # fmt: skip
    result = collect(pieces, settings, request.out, inputs)
    result.save(request.out / FILE_NAME)
    return result


def find_cases(request: Request, benchmark: Benchmark) -> list[Case]:
    """The cases of every asked suite. Raises UsageError, ConsentError."""
    limit, photo_px = request.frame_limit, QUICK_PHOTO_PX if request.quick else FULL_PHOTO_PX
    cases: list[Case] = []
    for suite in dict.fromkeys(request.suites):
        if suite not in SUITES:
            raise UsageError(f"--suite {suite}: there is no such suite; choose among {', '.join(SUITES)}")
        if suite == "truth":
            benchmarks = [benchmark, *(load_benchmark(folder) for folder in request.groups)]
            cases += truth_cases(benchmarks, quick=request.quick, frames=request.frames)
            continue
        drivers, photos = benchmark.drivers(), benchmark.photos()
        real = request.drivers if suite == "self" else request.photos
        consent = "fictional" if real is None else check_basis(request.consent)
        if request.drivers is not None:
            drivers = files_of(request.drivers, VIDEO_SUFFIXES, "--drivers", "video")
        if request.photos is not None:
            photos = files_of(request.photos, PHOTO_SUFFIXES, "--photos", "photo")
        if request.quick:
            drivers, photos = spread(drivers, QUICK_DRIVERS), spread(photos, QUICK_PHOTOS)
        if suite == "self":
            cases += self_cases(drivers, consent=consent, frames=limit, photo_px=photo_px)
        else:
            cases += cross_cases(photos, drivers, consent=consent, frames=limit, photo_px=photo_px)
    return cases


def choose_systems(request: Request) -> list[System]:
    """The systems by their names; NAME=FOLDER is another one's films. Raises UsageError."""
    chosen: dict[str, System] = {}
    for text in request.systems:
        name, separator, folder = text.partition("=")
        if separator:
            if not name or name in OWN_SYSTEMS or not name.replace("-", "").replace("_", "").isalnum():
                raise UsageError(f"--system {text}: give NAME=FOLDER, with a name of letters and digits of its own")
            chosen[name] = FolderSystem(name, Path(folder))
        elif name == "mimica":
            chosen[name] = MimicaSystem(request.device)
        elif name in OWN_SYSTEMS:
            chosen[name] = {"static": StaticPhoto, "landmark-warp": LandmarkWarp, "rig-warp": RigWarp}[name]()
        else:
            raise UsageError(f"--system {text}: choose among {', '.join(OWN_SYSTEMS)}, or give NAME=FOLDER")
    return list(chosen.values())


def prepare(request: Request) -> list[dict[str, str]]:
    """What another system has to animate: photo, driver and the name of the film, written to `OUT/cases.json`."""
    rows = [
        {"film": f"{case.key}.mp4", "photo": str(case.photo_file), "driver": str(case.driver),
         "frames": "all" if case.frames is None else str(case.frames),
         "photo_is": "the first frame" if case.photo_file == case.driver else "the file"}
        for case in find_cases(request, load_benchmark(FROZEN_FOLDER))
    ]  # fmt: skip
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        (request.out / "cases.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"output {request.out}: cannot be written ({error.strerror}); choose another") from error
    return rows


def _check_folders(systems: Sequence[System], cases: Sequence[Case]) -> None:
    for system in systems:
        if isinstance(system, FolderSystem) and not any(system.takes(case) for case in cases):
            raise UsageError(
                f"--system {system.name}={system.folder}: holds no film of any case, such as {cases[0].key}.mp4; "
                f"`mimica evaluate --prepare` lists their names"
            )


def _ruler(request: Request) -> Ruler:
    reader: FaceReader = (
        EncoderReader(device="cpu") if request.landmarks is None else MediaPipeReader(request.landmarks)
    )
    identity = IdentityModel.load() if IdentityModel.available() else None
    return Ruler(reader, perceptual_distance(request.perceptual), identity)
