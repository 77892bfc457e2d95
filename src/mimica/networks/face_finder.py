"""FaceFinder: a small anchor-free face detector (after FCOS, Tian et al. 2019, with points as in CenterFace)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.networks.layers import Residual, conv

FINDER_PX = 256
STRIDES = (8, 16, 32)
POINTS = 5
CELLS = sum((FINDER_PX // stride) ** 2 for stride in STRIDES)


def cell_centres(size_px: int = FINDER_PX) -> Tensor:
    """(cells, 3): x, y of every cell's centre in px, and its stride; levels in the order of `STRIDES`."""
    rows = []
    for stride in STRIDES:
        axis = (torch.arange(size_px // stride) + 0.5) * stride
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        rows.append(torch.stack([x.reshape(-1), y.reshape(-1), torch.full((x.numel(),), float(stride))], 1))
    return torch.cat(rows)


class FaceFinder(nn.Module):
    """Letterboxed picture → candidates. 0.19 GMAC, 0.45 M weights.

    Output: `scores` (N, cells), `boxes` (N, cells, 4) x0 y0 x1 y1 and `points` (N, cells, 10), px of the letterbox.
    """

    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, 2), conv(16, 24, 2), Residual(24))
        self.level8 = nn.Sequential(conv(24, 40, 2), Residual(40))
        self.level16 = nn.Sequential(conv(40, 64, 2), Residual(64))
        self.level32 = nn.Sequential(conv(64, 64, 2), Residual(64))
        self.lateral16, self.lateral8 = nn.Conv2d(64, 64, 1), nn.Conv2d(64, 40, 1)
        self.merge16, self.merge8 = conv(64, 64), conv(40, 40)
        self.heads = nn.ModuleList(
            nn.Sequential(conv(width, 48), conv(48, 48), nn.Conv2d(48, 1 + 4 + 2 * POINTS, 1)) for width in (40, 64, 64)
        )
        for head in self.heads:
            final = head[-1]
            assert isinstance(final, nn.Conv2d)
            assert final.bias is not None
            nn.init.constant_(final.bias[0], -4.6)  # a face is rare: start from a score of 1 %
        self.register_buffer("centres", cell_centres())

    def raw(self, image: Tensor) -> Tensor:
        """(N, cells, 15): score logit; log of the distances to the four sides; points; in units of 4 strides."""
        features = self.stem(image.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1.0)
        c8 = self.level8(features)
        c16 = self.level16(c8)
        c32 = self.level32(c16)
        p16 = self.merge16(c16 + functional.interpolate(self.lateral16(c32), scale_factor=2.0, mode="nearest"))
        p8 = self.merge8(c8 + functional.interpolate(self.lateral8(p16), scale_factor=2.0, mode="nearest"))
        outputs = [head(level).flatten(2) for head, level in zip(self.heads, (p8, p16, c32), strict=True)]
        return torch.cat(outputs, 2).transpose(1, 2)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """`image` (N, 256, 256, 3), 0..255."""
        raw = self.raw(image)
        at, unit = self.centres[:, :2], self.centres[:, 2:] * 4
        reach = torch.exp(raw[..., 1:5].clamp(-5, 4)) * unit
        boxes = torch.cat([at - reach[..., :2], at + reach[..., 2:]], -1)
        points = at.repeat(1, POINTS) + raw[..., 5:] * unit
        return {"scores": torch.sigmoid(raw[..., 0]), "boxes": boxes, "points": points}
