"""The smallest real task: read where a disc lies. It drives the whole road from training to runtime in CI."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.networks.layers import Residual, conv, normalise_image
from mimica.training.task import adamw

PICTURE_PX = 24
DISC_VALUES = ("center_x", "center_y", "radius")
"""In picture units, 0..1."""


class DiscReader(nn.Module):
    """(N, 24, 24, 3) RGB 0..255 → (N, 3) centre and radius of the disc in picture units; 6 k parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(conv(3, 8, 2), Residual(8), conv(8, 16, 2), nn.Flatten(), nn.Dropout(0.05))
        self.head = nn.Linear(16 * (PICTURE_PX // 4) ** 2, len(DISC_VALUES))

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.trunk(normalise_image(image))) * 0.2 + 0.5


def draw_discs(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(N, 24, 24, 3) float pictures 0..255 of one soft disc each, and its (N, 3) centre and radius, 0..1."""
    disc = torch.rand(count, 3, generator=generator) * torch.tensor([0.6, 0.6, 0.2]) + torch.tensor([0.2, 0.2, 0.1])
    grid = (torch.arange(PICTURE_PX) + 0.5) / PICTURE_PX
    distance = torch.hypot(grid[None, None, :] - disc[:, 0, None, None], grid[None, :, None] - disc[:, 1, None, None])
    cover = ((disc[:, 2, None, None] - distance) * PICTURE_PX + 0.5).clamp(0, 1)[..., None]
    dark, light = torch.rand(2, count, 1, 1, 3, generator=generator)
    picture = dark * 110 * (1 - cover) + (light * 110 + 145) * cover
    noise = torch.randn(picture.shape, generator=generator) * 4
    return (picture + noise).clamp(0, 255), disc


@dataclass(frozen=True, slots=True)
class DebugTask:
    """Pictures are drawn on the fly: no data, nothing to download."""

    batch_size: int = 32
    learning_rate: float = 4e-3

    def build(self) -> nn.Module:
        return DiscReader()

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        image, disc = draw_discs(self.batch_size, generator)
        return {"image": image, "disc": disc}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        loss = functional.smooth_l1_loss(model(batch["image"]), batch["disc"], beta=0.05)
        return loss, {}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        device = next(model.parameters()).device
        image, disc = draw_discs(256, torch.Generator().manual_seed(20))
        error_px = (model(image.to(device)).cpu() - disc).abs().mean(0) * PICTURE_PX
        return {f"{name}_error_px": float(value) for name, value in zip(DISC_VALUES, error_px, strict=True)}

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, self.learning_rate)
