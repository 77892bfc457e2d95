"""The RigField's task: learn where every point of the head goes under every expression direction, from the rig."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mimica.core.motion import RIG_NAMES
from mimica.networks.rig_field import RigField
from mimica.synthesis.rig import Rig

BATCH_SIZE = 2048
JITTER_CM = 0.02


class RigFieldTask:
    """Points drawn inside the face's triangles, small triangles (lips, lids) as often as large ones."""

    def __init__(self, rig: Rig) -> None:
        self.triangles = torch.from_numpy(rig.triangles("face").astype("int64"))
        self.canonical = torch.from_numpy(rig.canonical).float()
        rows = [rig.index(name) for name in RIG_NAMES]
        self.offsets = torch.from_numpy(rig.expression[rows]).float().permute(1, 0, 2).contiguous()
        self.count = rig.parts["face"][1]

    def build(self) -> nn.Module:
        return RigField()

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(model.parameters(), lr=2e-3)

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        corners = self.triangles[torch.randint(len(self.triangles), (BATCH_SIZE,), generator=generator)]
        weight = -torch.log(torch.rand(BATCH_SIZE, 3, generator=generator) + 1e-6)
        weight = weight / weight.sum(1, keepdim=True)
        canonical = (self.canonical[corners] * weight[..., None]).sum(1)
        canonical = canonical + torch.randn(canonical.shape, generator=generator) * JITTER_CM
        return {"canonical": canonical, "offset": (self.offsets[corners] * weight[..., None, None]).sum(1)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        error = model(batch["canonical"]) - batch["offset"]
        square, size = error.square().sum(-1).mean(), error.abs().mean()
        return 10 * square + size, {"error_cm": float(size.detach())}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Errors at the rig's own vertices, in cm; `mean_offset_cm` is what a zero field would score."""
        error = (model(self.canonical[: self.count]) - self.offsets[: self.count]).norm(dim=-1)
        return {
            "mean_error_cm": float(error.mean()),
            "largest_error_cm": float(error.max()),
            "jaw_open_error_cm": float(error[:, RIG_NAMES.index("jawOpen")].mean()),
            "mean_offset_cm": float(self.offsets[: self.count].norm(dim=-1).mean()),
        }
