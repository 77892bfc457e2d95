"""Each network's task on a handful of toy samples: the loss is finite, falls on a fixed batch, and can be measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from mimica.synthesis.collection import fitted_portraits
from mimica.training import rigger_tasks
from mimica.training.motion_data import MotionSamples, load_packs
from mimica.training.motion_encoder_task import MotionEncoderOptions, MotionEncoderTask
from mimica.training.packs import PackConfig, render_packs
from mimica.training.rig_data import RigSamples, load_rig_packs
from mimica.training.rigger_tasks import FeatureRiggerTask, PortraitMatteTask, PortraitRiggerTask
from mimica.training.task import Task

STEPS = 6


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rigger_tasks, "BATCH_SIZE", 2)


def rendered(files: Path, out: Path, config: PackConfig) -> Path:
    render_packs(fitted_portraits(files / "people"), files / "rig.npz", files / "map.npz", out, config)
    return out


@pytest.fixture(scope="module")
def motion(toy_files: Path, tmp_path_factory: pytest.TempPathFactory) -> MotionSamples:
    samples = load_packs(rendered(toy_files, tmp_path_factory.mktemp("motion"), PackConfig("motion", 24, per_visit=8)))
    return samples


@pytest.fixture(scope="module")
def rig(toy_files: Path, tmp_path_factory: pytest.TempPathFactory) -> RigSamples:
    """With every mouth open somewhere."""
    samples = load_rig_packs(rendered(toy_files, tmp_path_factory.mktemp("rig"), PackConfig("rig", 6)))
    samples.mouth_region[:, 30:42, 30:66] = 2
    return samples


def losses(task: Task, steps: int = STEPS) -> list[float]:
    """The loss on one batch before each of `steps` steps, and after."""
    torch.manual_seed(0)
    model = task.build()
    optimizer = task.optimizer(model)
    batch = task.batch(0, torch.Generator().manual_seed(1))
    seen = []
    for _ in range(steps):
        loss, terms = task.loss(model, batch)
        assert all(math.isfinite(value) for value in terms.values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(float(loss.detach()))
    seen.append(float(task.loss(model, batch)[0].detach()))
    assert all(math.isfinite(value) for value in seen)
    with torch.no_grad():
        assert task.evaluate(model.eval())
    return seen


RIGGING: dict[str, Callable[[RigSamples], Task]] = {
    "portrait_rigger": PortraitRiggerTask,
    "mouth_rigger": lambda samples: FeatureRiggerTask(samples, "mouth"),
    "eye_rigger": lambda samples: FeatureRiggerTask(samples, "eye"),
    "portrait_matte": PortraitMatteTask,
}


@pytest.mark.parametrize("name", RIGGING)
def test_a_rigging_network_learns_one_batch(name: str, rig: RigSamples) -> None:
    seen = losses(RIGGING[name](rig))
    assert min(seen[-2:]) < 0.97 * seen[0]


def test_the_motion_encoder_learns_one_batch(motion: MotionSamples) -> None:
    task = MotionEncoderTask(motion, MotionEncoderOptions(batch_size=16))
    assert motion.held_out()[task.validation].all()
    assert not motion.held_out()[task.train_rendered].any()
    seen = losses(task)
    assert min(seen[-2:]) < 0.97 * seen[0]


@pytest.mark.parametrize("name", RIGGING)
def test_a_rigging_batch_is_a_function_of_its_generator(name: str, rig: RigSamples) -> None:
    task = RIGGING[name](rig)
    first, second, other = (task.batch(0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_a_motion_batch_is_a_function_of_its_generator(motion: MotionSamples) -> None:
    task = MotionEncoderTask(motion, MotionEncoderOptions(batch_size=4))
    first, second = (task.batch(0, torch.Generator().manual_seed(1)) for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_rows_are_picked_from_every_array(motion: MotionSamples) -> None:
    few = motion.rows(np.array([3, 1]))
    assert len(few) == 2
    for field in fields(MotionSamples):
        np.testing.assert_array_equal(getattr(few, field.name)[0], getattr(motion, field.name)[3])


def test_held_out_rows_are_the_numbers_divisible_by_eight(rig: RigSamples, motion: MotionSamples) -> None:
    for samples in (rig, motion):
        np.testing.assert_array_equal(samples.held_out(), samples.identity % 8 == 0)
        assert samples.held_out().any()
        assert not samples.held_out().all()
