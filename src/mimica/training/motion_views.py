"""Motion under other views of a face: what its labels become when the picture is mirrored, turned, zoomed, moved.

A `View` changes pictures, `MotionLabels.through` what is true of them. This module does not know where labels are from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mimica.core.motion import EXPRESSION_MIRROR, EXPRESSION_MIRROR_SIGN
from mimica.training import augment

LANDMARK_MIRROR: tuple[int, ...] = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65, 69, 68,
)  # fmt: skip
"""Where each of the 70 landmarks comes from in a mirrored picture."""


def angles_from_rotation(rotation: Tensor) -> Tensor:
    """(N, 3, 3) → (N, 3) yaw, pitch, roll in degrees, R = Rz(roll)·Rx(pitch)·Ry(yaw) (scipy's extrinsic 'yxz')."""
    pitch = torch.asin(rotation[:, 2, 1].clamp(-1, 1))
    yaw = torch.atan2(-rotation[:, 2, 0], rotation[:, 2, 2])
    roll = torch.atan2(-rotation[:, 0, 1], rotation[:, 1, 1])
    return torch.rad2deg(torch.stack([yaw, pitch, roll], 1))


def rotation_from_angles(angles_deg: Tensor) -> Tensor:
    """(N, 3) yaw, pitch, roll in degrees → (N, 3, 3), the inverse of `angles_from_rotation`."""
    yaw, pitch, roll = torch.deg2rad(angles_deg).unbind(1)
    nil, one = torch.zeros_like(yaw), torch.ones_like(yaw)

    def matrix(*values: Tensor) -> Tensor:
        return torch.stack(values, 1).view(-1, 3, 3)

    about_y = matrix(yaw.cos(), nil, yaw.sin(), nil, one, nil, -yaw.sin(), nil, yaw.cos())
    about_x = matrix(one, nil, nil, nil, pitch.cos(), -pitch.sin(), nil, pitch.sin(), pitch.cos())
    return _about_z(roll) @ about_x @ about_y


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How N pictures are seen: mirrored (N,) or not, then turned by angle_rad (N,) counter-clockwise, zoomed (N,), and
    moved by shift (N, 2) in crop units."""

    mirrored: Tensor
    angle_rad: Tensor
    zoom: Tensor
    shift: Tensor

    @classmethod
    def draw(cls, count: int, generator: torch.Generator) -> View:
        """Half of them mirrored, most of them turned and moved a little."""
        mirrored = torch.rand(count, generator=generator) < 0.5
        angle = augment.uniform(generator, count, -1, 1).pow(3) * 0.6
        zoom = torch.exp(torch.randn(count, generator=generator) * 0.07)
        return cls(mirrored, angle, zoom, torch.randn(count, 2, generator=generator).clamp(-2, 2) * 0.025)

    @property
    def matrices(self) -> Tensor:
        """As `augment.affine_matrices`; the mirror comes before them."""
        return augment.affine_matrices(self.angle_rad, self.zoom, self.shift)

    def of(self, image: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) seen so."""
        image = torch.where(self.mirrored.view(-1, 1, 1, 1), image.flip(3), image)
        return augment.resample(image, self.matrices)


@dataclass(frozen=True, slots=True, eq=False)
class MotionLabels:
    """What is true of N pictures: expression (N, 52), rotation (N, 3, 3), placement (N, 3), gaze_deg (N, 4), landmarks
    (N, 70, 2), as `motion_data.MotionSamples`."""

    expression: Tensor
    rotation: Tensor
    placement: Tensor
    gaze_deg: Tensor
    landmarks: Tensor

    @property
    def targets(self) -> Tensor:
        """(N, 62): expression, angles, placement, gaze in the order of the network's heads."""
        return torch.cat([self.expression, angles_from_rotation(self.rotation), self.placement, self.gaze_deg], 1)

    def through(self, view: View) -> MotionLabels:
        """What is true of the pictures that `view.of` gives."""
        turned = self.where_mirrored(view.mirrored)
        matrices = view.matrices
        origin = augment.move_points(turned.placement[:, None, :2], matrices)[:, 0]
        return MotionLabels(
            turned.expression,
            # the picture's content turns by `angle` counter-clockwise on screen: camera y is up, so R' = Rz(angle)·R
            _about_z(view.angle_rad) @ turned.rotation,
            torch.cat([origin, turned.placement[:, 2:] + torch.log(view.zoom)[:, None]], 1),
            turned.gaze_deg,
            augment.move_points(turned.landmarks, matrices),
        )

    def where_mirrored(self, mirrored: Tensor) -> MotionLabels:
        """Those of mirrored pictures where `mirrored` (N,) says so."""
        pick, matrix = mirrored.view(-1, 1), mirrored.view(-1, 1, 1)
        device = mirrored.device
        sign = torch.tensor(EXPRESSION_MIRROR_SIGN, device=device)
        flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0], device=device))
        across, right = torch.tensor([-1.0, 1.0], device=device), torch.tensor([1.0, 0.0], device=device)
        swapped = self.gaze_deg[:, [2, 3, 0, 1]] * torch.tensor([-1.0, 1.0, -1.0, 1.0], device=device)
        ends = torch.tensor([-1.0, 1.0, 1.0], device=device), torch.tensor([1.0, 0.0, 0.0], device=device)
        return MotionLabels(
            torch.where(pick, self.expression[:, list(EXPRESSION_MIRROR)] * sign, self.expression),
            torch.where(matrix, flip @ self.rotation @ flip, self.rotation),
            torch.where(pick, self.placement * ends[0] + ends[1], self.placement),
            torch.where(pick, swapped, self.gaze_deg),
            torch.where(matrix, self.landmarks[:, list(LANDMARK_MIRROR)] * across + right, self.landmarks),
        )


def _about_z(angle_rad: Tensor) -> Tensor:
    """(N,) → (N, 3, 3)."""
    cosine, sine = torch.cos(angle_rad), torch.sin(angle_rad)
    nil, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    return torch.stack([cosine, -sine, nil, sine, cosine, nil, nil, nil, one], 1).view(-1, 3, 3)
