"""The MouthPainter's task: draw the inside of a rendered mouth from its surroundings and expression (DESIGN §5.3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.core.motion import EXPRESSION_MIRROR, EXPRESSION_MIRROR_SIGN
from mimica.networks.mouth_painter import MouthPainter
from mimica.training import augment
from mimica.training.rig_data import RigSamples
from mimica.training.task import adamw

BATCH_SIZE = 16
LEAST_OPENING = 0.012
"""Share of the window that must be open for a sample to teach anything."""
GRADIENT_WEIGHT = 2.0


class MouthPainterTask:
    """Windows whose mouth is open; the opening is cut out, a little more than it is, as it will be at run time."""

    def __init__(self, samples: RigSamples) -> None:
        self.samples = samples
        is_open = (samples.mouth_region == 2).mean((1, 2)) > LEAST_OPENING
        held_out = samples.held_out()
        self.train_rows, validation = np.flatnonzero(is_open & ~held_out), np.flatnonzero(is_open & held_out)
        self.validation_rows = validation[:: max(1, len(validation) // 256)][:256]

    def build(self) -> nn.Module:
        return MouthPainter().to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, 1.5e-3)

    def _truth(self, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        samples = self.samples
        image = torch.from_numpy(samples.mouth_image[rows]).permute(0, 3, 1, 2).float() / 255
        hole = torch.from_numpy((samples.mouth_region[rows] == 2).astype(np.float32)).unsqueeze(1)
        return image, hole, torch.from_numpy(samples.expression[rows])

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = self.train_rows[torch.randint(len(self.train_rows), (BATCH_SIZE,), generator=generator).numpy()]
        image, hole, expression = self._truth(rows)
        mirrored = torch.rand(BATCH_SIZE, generator=generator) < 0.5
        pick = mirrored.view(-1, 1, 1, 1)
        image, hole = torch.where(pick, image.flip(3), image), torch.where(pick, hole.flip(3), hole)
        swapped = expression[:, list(EXPRESSION_MIRROR)] * torch.tensor(EXPRESSION_MIRROR_SIGN)
        expression = torch.where(mirrored.view(-1, 1), swapped, expression)
        zoom = torch.exp(torch.randn(BATCH_SIZE, generator=generator).clamp(-2, 2) * 0.07)
        shift = torch.randn(BATCH_SIZE, 2, generator=generator).clamp(-2, 2) * 0.025
        matrices = augment.affine_matrices(torch.zeros(BATCH_SIZE), zoom, shift)
        image, hole = augment.resample(image, matrices), (augment.resample(hole, matrices) > 0.4).float()
        tint = torch.rand(BATCH_SIZE, 3, 1, 1, generator=generator) * 0.24 + 0.88
        light = torch.rand(BATCH_SIZE, 1, 1, 1, generator=generator) * 0.5 + 0.75
        image = (image * tint * light).clamp(0, 1)
        # what is read from a photo is never exact: blur the code, grow the hole by nought to two pixels
        expression = expression + torch.randn(expression.shape, generator=generator) * 0.05
        grown = functional.max_pool2d(hole, 3, 1, 1)
        grown2 = functional.max_pool2d(grown, 3, 1, 1)
        kind = torch.randint(3, (BATCH_SIZE, 1, 1, 1), generator=generator)
        given = torch.where(kind == 0, hole, torch.where(kind == 1, grown, grown2))
        return {"image": image * 255, "hole": given, "expression": expression}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        image, hole = batch["image"], batch["hole"]
        with torch.autocast(image.device.type, dtype=torch.bfloat16):
            painted = model(image.permute(0, 2, 3, 1), hole.permute(0, 2, 3, 1), batch["expression"])["painted"]
        difference = (painted.float().permute(0, 3, 1, 2) - image) / 255
        area = hole.sum((1, 2, 3)).clamp_min(1)
        per_face = (difference.abs() * hole).sum((1, 2, 3)) / (3 * area)
        across = difference[..., 1:] - difference[..., :-1]
        down = difference[..., 1:, :] - difference[..., :-1, :]
        edges = (across.abs() * hole[..., 1:]).sum((1, 2, 3)) + (down.abs() * hole[..., 1:, :]).sum((1, 2, 3))
        edges = edges / (3 * area)
        total = (per_face + GRADIENT_WEIGHT * edges).mean()
        return total, {"grey_levels": float(per_face.detach().mean()) * 255, "edges": float(edges.detach().mean())}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Mean absolute error in grey levels inside held-out people's openings; `mean_colour` paints one colour."""
        image, hole, expression = self._truth(self.validation_rows)
        parts = []
        for start in range(0, len(image), 32):
            rows = slice(start, start + 32)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                parts.append(model((image[rows] * 255).permute(0, 2, 3, 1), hole[rows].permute(0, 2, 3, 1),
                                   expression[rows])["painted"].float())  # fmt: skip
        painted = torch.cat(parts).permute(0, 3, 1, 2)
        area = 3 * hole.sum((1, 2, 3))
        truth = image * 255
        mean = (truth * hole).sum((2, 3), keepdim=True) / hole.sum((2, 3), keepdim=True)
        error = ((painted - truth).abs() * hole).sum((1, 2, 3)) / area
        flat = ((mean - truth).abs() * hole).sum((1, 2, 3)) / area
        return {"grey_levels": float(error.mean()), "grey_levels_mean_colour": float(flat.mean())}
