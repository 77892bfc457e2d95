"""Self-training on a curated corpus: rights first, the same run however often it is cut, and what it learns."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("scenedetect", reason="needs the extra `curate`")

from mimica.curation.config import CurationConfig
from mimica.curation.engine import InlineEngine
from mimica.curation.pipeline import curate
from mimica.errors import ConsentError, InputError, UsageError
from mimica.networks.motion_encoder import OUTPUTS, MotionEncoder
from mimica.runtime.weights import load_network
from mimica.safety.forgetting import affected_weights
from mimica.safety.training_rights import audit
from mimica.training import checkpoint, recipes
from mimica.training.checkpoint import CHECKPOINT_FILE, Checkpoint
from mimica.training.clip_rights import permitted_clips
from mimica.training.config import TrainConfig
from mimica.training.loop import train
from mimica.training.metrics_log import METRICS_FILE, read_metrics
from mimica.training.motion_clips_task import MotionClipsOptions, MotionClipsTask, SelfTaught, as_labels
from mimica.training.motion_views import MotionLabels, View, rotation_from_angles

ROOT = Path(__file__).parents[3] / "src" / "mimica"
DRIVERS = ROOT / "evaluation" / "benchmark" / "drivers"
CURATION = CurationConfig(size=96, samples_per_s=2, shortest_s=1, longest_s=2, cell_factor=100)
WIDTH = 0.25
OPTIONS = MotionClipsOptions(batch_clips=2, measured_clips=2)
HELD_OUT, TRAINED = "8", "1"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of two rendered people of nobody; one of them is kept out of training."""
    folder = tmp_path_factory.mktemp("shelf")
    rows = []
    for name, subject in (("mouth.mp4", TRAINED), ("head.mp4", HELD_OUT)):
        shutil.copy(DRIVERS / name, folder / name)
        rows.append(
            {"file": name, "subject": subject, "source": "rendered", "licence": "Apache-2.0", "consent": "fictional",
             "adult": True}
        )  # fmt: skip
    (folder / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    curate([folder], folder / "ledger.jsonl", folder / "corpus", CURATION, InlineEngine(), date="2026-11-23")
    return folder / "corpus"


@pytest.fixture(scope="module")
def start() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    encoder = MotionEncoder(WIDTH)
    encoder.spread.copy_(torch.linspace(0.1, 2.0, len(encoder.spread)))
    return encoder.state_dict()


def task(corpus: Path, start: dict[str, torch.Tensor]) -> MotionClipsTask:
    return MotionClipsTask(corpus, start, 3, OPTIONS, WIDTH)


def changed(corpus: Path, folder: Path, change: Any) -> Path:
    """A copy of a corpus whose ledger's rows went through `change`."""
    shutil.copytree(corpus, folder)
    rows = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    (folder / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in change(rows)))
    return folder


def test_without_rights_nothing_is_trained(corpus: Path, start: dict[str, torch.Tensor], tmp_path: Path) -> None:
    with pytest.raises(ConsentError, match=r"not in the ledger .*mimica data audit"):
        task(changed(corpus, tmp_path / "lost", lambda rows: rows[1:]), start)
    with pytest.raises(ConsentError, match=r"licence CC-BY-NC-4\.0 does not allow training"):
        task(changed(corpus, tmp_path / "nc", lambda rows: [row | {"licence": "CC-BY-NC-4.0"} for row in rows]), start)
    receipt = "receipt:" + "0" * 64
    with pytest.raises(ConsentError, match="its receipt is not at hand"):
        task(changed(corpus, tmp_path / "r", lambda rows: [row | {"consent": receipt} for row in rows]), start)
    gone = changed(corpus, tmp_path / "gone", lambda rows: rows)
    (gone / "forgotten.jsonl").write_text(json.dumps({"portrait": TRAINED}) + "\n")
    with pytest.raises(ConsentError, match="to be forgotten"):
        permitted_clips(gone)
    other = changed(corpus, tmp_path / "other", lambda rows: [row | {"sha256": "0" * 64} for row in rows])
    with pytest.raises(InputError, match="is not the video that its ledger row is about"):
        task(other, start).batch(0, torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match="has no ledger"):
        permitted_clips(tmp_path)


def test_batches_are_pure_and_show_no_held_out_person(corpus: Path, start: dict[str, torch.Tensor]) -> None:
    one, other = task(corpus, start), task(corpus, start)
    assert one.subjects == [TRAINED]
    assert {one.clips[one.stream.place(number).key].subject for number in range(20)} == {TRAINED}
    first, again = (each.batch(5, torch.Generator().manual_seed(9)) for each in (one, other))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert first["clean"].shape == (2, 3, 192, 192, 3)
    assert first["seen"].tolist() == [1, 1]
    faces = first["clean"].float()
    assert (faces[:, 0] - faces[:, 2]).abs().mean() + faces.std() > 1  # a picture, not the empty window
    assert (first["image"] - faces[:, 1]).abs().mean() > 5  # seen otherwise than it is


def test_a_run_that_is_cut_ends_with_the_same_bits(
    corpus: Path, start: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    config = TrainConfig(steps=4, seed=3, warmup_steps=1, log_every_steps=1, checkpoint_every_s=0, ema_decay=0.5)
    straight = train(task(corpus, start), config, tmp_path / "straight")
    seen: list[int] = []

    class Cut(MotionClipsTask):
        def batch(self, step: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
            if step == 2:
                raise KeyboardInterrupt
            seen.append(step)
            return super().batch(step, generator)

    with pytest.raises(KeyboardInterrupt):
        train(Cut(corpus, start, 3, OPTIONS, WIDTH), config, tmp_path / "cut")
    assert seen == [0, 1]
    resumed = train(task(corpus, start), config, tmp_path / "cut")
    a, b = (checkpoint.load(tmp_path / name / CHECKPOINT_FILE) for name in ("straight", "cut"))
    assert a.step == b.step == 4
    assert all(torch.equal(a.model[name], b.model[name]) for name in a.model)
    assert resumed.metrics == straight.metrics
    assert straight.metrics.keys() == {"unsteady", "jitter", "start_unsteady", "start_jitter", "drift"}
    # the teacher and the student's statistics stayed what they were; the student did not
    for name, value in start.items():
        assert torch.equal(a.model[f"teacher.{name}"], value)
        assert torch.equal(a.model[f"student.{name}"], value) == (
            "running_" in name or name.endswith(("mean", "spread", "num_batches_tracked"))
        )


@pytest.mark.slow
def test_two_processes_train_as_one(
    corpus: Path, start: dict[str, torch.Tensor], tmp_path: Path, torchrun: Callable[..., None]
) -> None:
    config = TrainConfig(
        steps=3, seed=3, micro_batches=2, warmup_steps=1, log_every_steps=1, checkpoint_every_s=0, ema_decay=0.5
    )
    torch.save(start, tmp_path / "start.pt")
    (tmp_path / "script.py").write_text(f"""
import sys, torch
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from mimica.training.config import TrainConfig
from mimica.training.loop import train
from mimica.training.motion_clips_task import MotionClipsOptions, MotionClipsTask
from mimica.training.world import joined
start = torch.load({str(tmp_path / "start.pt")!r}, weights_only=True)
task = MotionClipsTask(Path({str(corpus)!r}), start, 3, MotionClipsOptions(2, 2), {WIDTH})
with joined("cpu") as world:
    train(task, TrainConfig(**{config.to_mapping()!r}), Path({str(tmp_path / "two")!r}), world=world)
""")
    torchrun(tmp_path / "script.py")
    train(task(corpus, start), config, tmp_path / "one")
    curves = [
        [
            row.value
            for row in read_metrics(tmp_path / name / METRICS_FILE)
            if (row.split, row.name) == ("train", "loss")
        ]
        for name in ("one", "two")
    ]
    assert len(curves[0]) == 3
    assert curves[1] == pytest.approx(curves[0], rel=1e-4)


def test_the_student_learns_to_read_as_the_teacher_does(corpus: Path, start: dict[str, torch.Tensor]) -> None:
    told = task(corpus, start)
    model = told.build().train()
    batch = told.batch(0, torch.Generator().manual_seed(1))
    optimizer = torch.optim.AdamW(model.student.parameters(), lr=3e-3)  # pyright: ignore[reportArgumentType]
    losses = []
    for _ in range(25):
        torch.manual_seed(0)
        loss, _ = told.loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_mixed_precision_gives_nearly_the_same_loss(corpus: Path, start: dict[str, torch.Tensor]) -> None:
    told = task(corpus, start)
    model = told.build().eval()
    batch = told.batch(0, torch.Generator().manual_seed(1))
    exact, _ = told.loss(model, batch)
    with torch.autocast("cpu", torch.bfloat16):
        mixed, _ = told.loss(model, batch)
    assert mixed.dtype == torch.float32
    assert 0 < abs(float((mixed - exact).detach())) < 0.05 * float(exact.detach())


def test_nothing_is_learnt_where_no_face_is_seen(corpus: Path, start: dict[str, torch.Tensor]) -> None:
    told = task(corpus, start)
    model = told.build().train()
    batch = told.batch(0, torch.Generator().manual_seed(1))
    batch["seen"] = torch.zeros(2)
    loss, _ = told.loss(model, batch)
    assert float(loss.detach()) == 0


def test_labels_follow_the_view(start: dict[str, torch.Tensor]) -> None:
    """A steady encoder is told the same by both ways round: mirrored twice, or turned there and back, nothing moves."""
    generator = torch.Generator().manual_seed(4)
    angles = torch.rand(6, 3, generator=generator) * 40 - 20
    labels = MotionLabels(
        torch.rand(6, OUTPUTS["expression"], generator=generator), rotation_from_angles(angles),
        torch.rand(6, 3, generator=generator), torch.rand(6, 4, generator=generator) * 10,
        torch.rand(6, 70, 2, generator=generator),
    )  # fmt: skip
    everywhere, still = torch.ones(6, dtype=torch.bool), torch.zeros(6)
    twice = labels.where_mirrored(everywhere).where_mirrored(everywhere)
    torch.testing.assert_close(twice.targets, labels.targets, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(twice.landmarks, labels.landmarks)
    turn = View(~everywhere, still + 0.3, still + 1.2, torch.zeros(6, 2))
    turned = labels.through(turn)
    back = turned.through(View(~everywhere, still - 0.3, still + 1 / 1.2, torch.zeros(6, 2)))
    torch.testing.assert_close(back.targets, labels.targets, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(back.landmarks, labels.landmarks, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(turned.placement[:, 2], labels.placement[:, 2] + np.log(1.2))
    encoder = MotionEncoder(WIDTH).eval()
    encoder.load_state_dict(start)
    with torch.no_grad():
        output = encoder(torch.rand(2, 192, 192, 3, generator=generator) * 255)
    read = torch.cat([output[name] for name in OUTPUTS], 1)
    torch.testing.assert_close(as_labels(output).targets, read, rtol=1e-4, atol=1e-3)


def test_the_recipe_ends_in_weights(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = tmp_path / "begun"
    shutil.copytree(ROOT / "weights", begun / "weights")
    torch.manual_seed(0)
    encoder = MotionEncoder()
    state = encoder.state_dict()
    checkpoint.save(Checkpoint(1, 0.0, state, state, {}, {}, {}), begun / CHECKPOINT_FILE)
    monkeypatch.setattr("mimica.training.motion_clips_task.MotionClipsOptions", lambda: OPTIONS)
    outcome = recipes.run("motion_encoder_clips", corpus, tmp_path / "run", minutes=0.01, start=begun)
    assert outcome.result.step > 0
    (entry,) = outcome.weights
    assert "curated clips of 1 people" in entry.trained_on
    made, shipped = (
        load_network("motion_encoder", "cpu", folder=folder) for folder in (outcome.folder, ROOT / "weights")
    )
    assert made.constant("expression_gain") == shipped.constant("expression_gain")
    # the weights say whom they have seen, now and before
    assert affected_weights(TRAINED, outcome.folder) == (("motion_encoder",), (), ())
    assert affected_weights(HELD_OUT, outcome.folder) == ((), ("motion_encoder",), ())
    assert affected_weights("0001", outcome.folder)[0] == ("motion_encoder",)
    assert not audit(outcome.folder).offenders
    assert isinstance(outcome.result.model, SelfTaught)
    again = recipes.plan("motion_encoder_clips", corpus, 0, tmp_path / "run").task
    own = outcome.result.model.student.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in again.build().student.state_dict().items())  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(UsageError, match="give its folder with --start"):
        recipes.plan("motion_encoder_clips", corpus)
