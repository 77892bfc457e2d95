"""Building blocks shared by the networks: 2-D convolutions only, so that every runtime can execute them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, SiLU; (N, inputs, H, W) → (N, outputs, H/stride, W/stride)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()
    )


class Residual(nn.Module):
    """Two 3×3 convolutions with a skip (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, features: Tensor) -> Tensor:
        return functional.silu(features + self.second(self.first(features)))


def normalise_image(image: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 or float 0..255 → (N, 3, H, W) float −1..1. Part of every exported graph."""
    return image.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1.0
