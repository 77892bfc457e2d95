"""Recipes: how each shipped network is trained, one function each, and `run`, which carries one out to its weights.

A recipe turns a `Request` into a `Plan`: the task, its configuration, and which networks come out. To add one, write
the function and put it into `RECIPES`. This module does not know the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mimica.core.motion import EXPRESSION_NAMES, RIG_NAMES
from mimica.errors import Interrupted, UsageError, WeightsError
from mimica.runtime.weights import WeightsEntry
from mimica.training.checkpoint import CHECKPOINT_FILE, load
from mimica.training.config import TrainConfig
from mimica.training.debug_task import DISC_VALUES, PICTURE_PX, DebugTask
from mimica.training.export import Provenance, export
from mimica.training.loop import Report, TrainResult, train
from mimica.training.people import put_people, seen
from mimica.training.plan import WEIGHTS_FOLDER, NetworkExport, Plan, Request
from mimica.training.task import Task
from mimica.training.world import Alone, World

if TYPE_CHECKING:
    from mimica.training.rig_data import RigSamples


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A finished run and the weights it wrote into `folder`."""

    result: TrainResult
    folder: Path
    weights: tuple[WeightsEntry, ...] = field(default_factory=tuple)


def debug(request: Request) -> Plan:
    """Read where a disc lies; no data, under a minute on one core. Proves the road from training to runtime."""

    def networks(module: nn.Module) -> tuple[NetworkExport, ...]:
        black, white = torch.zeros(2, PICTURE_PX, PICTURE_PX, 3, dtype=torch.uint8)
        examples = {"image": torch.stack([black, white + 255])}
        constants = {"picture_px": PICTURE_PX, "values": DISC_VALUES, "range": [0, 255], "colour": "RGB"}
        return (NetworkExport("debug", module, examples, constants, output="disc"),)

    config = TrainConfig(steps=300, seed=request.seed, warmup_steps=20, evaluate_every_s=20, checkpoint_every_s=5)
    return Plan(DebugTask(), config, networks, trained_on="discs drawn on the fly")


TRAINED_ON = "AI-generated portraits of nobody (SFHQ-T2I, faker-js), animated by the data engine with ICT-FaceKit"


def face_finder(request: Request) -> Plan:
    """Faces, their boxes and points. Needs scenes in DATA/train.npz and DATA/val.npz; 20 minutes on one core."""
    from mimica.networks.face_finder import FINDER_PX
    from mimica.training.finder_task import FaceFinderTask, load_scenes

    def networks(module: nn.Module) -> tuple[NetworkExport, ...]:
        constants = {"finder_px": FINDER_PX, "range": [0, 255], "colour": "RGB"}
        return (NetworkExport("face_finder", module, {"image": _pictures(FINDER_PX, FINDER_PX)}, constants),)

    folder = request.data_folder("face_finder")
    task = FaceFinderTask(*load_scenes(folder / "train.npz"), held_out=load_scenes(folder / "val.npz"))
    trained_on = "AI-generated portraits of nobody (SFHQ-T2I, faker-js) composed into scenes, and drawn backgrounds"
    return Plan(task, TrainConfig(minutes=15, seed=request.seed, ema_decay=0.998), networks, trained_on)


def motion_encoder(request: Request) -> Plan:
    """Expression, pose and gaze from a face crop. Needs motion packs; an hour and a half on one core."""
    from mimica.networks.motion_encoder import CROP_PX
    from mimica.training.motion_data import load_packs
    from mimica.training.motion_encoder_task import MotionEncoderTask

    task = MotionEncoderTask(load_packs(request.data_folder("motion_encoder")))

    def networks(module: nn.Module) -> tuple[NetworkExport, ...]:
        constants = {
            "expression_names": EXPRESSION_NAMES, "crop_px": CROP_PX, "range": [0, 255], "colour": "RGB",
            **task.gains(module),
        }  # fmt: skip
        return (NetworkExport("motion_encoder", module, {"image": _pictures(CROP_PX, CROP_PX)}, constants),)

    return Plan(task, TrainConfig(minutes=80, seed=request.seed, ema_decay=0.998), networks, TRAINED_ON)


def motion_encoder_clips(request: Request) -> Plan:
    """A motion_encoder run (--start), made steadier on a curated corpus without labels; half an hour on one core."""
    from mimica.networks.motion_encoder import CROP_PX
    from mimica.runtime.weights import load_network, read_registry
    from mimica.training.motion_clips_task import MotionClipsTask, SelfTaught, encoder_weights

    name = "motion_encoder_clips"
    corpus, start = request.data_folder(name), request.start_folder(name)
    before = load_network("motion_encoder", "cpu", folder=start / WEIGHTS_FOLDER)
    gains = {key: before.constant(key) for key in ("expression_gain", "gaze_gain", "lips_gap_gain")}
    task = MotionClipsTask(corpus, encoder_weights(start), request.seed)

    def networks(module: nn.Module) -> tuple[NetworkExport, ...]:
        assert isinstance(module, SelfTaught)
        constants = {
            "expression_names": EXPRESSION_NAMES, "crop_px": CROP_PX, "range": [0, 255], "colour": "RGB", **gains,
        }  # fmt: skip
        examples = {"image": _pictures(CROP_PX, CROP_PX)}
        return (NetworkExport("motion_encoder", module.student, examples, constants),)

    learnt = read_registry(start / WEIGHTS_FOLDER)["motion_encoder"].trained_on
    trained_on = f"{learnt}; then its own readings of curated clips of {len(task.subjects)} people ({task.digest})"
    return Plan(task, TrainConfig(minutes=30, seed=request.seed, ema_decay=0.998), networks, trained_on)


def rig_field(request: Request) -> Plan:
    """Where every expression takes every point of a head. Needs the rig as DATA/rig.npz; minutes on one core."""
    from mimica.synthesis.rig import Rig
    from mimica.training.rig_field_task import RigFieldTask

    def networks(module: nn.Module) -> tuple[NetworkExport, ...]:
        constants = {"directions": RIG_NAMES, "unit": "cm"}
        points = torch.randn(64, 3) * 5
        return (NetworkExport("rig_field", module, {"canonical": points}, constants, output="directions"),)

    rig = Rig.from_npz(request.data_folder("rig_field") / "rig.npz", identity=False)
    return Plan(RigFieldTask(rig), TrainConfig(minutes=6, seed=request.seed), networks, "the ICT-FaceKit rig")


def portrait_rigger(request: Request) -> Plan:
    """Canonical coordinates, depth and mask of a photo's face. Needs rig packs; half an hour on one core."""
    from mimica.networks.portrait_rigger import FACE_PX
    from mimica.training.rigger_tasks import PortraitRiggerTask

    return _rigging(request, "portrait_rigger", PortraitRiggerTask, (FACE_PX, FACE_PX), minutes=30)


def mouth_rigger(request: Request) -> Plan:
    """Lips and the opening between them. Needs rig packs; a quarter of an hour on one core."""
    from mimica.networks.portrait_rigger import MOUTH_PX
    from mimica.training.rigger_tasks import FeatureRiggerTask

    return _rigging(request, "mouth_rigger", lambda samples: FeatureRiggerTask(samples, "mouth"), MOUTH_PX, minutes=15)


def eye_rigger(request: Request) -> Plan:
    """Lids and the opening between them. Needs rig packs; a quarter of an hour on one core."""
    from mimica.networks.portrait_rigger import EYE_PX
    from mimica.training.rigger_tasks import FeatureRiggerTask

    return _rigging(request, "eye_rigger", lambda samples: FeatureRiggerTask(samples, "eye"), EYE_PX, minutes=15)


def portrait_matte(request: Request) -> Plan:
    """Person against background. Needs rig packs; a few minutes on one core."""
    from mimica.networks.portrait_rigger import MATTE_PX
    from mimica.training.rigger_tasks import PortraitMatteTask

    return _rigging(request, "portrait_matte", PortraitMatteTask, (MATTE_PX, MATTE_PX), minutes=8)


def _rigging(
    request: Request, name: str, task: Callable[[RigSamples], Task], size: tuple[int, int], minutes: float
) -> Plan:
    from mimica.training.rig_data import load_rig_packs

    def networks(module: nn.Module) -> tuple[NetworkExport, ...]:
        constants = {"size_px": list(size), "range": [0, 255], "colour": "RGB", "unit": "cm"}
        return (NetworkExport(name, module, {"image": _pictures(*size)}, constants),)

    samples = load_rig_packs(request.data_folder(name))
    return Plan(task(samples), TrainConfig(minutes=minutes, seed=request.seed), networks, TRAINED_ON)


def _pictures(rows: int, columns: int) -> Tensor:
    """A black and a white picture: the example input whose range is all of uint8."""
    pictures = torch.zeros(2, rows, columns, 3, dtype=torch.uint8)
    pictures[1] = 255
    return pictures


RECIPES: dict[str, Callable[[Request], Plan]] = {
    "debug": debug,
    "face_finder": face_finder,
    "motion_encoder": motion_encoder,
    "motion_encoder_clips": motion_encoder_clips,
    "rig_field": rig_field,
    "portrait_rigger": portrait_rigger,
    "mouth_rigger": mouth_rigger,
    "eye_rigger": eye_rigger,
    "portrait_matte": portrait_matte,
}


def describe() -> dict[str, str]:
    """Each recipe's name and its first line."""
    return {name: (recipe.__doc__ or "").strip().splitlines()[0] for name, recipe in RECIPES.items()}


def plan(name: str, data: Path | None = None, seed: int = 0, start: Path | None = None) -> Plan:
    """The plan of recipe `name`.

    Raises:
        UsageError: no such recipe, or it needs data that is not there.
    """
    if name not in RECIPES:
        raise UsageError(f"recipe {name!r}: unknown; choose one of {', '.join(sorted(RECIPES))}")
    return RECIPES[name](Request(data, seed, start))


def run(
    name: str,
    data: Path | None = None,
    out: Path | None = None,
    minutes: float | None = None,
    threads: int = 1,
    seed: int = 0,
    *,
    start: Path | None = None,
    resume: bool = False,
    device: str = "cpu",
    workers: int = 0,
    micro_batches: int | None = None,
    precision: str = "fp32",
    world: World | None = None,
    report: Report | None = None,
) -> Outcome:
    """Train by recipe `name` and export what it gives to `out`/weights.

    Args:
        name: a key of `RECIPES`.
        data: folder of training data, for the recipes that need one.
        out: the run's folder; "runs/NAME" when None.
        minutes: train this long in all, instead of as long as the recipe says.
        threads: torch's threads on the CPU.
        seed: everything random derives from it.
        start: folder of the run that this one starts from, for the recipes that need one.
        resume: go on from the folder's checkpoint if there is one; otherwise a folder with a run is an error.
        device: "cpu", "cuda" or "auto".
        workers: threads that prepare batches ahead.
        micro_batches: batches that make one step; one for each process of the world when None.
        precision: "fp32" or "bf16", see `TrainConfig`.
        world: who trains, see `training.world`; this process alone when None. The first process exports.
        report: called with a `TrainReport` at every log row and evaluation.

    Raises:
        UsageError: unknown recipe, missing data, a folder that holds a run already, a setting out of range.
        Interrupted: SIGTERM or SIGINT; the state is saved.
        DivergenceError, WeightsError, DeviceError, OutputError: as `training.loop.train`.
        ParityError: as `training.export.export`.
    """
    chosen = plan(name, data, seed, start)
    world = world or Alone()
    changes = {} if minutes is None else {"minutes": minutes, "steps": None}
    config = chosen.config.with_changes(
        threads=threads, device=device, workers=workers, micro_batches=micro_batches or world.size, precision=precision,
        **changes,
    )  # fmt: skip
    folder = Path("runs") / name if out is None else out
    result = train(chosen.task, config, folder, resume=resume, report=report, world=world)
    if not result.finished:
        raise Interrupted(f"recipe {name}: stopped and saved at step {result.step} in {folder}; go on with --resume")
    if world.rank:
        return Outcome(result, folder / WEIGHTS_FOLDER)
    weights = folder / WEIGHTS_FOLDER
    return Outcome(result, weights, _export(chosen, Request(data, seed, start), result.model, result.metrics, weights))


def export_run(
    name: str, data: Path | None, run_dir: Path, folder: Path, seed: int = 0, start: Path | None = None
) -> tuple[WeightsEntry, ...]:
    """Export the averaged weights of a run's last checkpoint into `folder`, finished or not.

    The metrics are measured anew on these weights.

    Raises:
        WeightsError: no checkpoint, or it is damaged or of another network.
        UsageError, ParityError, OutputError: as `run`.
    """
    chosen = plan(name, data, seed, start)
    saved = load(run_dir / CHECKPOINT_FILE)
    module = chosen.task.build()
    try:
        module.load_state_dict(saved.average)
    except RuntimeError as error:
        cause = " ".join(str(error).split())[:200]
        raise WeightsError(f"{run_dir}: the checkpoint is of another network than recipe {name}'s ({cause})") from error
    module.eval()
    with torch.no_grad():
        metrics = {key: float(value) for key, value in chosen.task.evaluate(module).items()}
    return _export(chosen, Request(data, seed, start), module, metrics, folder)


def _export(
    chosen: Plan, request: Request, model: nn.Module, metrics: dict[str, float], folder: Path
) -> tuple[WeightsEntry, ...]:
    """Write the networks, and beside them whom they have seen where the data's ledger tells."""
    provenance = Provenance(chosen.trained_on, chosen.licence, metrics)
    entries: list[WeightsEntry] = []
    for network in chosen.networks(model):
        entry = export(
            network.module, network.examples, name=network.name, constants=network.constants, provenance=provenance,
            folder=folder, output=network.output, fp16_tolerance=network.fp16_tolerance,
        )  # fmt: skip
        people = seen(request.data, None if request.start is None else request.start / WEIGHTS_FOLDER, network.name)
        if people is not None:
            put_people(folder, network.name, people)
        entries.append(entry)
    return tuple(entries)
