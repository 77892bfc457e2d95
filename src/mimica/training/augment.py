"""Augmentation on tensors: what real cameras and real crops do to a picture, so that training on renders transfers.

Every function takes its random generator; none knows about labels except `turn_in_plane`'s caller.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def uniform(generator: torch.Generator, count: int, low: float, high: float) -> Tensor:
    """(count,) uniform in [low, high)."""
    return torch.rand(count, generator=generator) * (high - low) + low


def affine_matrices(angle_rad: Tensor, zoom: Tensor, shift: Tensor) -> Tensor:
    """(N, 2, 3) maps from output to input crop coordinates centred on 0, range −.5..+.5.

    A point p of the output shows the input's R(angle)·p / zoom + shift: the content turns by −angle on a y-down
    screen's clockwise scale, i.e. counter-clockwise by `angle`.
    """
    cosine, sine = torch.cos(angle_rad) / zoom, torch.sin(angle_rad) / zoom
    rows = torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], 1)
    return torch.cat([rows, shift[:, :, None]], 2)


def resample(image: Tensor, matrices: Tensor) -> Tensor:
    """Resample (N, C, H, W) through `affine_matrices`; reflects at the border."""
    scaled = matrices.clone()
    scaled[:, :, 2] *= 2.0
    grid = functional.affine_grid(scaled, list(image.shape), align_corners=False)
    return functional.grid_sample(image, grid, padding_mode="reflection", align_corners=False)


def move_points(points: Tensor, matrices: Tensor) -> Tensor:
    """Where `points` (N, P, 2) in crop units 0..1 of the input land in the output of `resample`."""
    linear, shift = matrices[:, :, :2], matrices[:, :, 2]
    centred = points - 0.5 - shift[:, None, :]
    return torch.linalg.solve(linear[:, None], centred[..., None])[..., 0] + 0.5


def photometric(image: Tensor, generator: torch.Generator) -> Tensor:
    """Colour, light, blur, low resolution, noise, occluders on (N, 3, H, W) float 0..1."""
    count, _, height, width = image.shape
    cell = (count, 1, 1, 1)

    def draw(low: float, high: float) -> Tensor:
        return uniform(generator, count, low, high).view(cell)

    def chance(probability: float) -> Tensor:
        return (torch.rand(count, generator=generator) < probability).view(cell)

    tint = torch.rand(count, 3, 1, 1, generator=generator) * 0.4 + 0.8
    image = image * tint * draw(0.65, 1.3) + draw(-0.08, 0.10)
    image = image.clamp(1e-3, 1.0) ** draw(0.7, 1.4)
    grey = image.mean(1, keepdim=True)
    image = torch.where(chance(0.5), grey + (image - grey) * draw(0.0, 1.5), image)
    # side light: a linear ramp in a random direction
    angle = draw(0, 2 * math.pi)
    x = torch.linspace(-1, 1, width).view(1, 1, 1, -1)
    y = torch.linspace(-1, 1, height).view(1, 1, -1, 1)
    ramp = 1 + (x * torch.cos(angle) + y * torch.sin(angle)) * draw(0.0, 0.35)
    image = torch.where(chance(0.5), image * ramp, image)
    # low resolution or out of focus: the picture seen through a smaller one, per chunk of the batch
    for chunk in torch.arange(count).chunk(4):
        if float(torch.rand(1, generator=generator)) < 0.55:
            factor = float(torch.rand(1, generator=generator)) * 0.6 + 0.25
            small = functional.interpolate(image[chunk], scale_factor=factor, mode="area")
            image[chunk] = functional.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    image = image + torch.randn(image.shape, generator=generator) * draw(0.0, 0.05) * chance(0.5)
    # an occluder: a block of one colour anywhere, also at the border
    centre_x, centre_y = draw(-1.1, 1.1), draw(-1.1, 1.1)
    block = ((x - centre_x).abs() < draw(0.05, 0.35)) & ((y - centre_y).abs() < draw(0.05, 0.35)) & chance(0.12)
    colour = torch.rand(count, 3, 1, 1, generator=generator)
    return torch.where(block, colour, image).clamp(0, 1)
