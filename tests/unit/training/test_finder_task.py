"""The finder's task: which cells answer for which face, batches as pure functions, a loss that falls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mimica.networks.face_finder import FaceFinder, cell_centres
from mimica.training import finder_task
from mimica.training.finder_task import FaceFinderTask, non_maximum


def face(x: float, y: float, height: float) -> list[float]:
    half = height / 2
    return [x - half, y - half, x + half, y + half, *([x, y] * 5)]


def scenes(*faces: list[float]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.full((1, 8, 14), np.nan, np.float32)
    rows[0, : len(faces)] = np.array(faces).reshape(-1, 14)
    return np.zeros((1, 256, 256, 3), np.uint8), rows


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_task, "BATCH_SIZE", 2)


@pytest.mark.parametrize("height", [10.0, 16.0, 40.0, 70.0, 100.0, 200.0, 300.0])
def test_every_size_of_face_has_cells_that_answer(height: float) -> None:
    data = scenes(face(100, 130, height))
    targets = FaceFinderTask(*data, held_out=data).targets(torch.from_numpy(data[1]))
    positive = targets["positive"][0] > 0
    assert positive.any()
    distance = (cell_centres()[positive, :2] - torch.tensor([100.0, 130.0])).abs().max()
    assert distance < max(0.25 * height, 26)
    np.testing.assert_allclose(targets["face"][0][positive].numpy()[:, :4], [data[1][0, 0, :4]] * int(positive.sum()))


def test_no_face_no_answer() -> None:
    data = scenes()
    targets = FaceFinderTask(*data, held_out=data).targets(torch.from_numpy(data[1]))
    assert targets["positive"].sum() == 0
    assert targets["ignored"].sum() == 0


def test_a_batch_depends_on_its_generator_only() -> None:
    data = scenes(face(60, 60, 50))
    task = FaceFinderTask(*data, held_out=data)
    first, second = (task.batch(7, torch.Generator().manual_seed(5)) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_short_training_lowers_the_loss() -> None:
    torch.manual_seed(0)
    data = scenes(face(60, 60, 50))
    data[0][0, 35:85, 35:85] = 255
    task = FaceFinderTask(*data, held_out=data)
    model = FaceFinder()
    optimizer = task.optimizer(model)
    losses = []
    for step in range(4):
        optimizer.zero_grad()
        loss, _ = task.loss(model, task.batch(step, torch.Generator().manual_seed(step)))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    with torch.no_grad():
        assert task.evaluate(model.eval()).keys() == {"recall", "false_per_scene", "point_error"}


def test_non_maximum_keeps_the_best_of_overlapping_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60], [80, 80, 90, 90]], np.float32)
    assert non_maximum(boxes, np.array([0.7, 0.9, 0.8, 0.1]), 0.5) == [1, 2]
