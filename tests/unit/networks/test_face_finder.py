"""The FaceFinder network: shapes, size, cost, and that its cells lie where they say."""

from __future__ import annotations

import torch
from torch import nn

from mimica.networks.face_finder import CELLS, FINDER_PX, STRIDES, FaceFinder, cell_centres

BUDGET_GMAC = 0.3
BUDGET_BYTES = 1_000_000


def test_outputs_are_candidates_in_pixels_of_the_letterbox() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        out = FaceFinder().eval()(torch.randint(0, 256, (2, FINDER_PX, FINDER_PX, 3), dtype=torch.uint8))
    assert {name: tuple(value.shape) for name, value in out.items()} == {
        "scores": (2, CELLS), "boxes": (2, CELLS, 4), "points": (2, CELLS, 10)
    }  # fmt: skip
    assert (out["scores"] < 0.3).all()  # a fresh network sees hardly anything
    assert (out["boxes"][..., 2:] > out["boxes"][..., :2]).all()


def test_weights_fit_the_budget_in_sixteen_bits() -> None:
    assert 2 * sum(parameter.numel() for parameter in FaceFinder().parameters()) < BUDGET_BYTES


def test_a_look_costs_less_than_the_budget() -> None:
    network, products = FaceFinder().eval(), []

    def count(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        products.append(module.weight[0].numel() * output.numel())

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, FINDER_PX, FINDER_PX, 3))
    assert sum(products) / 1e9 < BUDGET_GMAC


def test_cells_cover_the_picture_level_by_level() -> None:
    cells = cell_centres()
    assert cells.shape == (CELLS, 3)
    for stride in STRIDES:
        level = cells[cells[:, 2] == stride, :2]
        assert level.min() == stride / 2
        assert level.max() == FINDER_PX - stride / 2
        assert level[1, 0] - level[0, 0] == stride  # x runs first, as the convolution's columns do
