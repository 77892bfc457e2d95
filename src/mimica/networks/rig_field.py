"""RigField: where a point of a face goes when an expression direction is switched on.

A face's points are named by canonical coordinates (one mean head with its mouth opened, so that the two lips are
apart; DESIGN §3). One small network answers for every face: the PortraitRigger names each pixel, the field moves it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mimica.core.motion import RIG_NAMES

FREQUENCIES = 6
REACH_CM = 16.0
"""Canonical coordinates are divided by this before the Fourier features (Tancik et al. 2020)."""


class RigField(nn.Module):
    """(N, 3) canonical coordinates in cm → (N, 49, 3) displacement in cm at full strength of every direction."""

    def __init__(self, hidden: int = 192) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3 + 6 * FREQUENCIES, hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, len(RIG_NAMES) * 3),
        )  # fmt: skip

    def forward(self, canonical: Tensor) -> Tensor:
        unit = canonical / REACH_CM
        angles = torch.cat([unit * (math.pi * 2.0**octave) for octave in range(FREQUENCIES)], 1)
        features = torch.cat([unit, torch.sin(angles), torch.cos(angles)], 1)
        return self.layers(features).view(-1, len(RIG_NAMES), 3)
